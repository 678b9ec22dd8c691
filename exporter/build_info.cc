#include "exporter/build_info.h"

#include <array>

#include "git_info.h"  // Generated, see git_info.cmake.

namespace exporter {
namespace {

// "20261123-10:00:00" from the compiler's "Nov 23 2026" and "10:00:00". The
// compilers take both from SOURCE_DATE_EPOCH when it is set.
std::string BuildDate(std::string_view date, std::string_view time) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::size_t month = kMonths.find(date.substr(0, 3)) / 3 + 1;
  std::string text(date.substr(7, 4));
  if (month < 10) text += '0';
  text += std::to_string(month);
  text += date[4] == ' ' ? '0' : date[4];
  text += date[5];
  text += '-';
  text += time;
  return text;
}

std::string Compiler() {
#if defined(__clang__)
  const std::array version = {__clang_major__, __clang_minor__,
                              __clang_patchlevel__};
  std::string text = "clang";
#else
  const std::array version = {__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__};
  std::string text = "gcc";
#endif
  char separator = ' ';
  for (const int part : version) {
    text += separator;
    text += std::to_string(part);
    separator = '.';
  }
  return text;
}

// As Go names them, which is what people see of other exporters.
constexpr std::string_view Platform() {
#if defined(__x86_64__)
  return "linux/amd64";
#elif defined(__aarch64__)
  return "linux/arm64";
#elif defined(__i386__)
  return "linux/386";
#elif defined(__arm__)
  return "linux/arm";
#elif defined(__riscv)
  return "linux/riscv64";
#elif defined(__powerpc64__)
  return "linux/ppc64le";
#elif defined(__s390x__)
  return "linux/s390x";
#else
  return "linux/unknown";
#endif
}

}  // namespace

const BuildInfo& GetBuildInfo() {
  static const std::string date = BuildDate(__DATE__, __TIME__);
  static const BuildInfo info = {
      .version = SMTP_PROBER_VERSION,
      .revision = SMTP_PROBER_REVISION,
      .branch = SMTP_PROBER_BRANCH,
      .build_user = SMTP_PROBER_BUILD_USER,
      .build_date = date,
      .compiler = Compiler(),
      .platform = Platform(),
      .tags = SMTP_PROBER_SYSTEMD ? "systemd" : "nosystemd",
  };
  return info;
}

std::string VersionText() {
  const BuildInfo& info = GetBuildInfo();
  std::string text = "smtp_prober, version ";
  text.append(info.version).append(" (branch: ").append(info.branch);
  text.append(", revision: ").append(info.revision).append(")\n");
  const auto line = [&text](std::string_view name, std::string_view value) {
    constexpr std::size_t kColumn = 18;
    text.append("  ").append(name);
    text.append(kColumn - name.size(), ' ').append(value).append("\n");
  };
  line("build user:", info.build_user);
  line("build date:", info.build_date);
  line("compiler:", info.compiler);
  line("platform:", info.platform);
  line("tags:", info.tags);
  return text;
}

}  // namespace exporter
