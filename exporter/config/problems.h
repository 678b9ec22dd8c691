// What is wrong with a configuration: collected, so that one look at the
// messages is enough to mend it.
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
  // `file` stands at the start of each message.
  explicit Problems(std::string file) : file_(std::move(file)) {}
  Problems(const Problems&) = delete;
  Problems& operator=(const Problems&) = delete;

  // `path` names the setting ("targets[3].port"), "" the whole file. Only
  // counted once there are kMaxConfigMessages.
  void Add(Place place, const std::string& path, const std::string& sentence);

  // All of them, so that a reader sees whether a part was good.
  std::size_t count() const { return count_; }
  // Nothing that is found from now on would be shown.
  bool full() const;
  // "config.yaml:12:7: targets[3].port: 70000 is out of range (1-65535)", in
  // the order of the file.
  std::vector<std::string> Messages() const;

 private:
  struct Problem {
    Place place;
    std::size_t number = 0;  // In the order of finding.
    std::string text;
  };

  const std::string file_;
  std::vector<Problem> problems_;
  std::size_t count_ = 0;
};

// Text of the file as it may stand in a message: one line, printable, cut when
// it is long.
std::string Printable(std::string_view text);
// The same between double quotes.
std::string Quoted(std::string_view text);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_PROBLEMS_H_
