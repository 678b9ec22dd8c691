// Any bytes against ReadMessage. The first byte of the input chooses the type
// of record, the rest is the message. Names keep their alphabet and length, and
// there are no more records than the message has room for.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "probe/dns/message.h"
#include "probe/dns/reverse_name.h"

namespace {

using namespace probe::dns;
using probe::RecordType;

void Require(bool good, const char* rule) {
  if (good) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

void CheckName(const Records::Name& name) {
  // Every byte escaped as three digits.
  Require(name.text.size() <= 4 * 255, "names are short");
  bool escaped = false;
  for (const char c : name.text) {
    Require(c > ' ' && c <= '~', "names are printable");
    Require(escaped || c < 'A' || c > 'Z', "names are in lower case");
    escaped = !escaped && c == '\\';
  }
  Require(!escaped, "an escape escapes something");
  if (!IsHostName(name.text)) return;
  Require(name.text.size() <= 253, "host names are shorter");
  Require(name.text.find('\\') == std::string::npos, "nothing to escape");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  if (size == 0) return 0;
  const auto type = static_cast<RecordType>(bytes[0] % 4);
  const std::span<const std::uint8_t> message(bytes + 1, size - 1);
  const auto read = ReadMessage(message, type);
  if (!read) return 0;
  const bool named = type == RecordType::kMx || type == RecordType::kPtr;
  Require(named ? read->addresses.empty() : read->names.empty(),
          "only records of the type");
  // Not one takes less than 11 bytes.
  Require((read->addresses.size() + read->names.size()) * 11 <= message.size(),
          "no more records than there is room for");
  Require(read->ttl >= probe::Duration::zero() && read->ttl <= kMaxTtl,
          "a TTL within bounds");
  for (const probe::IpAddress& address : read->addresses) {
    Require(address.is_ip6() == (type == RecordType::kAaaa), "the family");
  }
  for (const Records::Name& name : read->names) CheckName(name);
  return 0;
}
