#include "exporter/check/progress.h"

#include "exporter/check/paragraph.h"

namespace exporter::check {
namespace {

// A longer line would break, and what is broken cannot be written over.
constexpr std::size_t kMaxShown = 40;

}  // namespace

void Progress::Show(std::size_t done, std::size_t all,
                    const std::string& waiting) {
  if (terminal_ == nullptr) return;
  Clear();
  std::string name = Foreign(waiting);
  if (name.size() > kMaxShown) name = name.substr(0, kMaxShown) + "...";
  std::fprintf(terminal_, "%zu of %zu tested, waiting for %s", done, all,
               name.c_str());
  std::fflush(terminal_);
  shown_ = true;
}

void Progress::Clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", terminal_);
  std::fflush(terminal_);
  shown_ = false;
}

}  // namespace exporter::check
