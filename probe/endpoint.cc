#include "probe/endpoint.h"

#include "probe/stable_hash.h"

namespace probe {

std::uint64_t Endpoint::Hash() const {
  // Two conversations with one server start apart, so that one which the
  // server turns away does not always come first and back the other off.
  return StableHash(ServerKey() + '/' + server_name + '/' +
                    Fingerprint(*conversation));
}

}  // namespace probe
