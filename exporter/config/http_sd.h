// An item of `http_sd:`: where a list of targets is fetched from.
#ifndef EXPORTER_CONFIG_HTTP_SD_H_
#define EXPORTER_CONFIG_HTTP_SD_H_

#include <optional>
#include <string>

#include "probe/clock.h"

namespace exporter {

// Names of files are complete; the files are read anew for each request, so
// that a rotated secret needs no reload.
struct HttpSdConfig {
  struct BasicAuth {
    std::string username;
    std::string password_file;

    friend bool operator==(const BasicAuth&, const BasicAuth&) = default;
  };
  struct Authorization {
    std::string type = "Bearer";
    std::string credentials_file;

    friend bool operator==(const Authorization&,
                           const Authorization&) = default;
  };

  std::string url;  // http or https, without user and password.
  probe::Duration refresh_interval = std::chrono::seconds(60);
  std::optional<BasicAuth> basic_auth;  // At most one of the two.
  std::optional<Authorization> authorization;
  std::string ca_file;  // "": the system's roots.

  friend bool operator==(const HttpSdConfig&, const HttpSdConfig&) = default;
};

}  // namespace exporter

#endif  // EXPORTER_CONFIG_HTTP_SD_H_
