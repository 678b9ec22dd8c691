// Modules: named ways to probe. Two are built in and may be changed by name:
// `smtp` (role mx, port 25) and `submission` (role submission, port 587).
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
// Implicit TLS (RFC 8314 3.3), which needs a TLS engine first.
inline constexpr std::string_view kSubmissionsModule = "submissions";
inline constexpr std::string_view kNoImplicitTls =
    "implicit TLS is not supported by this version";

struct Module {
  probe::Role role = probe::Role::kMx;
  std::uint16_t port = kSmtpPort;
  Settings settings;
};

class Modules {
 public:
  // The built-in modules and, if `field` is given, those of the `modules:` map.
  Modules(const Settings& defaults, const std::optional<Field>& field);

  // Null when there is none of this name.
  const Module* Find(std::string_view name) const;
  std::vector<std::string_view> Names() const;

 private:
  void Read(const Settings& defaults, const Field& modules,
            const Member& member);

  std::map<std::string, Module, std::less<>> modules_;
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_MODULES_H_
