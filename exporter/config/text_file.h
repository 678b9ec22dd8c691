// Reading a whole file that the user named.
#ifndef EXPORTER_CONFIG_TEXT_FILE_H_
#define EXPORTER_CONFIG_TEXT_FILE_H_

#include <cstddef>
#include <expected>
#include <string>

namespace exporter::config {

// Regular files only, and never waits: a FIFO must not hang a reload. The error
// is a sentence without the file's name: "cannot be read: No such file or
// directory", "is larger than 64 MiB". `most_bytes` is a multiple of 1 MiB.
std::expected<std::string, std::string> ReadTextFile(const std::string& path,
                                                     std::size_t most_bytes);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_TEXT_FILE_H_
