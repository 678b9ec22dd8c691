#include "exporter/metrics_page.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using tests::Contains;

std::shared_ptr<const probe::Expansion> Host(const std::string& name,
                                             probe::EndpointId id) {
  probe::Target target = tests::MakeTarget();
  target.name = name;
  return std::make_shared<const probe::Expansion>(tests::MakeExpansion(
      std::move(target), {tests::MakePlace(id, "192.0.2.1", "")}));
}

// The rest of a response's body.
std::string Read(const http::Response& response) {
  std::string body;
  std::string piece;
  while (response.source(piece)) {
    body += piece;
    piece.clear();
  }
  return body;
}

struct Fixture {
  Fixture() {
    for (probe::EndpointId id = 1; id <= 3; ++id) store.Add(id);
  }
  http::Response Answer() { return page.Answer(http::Request()); }

  ResultStore store;
  metrics::SelfMetrics self;
  MetricsPage page{store, self};
};

TEST_CASE("a page has the targets of its time") {
  Fixture f;
  const std::string empty = Read(f.Answer());
  CHECK(Contains(empty, "smtp_prober_build_info"));
  CHECK_FALSE(Contains(empty, "smtp_probes_total"));

  f.page.OnExpanded(0, Host("a", 1));
  f.page.OnExpanded(2, Host("c", 3));
  const http::Response early = f.Answer();
  f.page.OnExpanded(0, Host("renamed", 1));
  f.page.OnExpanded(1, Host("b", 2));
  f.page.OnExpanded(2, nullptr);
  const http::Response late = f.Answer();

  const auto sample = [](const std::string& name) {
    return "smtp_probes_total{target=\"" + name + "\"";
  };
  const std::string old = Read(early);
  CHECK(Contains(old, sample("a")));
  CHECK_FALSE(Contains(old, sample("b")));
  CHECK(Contains(old, sample("c")));
  const std::string fresh = Read(late);
  CHECK(Contains(fresh, sample("renamed")));
  CHECK(Contains(fresh, sample("b")));
  CHECK_FALSE(Contains(fresh, sample("a")));
  CHECK_FALSE(Contains(fresh, sample("c")));
}

TEST_CASE("the list is copied for a page that is being sent, once") {
  Fixture f;
  f.page.OnExpanded(0, Host("a", 1));
  const metrics::SeriesList* const first = &f.page.series();
  f.page.OnExpanded(1, Host("b", 2));
  CHECK(&f.page.series() == first);
  {
    const http::Response sending = f.Answer();
    f.page.OnExpanded(0, Host("a", 1));
    const metrics::SeriesList* const second = &f.page.series();
    CHECK(second != first);
    f.page.OnExpanded(1, Host("b", 2));
    CHECK(&f.page.series() == second);
  }
  CHECK(f.page.series().size() == 2);
}

TEST_CASE("what no page shows any more is let go") {
  Fixture f;
  auto shown = Host("a", 1);
  const std::weak_ptr<const probe::Expansion> watch = shown;
  f.page.OnExpanded(0, std::move(shown));
  http::Response sending = f.Answer();
  f.page.OnExpanded(0, Host("b", 1));
  CHECK_FALSE(watch.expired());
  // Not with the page, whose end could be the end of very many.
  sending.source = nullptr;
  CHECK_FALSE(watch.expired());
  SECTION("with the next change") { f.page.OnExpanded(0, nullptr); }
  SECTION("when somebody sees to it") { CHECK_FALSE(f.page.LetGo()); }
  CHECK(watch.expired());
}

TEST_CASE("slots that are left do not stay for ever") {
  Fixture f;
  f.page.OnExpanded(0, Host("a", 1));
  f.page.OnExpanded(1, Host("b", 2));
  f.page.OnExpanded(0, nullptr);
  CHECK(f.page.series().size() == 2);
  CHECK(f.page.series()[0] == nullptr);
  f.page.OnExpanded(1, nullptr);
  CHECK(f.page.series().empty());
  f.page.OnExpanded(5, nullptr);
  CHECK(f.page.series().empty());
}

TEST_CASE("what was compiled for a target is kept while it is the same") {
  probe::Target target = tests::MakeDomain();
  target.expect.banner = "/^mx/";
  const auto before = tests::MakeExpansion(target);
  probe::Expansion after = before;
  after.places = {tests::MakePlace(1, "192.0.2.1", "mx1.example.org")};
  const metrics::TargetSeries old(
      std::make_shared<const probe::Expansion>(before));
  const metrics::TargetSeries fresh(
      std::make_shared<const probe::Expansion>(after), &old);
  CHECK(fresh.series.size() == 1);
  CHECK(fresh.banner_matcher.Match(tests::MakeBanner("mx1"), "") == true);
  // Another target, another expression.
  target.expect.banner = "/^smtp/";
  const metrics::TargetSeries other(
      std::make_shared<const probe::Expansion>(tests::MakeExpansion(target)),
      &fresh);
  CHECK(other.banner_matcher.Match(tests::MakeBanner("mx1"), "") == false);
}

}  // namespace
}  // namespace exporter
