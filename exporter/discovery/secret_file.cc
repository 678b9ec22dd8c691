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
  const auto text = config::ReadTextFile(path, kMaxSecretBytes);
  if (!text) return std::unexpected(path + " " + text.error());
  constexpr std::string_view kBlank = " \t\n\v\f\r";
  const std::size_t start = text->find_first_not_of(kBlank);
  if (start == std::string::npos) return std::unexpected(path + " is empty");
  const std::size_t end = text->find_last_not_of(kBlank) + 1;
  std::string secret = text->substr(start, end - start);
  constexpr std::string_view kForbidden("\r\n\0", 3);
  if (secret.find_first_of(kForbidden) != std::string::npos) {
    return std::unexpected(path + " has more than one line, or a NUL");
  }
  return secret;
}

}  // namespace exporter::discovery
