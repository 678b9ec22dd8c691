#include "exporter/discovery/secret_file.h"

#include <cstddef>
#include <string_view>

#include "exporter/config/text_file.h"

namespace exporter::discovery {
namespace {

// A whole header of HTTP has rarely more than 8 KiB; a file cannot be limited
// to less than this.
constexpr std::size_t kMaxSecretBytes = 1024 * 1024;

}  // namespace

std::expected<std::string, std::string> ReadSecret(const std::string& path) {
  auto text = config::ReadTextFile(path, kMaxSecretBytes);
  if (!text) return std::unexpected(path + " " + text.error());
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return std::unexpected(path + " is empty");
  constexpr std::string_view kForbidden("\r\n\0", 3);
  if (text->find_first_of(kForbidden) != std::string::npos) {
    return std::unexpected(path + " has more than one line, or a NUL");
  }
  return text;
}

}  // namespace exporter::discovery
