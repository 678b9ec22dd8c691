#include "exporter/config/modules.h"

#include <utility>

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

// What says nothing is known by its port: on 465 a server waits for a handshake
// and would never greet.
void ReadPortAndTls(MapReader& map, bool built_in, TlsContexts& contexts,
                    Module& module) {
  using enum probe::TlsMode;
  probe::TlsMode& mode = module.settings.tls.settings.mode;
  const auto port = map.Take("port");
  if (port) ReadPort(*port, module.port);
  if (port && module.port == kSubmissionsPort) {
    mode = kImplicit;
  } else if (!built_in && module.role == probe::Role::kSubmission) {
    mode = kRequired;
  }
  if (const auto tls = map.Take("tls")) {
    ReadTls(*tls, contexts, module.settings.tls);
  }
  if (!port && mode == kImplicit) module.port = kSubmissionsPort;
}

}  // namespace

Modules::Modules(const Settings& defaults, const std::optional<Field>& field,
                 TlsContexts& contexts) {
  using enum probe::Role;
  using enum probe::TlsMode;
  AddBuiltIn(kSmtpModule, kOpportunistic, {kMx, kSmtpPort, defaults});
  AddBuiltIn(kSubmissionModule, kRequired,
             {kSubmission, kSubmissionPort, defaults});
  AddBuiltIn(kSubmissionsModule, kImplicit,
             {kSubmission, kSubmissionsPort, defaults});
  if (!field) return;
  const MapReader map(*field);
  for (const Member& member : map.members()) {
    if (field->problems().full()) return;
    Read(defaults, *field, member, contexts);
  }
}

void Modules::AddBuiltIn(std::string_view name, probe::TlsMode mode,
                         Module module) {
  module.settings.tls.settings.mode = mode;
  modules_.emplace(name, std::move(module));
}

void Modules::Read(const Settings& defaults, const Field& modules,
                   const Member& member, TlsContexts& contexts) {
  if (!IsModuleName(member.key)) {
    modules.Complain(member.place,
                     Quoted(member.key) +
                         " is not a module name: up to 64 letters, digits, "
                         "'_', '-' and '.'");
    return;
  }
  const Field field(modules, member.key, *member.value);
  const auto found = modules_.find(member.key);
  const bool built_in = found != modules_.end();
  Module module;
  module.settings = defaults;
  if (built_in) module = found->second;
  MapReader map(field);
  if (const auto role = map.Take("role")) {
    using enum probe::Role;
    ReadChoice(*role, {{"mx", kMx}, {"submission", kSubmission}}, module.role);
    if (!built_in && module.role == kSubmission) module.port = kSubmissionPort;
  }
  ReadPortAndTls(map, built_in, contexts, module);
  ReadSettings(map, module.settings);
  ReadAddressSettings(map, module.settings);
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
