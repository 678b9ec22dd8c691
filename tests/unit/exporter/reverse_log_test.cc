#include "exporter/reverse_log.h"

#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/exporter/stderr.h"

namespace exporter {
namespace {

using probe::ReverseVerdict;
using enum probe::ReverseVerdict;
using Names = std::vector<std::string>;

struct Case {
  const char* name;
  ReverseVerdict before;
  std::optional<bool> match;
  std::optional<Names> names;
  std::string want;
};

TEST_CASE("what DNS says now about the names of an address is a line") {
  const std::string none =
      "level=INFO msg=\"Address has no reverse name\" address=192.0.2.1\n";
  const std::string elsewhere =
      "level=INFO msg=\"Reverse name does not lead back to the address\" "
      "address=192.0.2.1 names=";
  const std::string back =
      "level=INFO msg=\"Reverse name leads back to the address now\" "
      "address=192.0.2.1 names=";
  const Case cases[] = {
      {"not known", kUnknown, std::nullopt, std::nullopt, ""},
      {"well from the start", kUnknown, true, Names{"mx.example"}, ""},
      {"none from the start", kUnknown, false, Names{}, none},
      {"none any more", kLeadsBack, false, Names{}, none},
      {"elsewhere from the start", kUnknown, false, Names{"mx.example"},
       elsewhere + "mx.example\n"},
      {"elsewhere now", kLeadsBack, false, Names{"a.example", "b.example"},
       elsewhere + "\"a.example b.example\"\n"},
      {"a name at last", kNone, true, Names{"mx.example"},
       back + "mx.example\n"},
      {"mended", kLeadsElsewhere, true, Names{"mx.example"},
       back + "mx.example\n"},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    probe::Reverse now;
    now.match = one.match;
    now.names = one.names;
    std::string line = tests::Stderr([&] {
      LogReverse(*probe::IpAddress::Parse("192.0.2.1"), now, one.before);
    });
    if (!line.empty()) line.erase(0, line.find("level="));
    CHECK(line == one.want);
  }
}

}  // namespace
}  // namespace exporter
