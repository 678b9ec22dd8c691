// Takes findings one by one, and keeps all of them or only what a summary
// needs. Part of exporter/findings.
#ifndef EXPORTER_FINDINGS_COLLECTOR_H_
#define EXPORTER_FINDINGS_COLLECTOR_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/findings.h"
#include "probe/expansion.h"

namespace exporter::findings {

struct Text {
  std::string title;
  std::string advice{};
};

class Collector {
 public:
  enum class Keep {
    kAll,
    kWorst,   // The first of the worst level, from kWarning on.
    kLevels,  // None, only what was seen of the latest place.
  };

  explicit Collector(Keep keep) : keep_(keep) {}

  // What follows is about `place`; null: about the whole target. It must stay
  // until the next call.
  void Begin(const probe::Place* place) {
    place_ = place;
    seen_.clear();
  }

  // `text()` gives a Text, and is asked only for what is kept. Of two findings
  // with one code about one place the first counts.
  template <typename MakeText>
  void Add(Level level, std::string_view code, MakeText text) {
    if (std::ranges::find(seen_, code, &Seen::code) != seen_.end()) return;
    seen_.push_back({code, level});
    if (keep_ == Keep::kLevels) return;
    if (keep_ == Keep::kWorst) {
      if (level < Level::kWarning || level <= worst()) return;
      found_.clear();
    }
    Text words = text();
    Finding& finding = found_.emplace_back();
    finding.level = level;
    finding.code = code;
    finding.title = std::move(words.title);
    finding.advice = std::move(words.advice);
    if (keep_ == Keep::kWorst || place_ == nullptr) return;
    const auto& address = place_->endpoint->address;
    if (address) finding.address = address->ToString();
    finding.mx = place_->mx;
  }
  // The same for texts that are there already.
  void Add(Level level, std::string_view code, std::string_view title,
           std::string_view advice) {
    Add(level, code, [&] {
      return Text{std::string(title), std::string(advice)};
    });
  }

  struct Seen {
    std::string_view code;
    Level level;
  };
  // What was told of the place that began last.
  const std::vector<Seen>& seen() const { return seen_; }

  // In the order they came; kWorst: none or one.
  std::vector<Finding>& found() { return found_; }

 private:
  Level worst() const {
    return found_.empty() ? Level::kOk : found_.front().level;
  }

  const Keep keep_;
  const probe::Place* place_ = nullptr;
  std::vector<Seen> seen_;  // About place_.
  std::vector<Finding> found_;
};

}  // namespace exporter::findings

#endif  // EXPORTER_FINDINGS_COLLECTOR_H_
