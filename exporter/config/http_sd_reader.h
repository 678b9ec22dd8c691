// The `http_sd:` list. Keys are called as Prometheus calls them.
#ifndef EXPORTER_CONFIG_HTTP_SD_READER_H_
#define EXPORTER_CONFIG_HTTP_SD_READER_H_

#include <string>
#include <vector>

#include "exporter/config/field.h"
#include "exporter/config/http_sd.h"

namespace exporter::config {

// A list that changes more often than every second is no list; one that is
// asked for less often than daily would not be known for days after a start
// that failed once.
inline constexpr DurationRange kRefreshRange = {std::chrono::seconds(1),
                                                std::chrono::hours(24)};

// The files that an item names need not be there yet: a secret may come later
// than the daemon.
void ReadHttpSd(const Field& field, const std::string& folder,
                std::vector<HttpSdConfig>& items);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_HTTP_SD_READER_H_
