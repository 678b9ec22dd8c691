#include "exporter/http/basic_auth.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <cstdint>
#include <memory>

#include "exporter/bcrypt_hash.h"

namespace exporter::http {
namespace {

// RFC 4648, section 4, with its padding.
std::optional<std::string> DecodeBase64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
  }
  return bytes;
}

bool IsBasic(std::string_view scheme) {
  constexpr std::string_view kBasic = "basic";
  if (scheme.size() != kBasic.size()) return false;
  for (std::size_t i = 0; i < kBasic.size(); ++i) {
    if ((scheme[i] | 0x20) != kBasic[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Credentials> ReadBasicAuth(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos ||
      !IsBasic(authorization.substr(0, space))) {
    return std::nullopt;
  }
  const auto decoded = DecodeBase64(authorization.substr(space + 1));
  if (!decoded) return std::nullopt;
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{.user = decoded->substr(0, colon),
                     .password = decoded->substr(colon + 1)};
}

bool FitsBcrypt(std::string_view password) {
  return password.size() <= kMaxPasswordBytes &&
         password.find('\0') == std::string_view::npos;
}

bool MatchesBcrypt(const std::string& password, const std::string& hash) {
  // crypt_r() would take what it does not know for the DES of old.
  if (!FitsBcrypt(password) || !IsBcryptHash(hash)) return false;
  const auto scratch = std::make_unique<crypt_data>();  // 32 KB.
  const char* const made =
      crypt_r(password.c_str(), hash.c_str(), scratch.get());
  const bool matches = made != nullptr &&
                       std::string_view(made).size() == hash.size() &&
                       CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(scratch.get(), sizeof(crypt_data));
  return matches;
}

}  // namespace exporter::http
