// What a stored password looks like.
#ifndef EXPORTER_BCRYPT_HASH_H_
#define EXPORTER_BCRYPT_HASH_H_

#include <string_view>

namespace exporter {

// "$2y$10$" and 53 more characters: what crypt(3) takes for bcrypt and can
// match.
bool IsBcryptHash(std::string_view hash);

}  // namespace exporter

#endif  // EXPORTER_BCRYPT_HASH_H_
