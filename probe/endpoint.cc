#include "probe/endpoint.h"

namespace probe {

std::uint64_t Endpoint::Hash() const {
  // FNV-1a, then a finalizer, because FNV's low bits of similar strings
  // (neighbouring addresses) are similar too.
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
  };
  mix(ServerKey());
  mix("/");
  mix(server_name);
  // Two conversations with one server start apart, so that one which the
  // server turns away does not always come first and back the other off.
  mix("/");
  mix(Fingerprint(*conversation));
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  return hash;
}

}  // namespace probe
