// What is wrong with a configuration, or odd: collected, so that one look at
// the messages is enough to mend it.
#ifndef EXPORTER_CONFIG_PROBLEMS_H_
#define EXPORTER_CONFIG_PROBLEMS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/config/document.h"

namespace exporter::config {

class Problems {
 public:
  // How a path is shown.
  using ShowPath = std::string (*)(const std::string& path);

  // `file` stands at the start of each message.
  explicit Problems(std::string file, ShowPath show_path = nullptr)
      : file_(std::move(file)), show_path_(show_path) {}
  Problems(const Problems&) = delete;
  Problems& operator=(const Problems&) = delete;

  // `path` names the setting ("targets[3].port"), "" the whole file. Only
  // counted once there are kMaxConfigMessages, or when it is known: what many
  // targets have in common is read for each.
  void Add(Place place, const std::string& path, const std::string& sentence);

  // The same for what is accepted and yet looks like a mistake.
  void Warn(Place place, const std::string& path, const std::string& sentence);

  // All problems, so that a reader sees whether a part was good.
  std::size_t count() const { return count_; }
  // Nothing that is found from now on would be shown.
  bool full() const;
  // "config.yaml:12:7: targets[3].port: 70000 is out of range (1-65535)", in
  // the order of the file.
  std::vector<std::string> Messages() const;
  // The same for what stands in no file: without file and place.
  std::vector<std::string> Texts() const;
  // The warnings likewise; the last line may say how many more there are.
  std::vector<std::string> Warnings() const;

 private:
  struct Problem {
    Place place;
    std::size_t number = 0;  // In the order of finding.
    std::string text;
  };

  std::string Line(const std::string& path, const std::string& sentence) const;
  std::vector<std::string> Sorted(std::vector<Problem> problems) const;

  const std::string file_;
  const ShowPath show_path_;
  std::vector<Problem> problems_;
  std::size_t count_ = 0;
  std::vector<Problem> warnings_;
  std::size_t warning_count_ = 0;
};

// About a text with more values than that.
std::string TooManyValues(std::size_t most);

// Enough to recognise a text by; host names of 253 are rare.
inline constexpr std::size_t kMaxShownBytes = 80;
// The end of a path tells more than its beginning: show nearly all.
inline constexpr std::size_t kMaxShownPath = 300;

// Text of the file as it may stand in a message: one line, printable, cut when
// it is longer than about `most_bytes`.
std::string Printable(std::string_view text,
                      std::size_t most_bytes = kMaxShownBytes);
// The same between double quotes.
std::string Quoted(std::string_view text);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_PROBLEMS_H_
