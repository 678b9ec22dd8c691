// A large target is told piece by piece.
#include "exporter/api/target_answer.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "exporter/api/target_json.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/domain_of_many.h"

namespace exporter::api {
namespace {

using tests::kNow;
using tests::MomentAt;
using tests::Page;

struct Told {
  std::string text;
  std::size_t pieces = 0;
  std::size_t longest = 0;
};

Told TellAll(const http::Response::Source& source) {
  Told told;
  for (std::string piece; source(piece); piece.clear()) {
    ++told.pieces;
    told.longest = std::max(told.longest, piece.size());
    told.text += piece;
  }
  return told;
}

// As the function without pieces has it.
std::string Whole(const Page& page) {
  const metrics::TargetSeries& series = *page.list().front();
  const probe::Moment now = MomentAt(kNow);
  const auto entries = metrics::TakeEntries(series, page.store());
  return R"({"as_of":1795428000.000,"target":)" +
         TargetJson(metrics::TargetRow(series, entries, now), Kept::kWatched) +
         "}";
}

Told Tell(const Page& page) {
  return TellAll(TellTarget(page.list().front(), page.store(), MomentAt(kNow),
                            Kept::kWatched));
}

TEST_CASE("pieces are the whole") {
  const Page page = tests::DomainOfMany(45);
  const Told told = Tell(page);
  CHECK(told.text == Whole(page));
  CHECK(nlohmann::json::parse(told.text)["target"]["places"].size() == 45);
  // The head of this one is the longest piece.
  CHECK(told.pieces > 45 * 5000 / told.longest);
  CHECK(told.longest < 128 * 1024);
}

TEST_CASE("a target without places is one, too") {
  Page page;
  page.Add(tests::MakeExpansion(tests::MakeDomain()));
  const Told told = Tell(page);
  CHECK(told.text == Whole(page));
  CHECK(nlohmann::json::parse(told.text)["target"]["places"].empty());
  CHECK(told.pieces == 1);
}

TEST_CASE("it outlives what it tells of") {
  http::Response::Source source;
  {
    const Page page = tests::DomainOfMany(3);
    source = TellTarget(page.list().front(), page.store(), MomentAt(kNow),
                        Kept::kAskedOnce);
  }
  const Told told = TellAll(source);
  CHECK(nlohmann::json::parse(told.text)["target"]["places"].size() == 3);
}

}  // namespace
}  // namespace exporter::api
