// Modules: named ways to probe. Three are built in and may be changed by name:
// `smtp` (role mx, port 25, TLS where it is offered), `submission` (role
// submission, port 587, TLS required) and `submissions` (role submission, port
// 465, implicit TLS; RFC 8314 3.3).
#ifndef EXPORTER_CONFIG_MODULES_H_
#define EXPORTER_CONFIG_MODULES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/field.h"
#include "exporter/config/settings.h"
#include "probe/target.h"

namespace exporter::config {

inline constexpr std::uint16_t kSmtpPort = 25;
inline constexpr std::uint16_t kSubmissionPort = 587;
inline constexpr std::uint16_t kSubmissionsPort = 465;
inline constexpr std::string_view kSmtpModule = "smtp";
inline constexpr std::string_view kSubmissionModule = "submission";
inline constexpr std::string_view kSubmissionsModule = "submissions";

struct Module {
  probe::Role role = probe::Role::kMx;
  std::uint16_t port = kSmtpPort;
  Settings settings;
};

class Modules {
 public:
  // The built-in modules and, if `field` is given, those of the `modules:` map.
  Modules(const Settings& defaults, const std::optional<Field>& field,
          TlsContexts& contexts);

  // Null when there is none of this name.
  const Module* Find(std::string_view name) const;
  std::vector<std::string_view> Names() const;

 private:
  void AddBuiltIn(std::string_view name, probe::TlsMode mode, Module module);
  void Read(const Settings& defaults, const Field& modules,
            const Member& member, TlsContexts& contexts);

  std::map<std::string, Module, std::less<>> modules_;
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_MODULES_H_
