#include "exporter/config/group_reader.h"

#include <deque>
#include <functional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/config/document.h"
#include "exporter/config/field.h"
#include "exporter/config/group_labels.h"
#include "exporter/config/heap.h"
#include "exporter/config/list_size.h"
#include "exporter/config/map_reader.h"
#include "exporter/config/problems.h"
#include "exporter/config/target_reader.h"

namespace exporter::config {
namespace {

// One reading of one text.
class Groups {
 public:
  Groups(TargetReader& reader, GroupFormat format)
      : reader_(reader), format_(format) {}

  TargetList Read(const Field& root) {
    if (root.value().kind == Value::Kind::kNull) {
      // More likely a file that is just being written.
      root.Complain("is empty; a list without targets is written []");
    }
    if (const std::string why = WhyTooLarge(root.value()); !why.empty()) {
      root.Complain(why);
      return {};
    }
    ReadList(root, "a list of groups",
             [this](const Field& group) { ReadGroup(group); });
    return std::move(targets_);
  }

 private:
  void ReadGroup(const Field& group) {
    if (group.value().kind != Value::Kind::kMap) {
      return group.ComplainKind("a map");
    }
    const std::size_t problems = group.problems().count();
    MapReader map(group);
    GroupLabels labels;
    if (const auto field = map.Take("labels")) labels.Read(*field, format_);
    const auto targets = map.Take("targets");
    map.Finish();
    if (!targets || group.problems().count() != problems) return;
    ReadList(*targets, "a list of text", [&](const Field& target) {
      if (!IsGroupText(target, format_)) return;
      auto read = reader_.Read(Field(target, labels.MapOf(target.value())));
      if (read) targets_.push_back(*known_.insert(std::move(read)).first);
    });
  }

  // By identity, the first of each: of its further ones nobody wants to know
  // more than that they are there, and a list may have a million.
  struct Hash {
    std::size_t operator()(
        const std::shared_ptr<const probe::Target>& target) const {
      return std::hash<std::string>()(target->name);
    }
  };
  struct Equal {
    bool operator()(const std::shared_ptr<const probe::Target>& a,
                    const std::shared_ptr<const probe::Target>& b) const {
      return a->name == b->name && a->module == b->module;
    }
  };

  TargetReader& reader_;
  const GroupFormat format_;
  TargetList targets_;
  std::unordered_set<std::shared_ptr<const probe::Target>, Hash, Equal> known_;
};

class ModuleGroupReader final : public GroupReader {
 public:
  ModuleGroupReader(Modules modules, std::shared_ptr<TlsContexts> contexts,
                    const Shard& shard)
      : modules_(std::move(modules)),
        contexts_(std::move(contexts)),
        shard_(shard) {}

  std::expected<TargetList, ConfigError> Read(
      std::string_view text, const std::string& name,
      GroupFormat format) const override {
    auto targets = Parse(text, name, format);
    ReturnHeap(text.size());
    return targets;
  }

  std::expected<std::shared_ptr<const probe::Target>, ConfigError> ReadOne(
      const NamedTarget& named,
      std::string (*show_key)(const std::string& key)) const override {
    Problems problems("", show_key);
    Value text;
    text.kind = Value::Kind::kQuoted;
    text.text = named.text;
    const Field field(text, problems);
    GroupLabels labels;
    labels.SetDomain(named.is_domain);
    std::deque<Value> values;
    for (const auto& [key, value] : named.settings) {
      Value& setting = values.emplace_back();
      setting.kind = Value::Kind::kPlain;
      setting.text = value;
      labels.Set(key, {key, {}, &setting});
    }
    TargetReader reader(modules_, *contexts_, Shard(),
                        TargetReader::Duplicates::kKeep);
    auto target = reader.Read(Field(field, labels.MapOf(text)));
    if (target == nullptr)
      return std::unexpected(ConfigError{problems.Texts()});
    return target;
  }

  std::vector<std::string> ModuleNames() const override {
    const std::vector<std::string_view> names = modules_.Names();
    return {names.begin(), names.end()};
  }

 private:
  std::expected<TargetList, ConfigError> Parse(std::string_view text,
                                               const std::string& name,
                                               GroupFormat format) const {
    if (text.size() > kMaxConfigBytes) {
      return std::unexpected(ConfigError{{name + ": is larger than 64 MiB"}});
    }
    Problems problems(name, &GroupPath);
    const auto document = format == GroupFormat::kJson
                              ? Document::ParseJson(text)
                              : Document::Parse(text);
    if (!document) {
      problems.Add(document.error().place, "", document.error().sentence);
      return std::unexpected(ConfigError{problems.Messages()});
    }
    static const Value nothing;
    const Value* const root = document->root();
    // As between lists, the first one counts; Prometheus takes them all.
    TargetReader reader(modules_, *contexts_, shard_,
                        TargetReader::Duplicates::kKeep);
    TargetList targets =
        Groups(reader, format)
            .Read(Field(root != nullptr ? *root : nothing, problems));
    if (problems.count() > 0) {
      return std::unexpected(ConfigError{problems.Messages()});
    }
    return targets;
  }

  const Modules modules_;
  const std::shared_ptr<TlsContexts> contexts_;
  const Shard shard_;
};

}  // namespace

std::shared_ptr<const GroupReader> MakeGroupReader(
    Modules modules, std::shared_ptr<TlsContexts> contexts,
    const Shard& shard) {
  return std::make_shared<const ModuleGroupReader>(std::move(modules),
                                                   std::move(contexts), shard);
}

}  // namespace exporter::config
