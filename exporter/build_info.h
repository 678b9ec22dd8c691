// What this binary is: `--version` and `smtp_prober_build_info`.
#ifndef EXPORTER_BUILD_INFO_H_
#define EXPORTER_BUILD_INFO_H_

#include <string>
#include <string_view>

namespace exporter {

struct BuildInfo {
  std::string_view version;
  std::string_view revision;  // Commit; "unknown" outside a checkout.
  std::string_view branch;
  std::string_view build_user;
  std::string_view build_date;  // 20261123-10:00:00
  std::string compiler;         // "gcc 12.2.0"
  std::string_view platform;    // "linux/amd64"
  // "systemd" or "nosystemd": whether it can notify the service manager.
  std::string_view tags;
};

const BuildInfo& GetBuildInfo();

// The text of `--version` in the form of prometheus/common.
std::string VersionText();

}  // namespace exporter

#endif  // EXPORTER_BUILD_INFO_H_
