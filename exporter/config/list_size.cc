#include "exporter/config/list_size.h"

#include <string_view>

namespace exporter::config {
namespace {

// Two strings and what the allocator adds.
constexpr std::uint64_t kBytesPerLabel = 80;

// Most labels with two underscores leave nothing behind. Those that set a key
// of the target do.
bool IsDropped(std::string_view label) {
  return label.starts_with("__") && !label.starts_with("__smtp_");
}

std::uint64_t BytesOf(const Value& labels) {
  std::uint64_t bytes = 0;
  for (const Member& label : labels.members) {
    if (IsDropped(label.key)) continue;
    bytes += kBytesPerLabel + label.key.size() + label.value->text.size();
  }
  return bytes;
}

}  // namespace

std::string WhyTooLarge(const Value& root) {
  std::uint64_t values = 0;
  std::uint64_t targets = 0;
  std::uint64_t label_bytes = 0;
  for (const Value* const group : root.items) {
    values += 1 + group->members.size();
    std::uint64_t own_targets = 0;
    std::uint64_t own_bytes = 0;
    for (const auto& [key, place, value] : group->members) {
      values += value->items.size() + value->members.size();
      if (values > kMaxValues) break;
      if (key == "targets") own_targets += value->items.size();
      if (key == "labels") own_bytes += BytesOf(*value);
    }
    targets += own_targets;
    label_bytes += own_targets * own_bytes;
    if (targets > kMaxListTargets) {
      return "has more than " + std::to_string(kMaxListTargets) + " targets";
    }
    if (label_bytes > kMaxListLabelBytes) {
      return "the labels of its targets take more than " +
             std::to_string(kMaxListLabelBytes >> 20) + " MiB";
    }
    if (values > kMaxValues) {
      return "its aliases stand for more than " + std::to_string(kMaxValues) +
             " values";
    }
  }
  return "";
}

}  // namespace exporter::config
