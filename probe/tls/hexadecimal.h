// Bytes as people compare them: fingerprints, serial numbers, digests.
#ifndef PROBE_TLS_HEXADECIMAL_H_
#define PROBE_TLS_HEXADECIMAL_H_

#include <cstddef>
#include <string>

namespace probe::tls {

// Two lower-case digits for each byte.
inline std::string Hexadecimal(const unsigned char* bytes, std::size_t size) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 0xF];
  }
  return text;
}

}  // namespace probe::tls

#endif  // PROBE_TLS_HEXADECIMAL_H_
