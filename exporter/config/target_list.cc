#include "exporter/config/target_list.h"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

namespace exporter {
namespace {

// The targets of a list by identity; made when it is first needed, because a
// list that is read again mostly has its targets where they were.
class ByIdentity {
 public:
  explicit ByIdentity(const TargetList& list) : list_(list) {}

  // Null when there is none.
  std::shared_ptr<const probe::Target> Find(const std::string& identity) {
    if (targets_.empty()) {
      targets_.reserve(list_.size());
      for (const auto& target : list_) {
        targets_.emplace(probe::Identity(*target), target);
      }
    }
    const auto found = targets_.find(identity);
    return found == targets_.end() ? nullptr : found->second;
  }

 private:
  const TargetList& list_;
  std::unordered_map<std::string, std::shared_ptr<const probe::Target>>
      targets_;
};

}  // namespace

TargetList ReuseUnchanged(const TargetList& old, TargetList fresh) {
  ByIdentity others(old);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (i < old.size() && *old[i] == *fresh[i]) {
      fresh[i] = old[i];
      continue;
    }
    const auto known = others.Find(probe::Identity(*fresh[i]));
    if (known && *known == *fresh[i]) fresh[i] = known;
  }
  return fresh;
}

}  // namespace exporter
