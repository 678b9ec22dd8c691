#include "exporter/config/modules.h"

#include <algorithm>

namespace exporter::config {
namespace {

// The name is a label value of every series.
constexpr std::size_t kMaxModuleName = 64;

bool IsModuleName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxModuleName &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789_.-") == std::string_view::npos;
}

}  // namespace

Modules::Modules(const Settings& defaults, const std::optional<Field>& field) {
  modules_.emplace(kSmtpModule, Module{probe::Role::kMx, kSmtpPort, defaults});
  modules_.emplace(kSubmissionModule,
                   Module{probe::Role::kSubmission, kSubmissionPort, defaults});
  if (!field) return;
  const MapReader map(*field);
  for (const Member& member : map.members()) {
    if (field->problems().full()) return;
    Read(defaults, *field, member);
  }
}

void Modules::Read(const Settings& defaults, const Field& modules,
                   const Member& member) {
  if (!IsModuleName(member.key)) {
    modules.Complain(member.place,
                     Quoted(member.key) +
                         " is not a module name: up to 64 letters, digits, "
                         "'_', '-' and '.'");
    return;
  }
  const Field field(modules, member.key, *member.value);
  if (member.key == kSubmissionsModule) {
    field.Complain(member.place, std::string(kNoImplicitTls));
  }
  const auto built_in = modules_.find(member.key);
  Module module;
  module.settings = defaults;
  if (built_in != modules_.end()) module = built_in->second;
  MapReader map(field);
  if (const auto role = map.Take("role")) {
    using enum probe::Role;
    ReadChoice(*role, {{"mx", kMx}, {"submission", kSubmission}}, module.role);
    if (built_in == modules_.end() && module.role == kSubmission) {
      module.port = kSubmissionPort;
    }
  }
  if (const auto port = map.Take("port")) ReadPort(*port, module.port);
  ReadSettings(map, module.settings);
  ReadAddressSettings(map, module.settings);
  map.RefuseNotYet("tls");
  map.Finish();
  // Also a broken one, so that its targets are not found at fault.
  modules_.insert_or_assign(member.key, std::move(module));
}

const Module* Modules::Find(std::string_view name) const {
  const auto found = modules_.find(name);
  return found == modules_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> Modules::Names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, module] : modules_) names.push_back(name);
  return names;
}

}  // namespace exporter::config
