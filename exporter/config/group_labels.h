// The labels of a target group: what they say of its targets, as the map that
// an item of `targets:` would be, so that every rule and message of the
// configuration holds for both.
#ifndef EXPORTER_CONFIG_GROUP_LABELS_H_
#define EXPORTER_CONFIG_GROUP_LABELS_H_

#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "exporter/config/document.h"
#include "exporter/config/field.h"
#include "exporter/config/target_groups.h"

namespace exporter::config {

// Complains unless the value is text: JSON has other kinds, and Prometheus
// refuses them.
bool IsGroupText(const Field& field, GroupFormat format);

class GroupLabels {
 public:
  // A group without labels.
  GroupLabels();
  GroupLabels(const GroupLabels&) = delete;
  GroupLabels& operator=(const GroupLabels&) = delete;

  // `field` is the group's `labels`; its document must outlive this object.
  void Read(const Field& field, GroupFormat format);

  // Sets a key of the map, such as "tls.mode", which outlives the labels, as
  // does `label`.
  void Set(std::string_view key, const Member& label);
  void SetDomain(bool is_domain);

  // The map of one target, a text. It is as good as until the next call.
  const Value& MapOf(const Value& target);

 private:
  void ReadLabel(const Field& field, const Member& label);
  void ReadDomain(const Field& field);
  Value& New(Value::Kind kind, Place place);
  const Value& ValueOf(std::string_view key, const Value& label);

  std::deque<Value> values_;  // What the map needs that nobody wrote.
  std::map<std::string_view, Value*> blocks_;  // "tls" and the like.
  Value map_;  // Its first member is the target itself.
  Value user_labels_;
};

// How the path of such a map's key is shown: by the label that sets it.
// "[2].targets[0].tls.mode" is "[2].labels.__smtp_tls_mode".
std::string GroupPath(const std::string& path);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_GROUP_LABELS_H_
