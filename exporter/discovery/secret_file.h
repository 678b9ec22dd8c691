// A password or token in a file of its own.
#ifndef EXPORTER_DISCOVERY_SECRET_FILE_H_
#define EXPORTER_DISCOVERY_SECRET_FILE_H_

#include <expected>
#include <string>

namespace exporter::discovery {

// The file's content without the white space at both ends, as with Prometheus.
// Refuses what cannot stand in a header of HTTP: further lines and NUL; and an
// empty secret, which is a file that somebody is just writing. The error has
// the file's name in it and never its content. Any thread.
std::expected<std::string, std::string> ReadSecret(const std::string& path);

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_SECRET_FILE_H_
