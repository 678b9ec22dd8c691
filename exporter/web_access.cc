#include "exporter/web_access.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "exporter/logging.h"
#include "probe/net/timer.h"

namespace exporter {
namespace {

// Two writes within one tick of the kernel's clock (4 ms) leave the same time;
// a file that was written so lately is read again a moment later.
constexpr std::int64_t kYoungNanoseconds = 100'000'000;
// Between two readings that no change asked for.
constexpr probe::Duration kAgain = std::chrono::milliseconds(100);

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::expected<std::unique_ptr<WebAccess>, ConfigError> WebAccess::Open(
    const std::string& path) {
  std::unique_ptr<WebAccess> access(new WebAccess(path));
  const auto read = access->Read();
  if (!read) return std::unexpected(read.error());
  access->speaks_tls_ = access->tls_ != nullptr;
  return access;
}

std::shared_ptr<const WebConfig> WebAccess::Config() {
  Refresh();
  return config_;
}

std::shared_ptr<const http::ServerTls> WebAccess::Tls() {
  Refresh();
  return tls_;
}

WebAccess::Stamp WebAccess::StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .modified = Nanoseconds(status.st_mtim),
          .changed = Nanoseconds(status.st_ctim)};
}

std::vector<WebAccess::Stamp> WebAccess::Stamps() const {
  std::vector<Stamp> stamps = {StampOf(path_)};
  for (const std::string& file : files_) stamps.push_back(StampOf(file));
  return stamps;
}

bool WebAccess::MustRead(const std::vector<Stamp>& stamps) const {
  if (stamps != stamps_) return true;
  return is_unsettled_ && probe::net::Now() - read_at_ >= kAgain;
}

void WebAccess::Refresh() {
  if (MustRead(Stamps())) LogOutcome(Read());
}

// The stamps are taken before the files are read: what changes meanwhile is
// seen the next time.
std::expected<void, ConfigError> WebAccess::Read() {
  read_at_ = probe::net::Now();
  const std::int64_t now =
      probe::net::NowOnBothClocks().wall.time_since_epoch().count();
  stamps_ = Stamps();
  auto config = LoadWebConfig(path_);
  config_ = nullptr;
  tls_ = nullptr;
  is_unsettled_ = true;
  if (!config) return std::unexpected(config.error());
  // What it names may be new: then its stamps are younger than its bytes.
  const bool names_others = config->files != files_;
  files_ = config->files;
  if (names_others) stamps_ = Stamps();
  is_unsettled_ =
      names_others ||
      std::any_of(stamps_.begin(), stamps_.end(), [now](const Stamp& stamp) {
        return now - std::max(stamp.modified, stamp.changed) <
               kYoungNanoseconds;
      });
  if (config->tls) {
    auto tls = http::ServerTls::Create(*config->tls);
    if (!tls) {
      is_unsettled_ = true;
      return std::unexpected(
          ConfigError{{path_ + ": tls_server_config: " + tls.error()}});
    }
    tls_ = *std::move(tls);
  }
  config_ = std::make_shared<const WebConfig>(*std::move(config));
  LogWarnings();
  return {};
}

void WebAccess::LogWarnings() {
  if (config_->warnings == warnings_) return;
  warnings_ = config_->warnings;
  for (const std::string& warning : warnings_) {
    LogWarn("Web configuration", {{"warning", warning}});
  }
}

void WebAccess::LogOutcome(const std::expected<void, ConfigError>& outcome) {
  std::vector<std::string> complaints;
  if (!outcome) {
    complaints = outcome.error().messages;
  } else if (speaks_tls_ && tls_ == nullptr) {
    complaints = {path_ +
                  ": tls_server_config is gone, and the port that spoke TLS "
                  "does not change: nobody can connect until a restart"};
  } else if (!speaks_tls_ && tls_ != nullptr) {
    complaints = {path_ +
                  ": tls_server_config is new, and the port does not speak TLS "
                  "until a restart"};
  }
  if (complaints == complaints_) return;
  for (const std::string& complaint : complaints) {
    LogError(outcome ? "Web configuration"
                     : "The web configuration is bad, nobody is let in",
             {{"err", complaint}});
  }
  if (complaints.empty()) LogInfo("The web configuration is good again");
  complaints_ = std::move(complaints);
}

}  // namespace exporter
