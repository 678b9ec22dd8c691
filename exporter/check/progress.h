// How far a check of several targets is, on one line of a terminal that is
// written over again and again.
#ifndef EXPORTER_CHECK_PROGRESS_H_
#define EXPORTER_CHECK_PROGRESS_H_

#include <cstddef>
#include <cstdio>
#include <string>

namespace exporter::check {

class Progress {
 public:
  // Null: nobody looks.
  explicit Progress(std::FILE* terminal) : terminal_(terminal) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `waiting` is one of those that are not done.
  void Show(std::size_t done, std::size_t all, const std::string& waiting);
  // Before anything else is written to the terminal.
  void Clear();

 private:
  std::FILE* const terminal_;
  bool shown_ = false;
};

}  // namespace exporter::check

#endif  // EXPORTER_CHECK_PROGRESS_H_
