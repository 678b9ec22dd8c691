#include "exporter/config/target_list.h"

#include <string>
#include <utility>

#include "exporter/config/config.h"
#include "tests/support/catch.h"

namespace exporter {
namespace {

TargetList Targets(const std::string& items) {
  auto config = ParseConfig("targets: [" + items + "]", "smtp.yml");
  if (!config) FAIL(config.error().messages.front());
  return std::move(config->targets);
}

TEST_CASE("equal targets stay the same objects") {
  const TargetList old = Targets(
      "a.example, b.example, {domain: x.example}, {host: c.example, labels: "
      "{team: mail}}, d.example");
  const TargetList fresh = Targets(
      "{host: c.example, labels: {team: mail}}, e.example, {host: b.example, "
      "interval: 5m}, {domain: x.example}, d.example, a.example, {host: "
      "a.example, port: 26}");
  const TargetList list = ReuseUnchanged(old, fresh);
  REQUIRE(list.size() == fresh.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    CHECK(*list[i] == *fresh[i]);
    CHECK(list[i]->name == fresh[i]->name);
  }
  CHECK(list[0] == old[3]);
  CHECK(list[1] == fresh[1]);
  CHECK(list[2] == fresh[2]);
  CHECK(list[3] == old[2]);
  CHECK(list[4] == old[4]);
  CHECK(list[5] == old[0]);
  CHECK(list[6] == fresh[6]);
}

TEST_CASE("a list from nothing, and nothing from a list") {
  const TargetList list = Targets("a.example");
  CHECK(ReuseUnchanged({}, list) == list);
  CHECK(ReuseUnchanged(list, {}).empty());
  CHECK(ReuseUnchanged(list, Targets("a.example")) == list);
}

}  // namespace
}  // namespace exporter
