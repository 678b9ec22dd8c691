// Basic authentication (RFC 7617) against bcrypt hashes.
#ifndef EXPORTER_HTTP_BASIC_AUTH_H_
#define EXPORTER_HTTP_BASIC_AUTH_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::http {

struct Credentials {
  std::string user;
  std::string password;
};

// Of an Authorization header; none for another scheme and for what is no
// base64 of "user:password".
std::optional<Credentials> ReadBasicAuth(std::string_view authorization);

// bcrypt looks at no more.
inline constexpr std::size_t kMaxPasswordBytes = 72;

// Whether bcrypt sees all of it: what it would cut off, or what follows a NUL,
// could be anything.
bool FitsBcrypt(std::string_view password);

// Takes as long as the hash's cost says, 60 ms for 10: not for the loop. False
// for what is no bcrypt hash and for a password that does not fit.
bool MatchesBcrypt(const std::string& password, const std::string& hash);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_BASIC_AUTH_H_
