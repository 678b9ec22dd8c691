// The page has words for all that the metrics name, and for nothing else.
#include <cstddef>
#include <regex>
#include <set>
#include <string>
#include <string_view>

#include "exporter/web/assets.h"
#include "probe/result.h"
#include "probe/smtp/quirk.h"
#include "tests/support/catch.h"

namespace exporter::web {
namespace {

using Names = std::set<std::string>;

// The keys of the object `name` in words.js.
Names Keys(const std::string& name) {
  const Asset* const words = FindAsset("/words.js");
  REQUIRE(words != nullptr);
  const std::string text(words->bytes);
  const std::string head = "const " + name + " = {\n";
  const std::size_t begin = text.find(head);
  REQUIRE(begin != std::string::npos);
  const std::string body = text.substr(
      begin + head.size(), text.find("\n};", begin) - begin - head.size());
  static const std::regex kKey("(^|\n)  ([a-z_0-9]+):");
  Names keys;
  for (std::sregex_iterator key(body.begin(), body.end(), kKey), end;
       key != end; ++key) {
    keys.insert((*key)[2]);
  }
  return keys;
}

template <typename Of>
Names NamesOf(std::size_t count) {
  Names names;
  for (std::size_t i = 0; i < count; ++i) {
    names.emplace(Name(static_cast<Of>(i)));
  }
  return names;
}

TEST_CASE("words for every phase, reason and quirk") {
  CHECK(Keys("PHASES") == NamesOf<probe::Phase>(probe::kPhaseCount));
  CHECK(Keys("PHASE_NAMES") == NamesOf<probe::Phase>(probe::kPhaseCount));
  CHECK(Keys("REASONS") == NamesOf<probe::Reason>(probe::kReasonCount));
  CHECK(Keys("QUIRKS") == Names(probe::smtp::kQuirkNames.begin(),
                                probe::smtp::kQuirkNames.end()));
}

}  // namespace
}  // namespace exporter::web
