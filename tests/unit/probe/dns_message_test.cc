#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "probe/dns/message.h"
#include "tests/support/catch.h"

namespace probe::dns {
namespace {

using namespace std::string_literals;
using std::chrono::hours;
using std::chrono::seconds;

using Read = std::expected<Records, MessageError>;

Read ReadText(const std::string& message, RecordType type) {
  return ReadMessage(
      {reinterpret_cast<const std::uint8_t*>(message.data()), message.size()},
      type);
}

std::string U16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

// Labels behind their lengths, without the zero at the end.
std::string Labels(const std::vector<std::string>& labels) {
  std::string out;
  for (const std::string& label : labels) {
    out += static_cast<char>(label.size());
    out += label;
  }
  return out;
}

const std::string kQuestion = Labels({"example", "test"}) + '\0';
// To the name in the question, behind the header.
const std::string kPointer = "\xc0\x0c"s;

std::string Header(unsigned answers, unsigned questions = 1) {
  return U16(1) + U16(0x8180) + U16(questions) + U16(answers) + U16(0) + U16(0);
}

std::string Record(const std::string& owner, unsigned code,
                   const std::string& data, unsigned ttl = 300,
                   unsigned record_class = 1) {
  return owner + U16(code) + U16(record_class) + U16(ttl >> 16) +
         U16(ttl & 0xffff) + U16(static_cast<unsigned>(data.size())) + data;
}

std::string Message(unsigned code, const std::vector<std::string>& records) {
  std::string out = Header(static_cast<unsigned>(records.size())) + kQuestion +
                    U16(code) + U16(1);
  for (const std::string& record : records) out += record;
  return out;
}

std::string Text(const Read& read) {
  if (!read) {
    switch (read.error()) {
      case MessageError::kMalformed:
        return "malformed";
      case MessageError::kCnameLoop:
        return "loop";
      case MessageError::kTooManyCnames:
        return "too many";
    }
  }
  std::string text;
  for (const IpAddress& address : read->addresses) {
    text += address.ToString() + ' ';
  }
  for (const Records::Name& name : read->names) {
    text += std::to_string(name.preference) + ' ' + name.text + ' ';
  }
  return text + std::to_string(read->ttl / seconds(1)) +
         (read->alias ? " alias" : "");
}

TEST_CASE("records with compressed names") {
  const std::string mail = Labels({"Mail"}) + kPointer;
  CHECK(Text(ReadText(Message(15, {Record(kPointer, 15, U16(10) + mail)}),
                      RecordType::kMx)) == "10 mail.example.test 300");
  CHECK(Text(ReadText(Message(12, {Record(kPointer, 12, mail, 9)}),
                      RecordType::kPtr)) == "0 mail.example.test 9");
  CHECK(Text(ReadText(Message(28, {Record(kPointer, 28,
                                          "\x20\x01\x0d\xb8"s +
                                              std::string(11, '\0') + '\1')}),
                      RecordType::kAaaa)) == "2001:db8::1 300");
  // The owner in other case and in full.
  CHECK(Text(ReadText(Message(1, {Record(Labels({"EXAMPLE", "Test"}) + '\0', 1,
                                         "\xc0\0\2\1"s)}),
                      RecordType::kA)) == "192.0.2.1 300");
}

TEST_CASE("only records of the class, type and owner count") {
  const std::string other = Labels({"other"}) + kPointer;
  CHECK(Text(ReadText(
            Message(1, {Record(kPointer, 1, "\1\1\1\1"s, 5, /*CHAOS*/ 3),
                        Record(kPointer, 16, "\3txt"s, 5),
                        Record(other, 1, "\1\1\1\1"s, 5),
                        Record(other, 5, kPointer, 5),
                        Record(kPointer, 1, "\xc0\0\2\1"s)}),
            RecordType::kA)) == "192.0.2.1 300");
  CHECK(ReadText(Message(1, {}), RecordType::kA)->Empty());
}

TEST_CASE("TTLs are those of the chain and stay within bounds") {
  const std::string real = Labels({"real"}) + kPointer;
  const auto ttl = [&](unsigned of_cname, unsigned of_record) {
    const Read read =
        ReadText(Message(1, {Record(real, 1, "\xc0\0\2\1"s, of_record),
                             Record(kPointer, 5, real, of_cname)}),
                 RecordType::kA);
    REQUIRE(read.has_value());
    CHECK(read->alias);
    return read->ttl;
  };
  CHECK(ttl(20, 30) == seconds(20));
  CHECK(ttl(30, 20) == seconds(20));
  CHECK(ttl(0, 300) == seconds(0));
  CHECK(ttl(300, 0x80000000) == seconds(0));
  CHECK(ttl(0x7fffffff, 0xffffffff) == seconds(0));
  CHECK(ttl(0x7fffffff, 0x7fffffff) == hours(24));
}

TEST_CASE("names on the wire") {
  const std::string label(63, 'a');
  const std::string most =
      Labels({label, label, label, std::string(61, 'b')}) + '\0';
  struct Case {
    const char* title;
    std::string name;
    std::string want;
  };
  const Case cases[] = {
      {"the root", "\0"s, "0  300"},
      {"255 bytes", most,
       "0 " + label + "." + label + "." + label + "." + std::string(61, 'b') +
           " 300"},
      {"256 bytes", Labels({label, label, label, std::string(62, 'b')}) + '\0',
       "malformed"},
      {"a label of 64 bytes", '\x40' + label + "a\0"s, "malformed"},
      {"extended label types", "\x80\0"s, "malformed"},
      {"no end", Labels({"a"}), "malformed"},
      {"half a pointer", "\xc0"s, "malformed"},
      {"a pointer into the header", "\xc0\x00"s, "malformed"},
      {"special and unprintable bytes",
       Labels({".\\\"();@$", " \n\x7f\xff"s + '\0', "*+_-"}) + '\0',
       "0 \\.\\\\\\\"\\(\\)\\;\\@\\$.\\032\\010\\127\\255\\000.*+_- 300"},
  };
  for (const Case& test : cases) {
    INFO(test.title);
    CHECK(Text(ReadText(Message(12, {Record(kPointer, 12, test.name)}),
                        RecordType::kPtr)) == test.want);
  }
}

TEST_CASE("data must be as long as what they hold") {
  const std::string name = Labels({"a"}) + '\0';
  const auto read = [](RecordType type, const std::string& data) {
    const unsigned code = CodeOf(type);
    return Text(ReadText(Message(code, {Record(kPointer, code, data),
                                        Record(kPointer, 16, "\3a\0 "s)}),
                         type));
  };
  CHECK(read(RecordType::kA, "\1\1\1\1"s) == "1.1.1.1 300");
  CHECK(read(RecordType::kA, "\1\1\1"s) == "malformed");
  CHECK(read(RecordType::kA, "\1\1\1\1\1"s) == "malformed");
  CHECK(read(RecordType::kAaaa, std::string(16, '\0')) == ":: 300");
  CHECK(read(RecordType::kAaaa, std::string(15, '\0')) == "malformed");
  CHECK(read(RecordType::kMx, U16(5) + name) == "5 a 300");
  CHECK(read(RecordType::kMx, U16(5) + name + 'x') == "malformed");
  CHECK(read(RecordType::kMx, U16(5) + "\1") == "malformed");
  CHECK(read(RecordType::kMx, "\5"s) == "malformed");
  CHECK(read(RecordType::kMx, ""s) == "malformed");
  CHECK(read(RecordType::kPtr, name) == "0 a 300");
  CHECK(read(RecordType::kPtr, name + 'x') == "malformed");
  CHECK(read(RecordType::kPtr, kPointer + 'x') == "malformed");
  CHECK(Text(ReadText(Message(1, {Record(kPointer, 5, name + 'x')}),
                      RecordType::kA)) == "malformed");
}

// A message full of pointers, each to the one before, and of records that all
// begin at the last one: followed to the end, that is work for seconds.
TEST_CASE("chains of pointers are cut") {
  std::string chain = kPointer;
  std::vector<std::string> records;
  const std::size_t start = 12 + kQuestion.size() + 4 + 11;
  for (std::size_t i = 0; i + 1 < 0x1000; ++i) {
    chain += U16(0xc000 + static_cast<unsigned>(start + 2 * i));
  }
  records.push_back(Record("\0"s, 16, chain));
  const std::string last =
      U16(0xc000 + static_cast<unsigned>(start + chain.size() - 2));
  for (int i = 0; i < 3000; ++i)
    records.push_back(Record(last, 1, "\1\1\1\1"s));
  CHECK(Text(ReadText(Message(1, records), RecordType::kA)) == "malformed");
}

TEST_CASE("a message cut anywhere is malformed, not more") {
  const std::string real = Labels({"real"}) + kPointer;
  const std::string whole =
      Message(15, {Record(kPointer, 5, real),
                   Record(real, 15, U16(10) + Labels({"a"}) + kPointer)});
  CHECK(Text(ReadText(whole, RecordType::kMx)) ==
        "10 a.example.test 300 alias");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of just this size: reading on is seen by the sanitizer.
    const std::vector<std::uint8_t> cut(
        whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    INFO(size);
    CHECK(Text(ReadMessage(cut, RecordType::kMx)) == "malformed");
  }
  CHECK(Text(ReadText(whole + "more", RecordType::kMx)) ==
        "10 a.example.test 300 alias");
}

TEST_CASE("a message with another question is none") {
  const std::string record = Record(kPointer, 1, "\1\1\1\1"s);
  const std::string question = kQuestion + U16(1) + U16(1);
  CHECK(Text(ReadText(Header(1) + question + record, RecordType::kA)) ==
        "1.1.1.1 300");
  CHECK(Text(ReadText(Header(1) + question + record, RecordType::kMx)) ==
        "malformed");
  CHECK(Text(ReadText(Header(1, 0) + question + record, RecordType::kA)) ==
        "malformed");
  CHECK(Text(ReadText(Header(1, 2) + question + question + record,
                      RecordType::kA)) == "malformed");
  CHECK(Text(ReadText(Header(1) + kQuestion + U16(1) + U16(3) + record,
                      RecordType::kA)) == "malformed");
  CHECK(Text(ReadText(Header(65535) + question + record, RecordType::kA)) ==
        "malformed");
}

}  // namespace
}  // namespace probe::dns
