#include "exporter/config/shard.h"

#include <openssl/evp.h>

#include <array>

namespace exporter {

bool Shard::Keeps(std::string_view target) const {
  if (count <= 1) return true;
  constexpr std::size_t kMd5Bytes = 16;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned bytes = 0;
  // Where a policy forbids MD5 nobody can say whose a target is: to probe it
  // from every shard is better than from none.
  if (EVP_Digest(target.data(), target.size(), digest.data(), &bytes, EVP_md5(),
                 nullptr) != 1 ||
      bytes != kMd5Bytes) {
    return true;
  }
  std::uint64_t hash = 0;
  for (std::size_t i = kMd5Bytes - sizeof(hash); i < kMd5Bytes; ++i) {
    hash = hash << 8 | digest[i];
  }
  return hash % count == index;
}

}  // namespace exporter
