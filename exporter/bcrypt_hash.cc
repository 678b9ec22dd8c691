#include "exporter/bcrypt_hash.h"

#include <cstddef>

namespace exporter {

bool IsBcryptHash(std::string_view hash) {
  constexpr std::string_view kDigits =
      "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::size_t kLength = 60;
  if (hash.size() != kLength || !hash.starts_with("$2") || hash[3] != '$' ||
      hash[6] != '$' || hash.find_first_of("aby", 2) != 2) {
    return false;
  }
  const std::string_view cost = hash.substr(4, 2);
  return cost.find_first_not_of("0123456789") == std::string_view::npos &&
         cost >= "04" && cost <= "31" &&
         hash.find_first_not_of(kDigits, 7) == std::string_view::npos;
}

}  // namespace exporter
