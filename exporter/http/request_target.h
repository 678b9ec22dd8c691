// What stands between method and version in a request line.
#ifndef EXPORTER_HTTP_REQUEST_TARGET_H_
#define EXPORTER_HTTP_REQUEST_TARGET_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::http {

struct RequestTarget {
  std::string path;
  // The query's, in order.
  std::vector<std::pair<std::string, std::string>> arguments;
};

// Of "/path?query", "http://host/path?query" as for a proxy, "*" and whatever
// else has no space: "host:443" is a path of its own. Percent signs without two
// hexadecimal digits stay. None for more than `max_arguments`.
std::optional<RequestTarget> SplitTarget(std::string_view target,
                                         std::size_t max_arguments);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_REQUEST_TARGET_H_
