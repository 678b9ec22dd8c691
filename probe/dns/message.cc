#include "probe/dns/message.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace probe::dns {
namespace {

constexpr std::size_t kHeaderSize = 12;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kCodeCname = 5;
// RFC 1035 3.1: a name on the wire with all its length bytes.
constexpr std::size_t kMaxWireName = 255;
// More than a name has labels: one pointer behind each is all that makes sense.
constexpr int kMaxPointers = 128;

char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Reads forward. Beyond the end, and once a name was none, it is bad and gives
// zeros.
class Cursor {
 public:
  Cursor(std::span<const std::uint8_t> message, std::size_t at)
      : message_(message), at_(at) {}

  std::size_t at() const { return at_; }
  bool bad() const { return bad_; }

  void Skip(std::size_t count) {
    if (bad_ || count > message_.size() - at_) {
      bad_ = true;
    } else {
      at_ += count;
    }
  }
  unsigned Byte() {
    const std::size_t here = at_;
    Skip(1);
    return bad_ ? 0 : message_[here];
  }
  std::uint16_t U16() {
    const unsigned high = Byte();
    return static_cast<std::uint16_t>(high << 8 | Byte());
  }
  std::uint32_t U32() {
    const std::uint32_t high = U16();
    return high << 16 | U16();
  }
  // Uncompressed, in lower case: labels behind their lengths, without the zero
  // at the end, so that equal names are equal strings.
  std::string Name();

 private:
  const std::span<const std::uint8_t> message_;
  std::size_t at_;
  bool bad_ = false;
};

std::string Cursor::Name() {
  std::string name;
  std::size_t behind = 0;  // Where to go on after pointers; 0: none was met.
  for (int pointers = 0;;) {
    const unsigned length = Byte();
    if (bad_) return {};
    if (length == 0) break;
    if (length >= 0xc0) {
      const std::size_t target = (length & 0x3f) << 8 | Byte();
      if (behind == 0) behind = at_;
      bad_ = bad_ || ++pointers > kMaxPointers || target < kHeaderSize ||
             target >= message_.size();
      if (bad_) return {};
      at_ = target;
      continue;
    }
    // 0x40 and 0x80 were never put to use (RFC 6891 5).
    const std::size_t label = at_;
    Skip(length);
    bad_ = bad_ || length > 63 || name.size() + length + 2 > kMaxWireName;
    if (bad_) return {};
    name += static_cast<char>(length);
    for (std::size_t i = label; i < at_; ++i) {
      name += LowerCase(static_cast<char>(message_[i]));
    }
  }
  if (behind != 0) at_ = behind;
  return name;
}

// RFC 1035 5.1: "\X" for a character that means something in a zone file,
// "\DDD" for what cannot be printed.
void AppendEscaped(std::string& text, char c) {
  constexpr std::string_view kSpecial = ".\\\"();@$";
  if (c <= ' ' || c > '~') {
    const auto byte = static_cast<unsigned char>(c);
    text += '\\';
    text += static_cast<char>('0' + byte / 100);
    text += static_cast<char>('0' + byte / 10 % 10);
    text += static_cast<char>('0' + byte % 10);
    return;
  }
  if (kSpecial.find(c) != std::string_view::npos) text += '\\';
  text += c;
}

std::string Text(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const auto length = static_cast<unsigned char>(name[0]);
    if (!text.empty()) text += '.';
    for (const char c : name.substr(1, length)) AppendEscaped(text, c);
    name.remove_prefix(1 + std::size_t{length});
  }
  return text;
}

// RFC 2181 8: a TTL with the high bit set counts as 0.
Duration TtlOf(std::uint32_t seconds) {
  if (seconds >> 31 != 0) return Duration::zero();
  return std::min<Duration>(std::chrono::seconds(seconds), kMaxTtl);
}

struct Record {
  std::string owner;  // As Cursor::Name gives it.
  std::uint16_t code = 0;
  Duration ttl{};
  std::size_t at = 0;  // Where its data begin.
  std::size_t size = 0;
};

// Behind the question: those of the answer section that matter.
std::vector<Record> ReadAnswers(Cursor& cursor, unsigned count,
                                std::uint16_t code) {
  std::vector<Record> records;
  // The count is a stranger's: nothing is reserved for it, and the loop ends
  // with the message.
  for (unsigned i = 0; i < count && !cursor.bad(); ++i) {
    Record record;
    record.owner = cursor.Name();
    record.code = cursor.U16();
    const std::uint16_t record_class = cursor.U16();
    record.ttl = TtlOf(cursor.U32());
    record.size = cursor.U16();
    record.at = cursor.at();
    cursor.Skip(record.size);
    if (record_class == kClassIn &&
        (record.code == code || record.code == kCodeCname)) {
      records.push_back(std::move(record));
    }
  }
  return records;
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> Bytes(Cursor& cursor) {
  std::array<std::uint8_t, kSize> bytes{};
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(cursor.Byte());
  }
  return bytes;
}

// False when the data are not exactly what the type has.
bool Append(Cursor cursor, const Record& record, RecordType type,
            Records& found) {
  switch (type) {
    case RecordType::kA:
      found.addresses.push_back(IpAddress::FromIp4(Bytes<4>(cursor)));
      break;
    case RecordType::kAaaa:
      found.addresses.push_back(IpAddress::FromIp6(Bytes<16>(cursor)));
      break;
    case RecordType::kMx: {
      const std::uint16_t preference = cursor.U16();
      found.names.push_back({preference, Text(cursor.Name())});
      break;
    }
    case RecordType::kPtr:
      found.names.push_back({0, Text(cursor.Name())});
      break;
  }
  return !cursor.bad() && cursor.at() == record.at + record.size;
}

// Walks from `name` along the CNAMEs and leaves the last one there; notes what
// they say about `found`.
std::expected<void, MessageError> FollowCnames(
    std::span<const std::uint8_t> message, const std::vector<Record>& records,
    std::string& name, Records& found) {
  std::vector<std::string> seen;
  while (true) {
    const auto cname =
        std::find_if(records.begin(), records.end(), [&](const Record& record) {
          return record.code == kCodeCname && record.owner == name;
        });
    if (cname == records.end()) return {};
    seen.push_back(name);
    Cursor cursor(message, cname->at);
    name = cursor.Name();
    if (cursor.bad() || cursor.at() != cname->at + cname->size) {
      return std::unexpected(MessageError::kMalformed);
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return std::unexpected(MessageError::kCnameLoop);
    }
    if (seen.size() > kMaxCnames) {
      return std::unexpected(MessageError::kTooManyCnames);
    }
    found.alias = true;
    found.ttl = std::min(found.ttl, cname->ttl);
  }
}

}  // namespace

std::expected<Records, MessageError> ReadMessage(
    std::span<const std::uint8_t> message, RecordType type) {
  const std::uint16_t code = CodeOf(type);
  if (message.size() < kHeaderSize) {
    return std::unexpected(MessageError::kMalformed);
  }
  Cursor cursor(message, 4);
  const unsigned questions = cursor.U16();
  const unsigned answers = cursor.U16();
  cursor.Skip(4);
  std::string name = cursor.Name();
  if (questions != 1 || cursor.U16() != code || cursor.U16() != kClassIn) {
    return std::unexpected(MessageError::kMalformed);
  }
  const std::vector<Record> records = ReadAnswers(cursor, answers, code);
  if (cursor.bad()) return std::unexpected(MessageError::kMalformed);

  Records found;
  const auto followed = FollowCnames(message, records, name, found);
  if (!followed) return std::unexpected(followed.error());
  for (const Record& record : records) {
    if (record.code != code || record.owner != name) continue;
    found.ttl = std::min(found.ttl, record.ttl);
    if (!Append(Cursor(message, record.at), record, type, found)) {
      return std::unexpected(MessageError::kMalformed);
    }
  }
  return found;
}

}  // namespace probe::dns
