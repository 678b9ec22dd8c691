// A hash that is the same in every process and every build.
#ifndef PROBE_STABLE_HASH_H_
#define PROBE_STABLE_HASH_H_

#include <cstdint>
#include <string_view>

namespace probe {

// FNV-1a, then a finalizer, because FNV's low bits of similar strings
// (neighbouring addresses) are similar too. Not for strangers to attack.
inline std::uint64_t StableHash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  return hash;
}

}  // namespace probe

#endif  // PROBE_STABLE_HASH_H_
