#include "probe/refresher.h"

#include <uv.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"
#include "tests/support/fake_resolver.h"

namespace probe {
namespace {

using namespace std::chrono_literals;
using tests::NextTimer;
using tests::RunUntil;

// Notes what is asked; the test answers.
struct Fixture {
  using Question = std::pair<std::string, std::uint64_t>;

  std::vector<Question> Take() { return std::exchange(asked, {}); }
  std::vector<std::string> TakeKeys() {
    std::vector<std::string> keys;
    for (const auto& [key, serial] : Take()) keys.push_back(key);
    return keys;
  }
  bool Answer(const Question& question, Duration ttl) {
    if (!refresher.Accept(question.first, question.second)) return false;
    refresher.Settle(question.first, ttl, /*open=*/false);
    return true;
  }

  tests::CheckedLoop checked;
  std::vector<Question> asked;
  Refresher refresher{&checked.loop,
                      [this](const std::string& key, std::uint64_t serial) {
                        asked.emplace_back(key, serial);
                      }};
};

std::string Name(int i) { return "mx" + std::to_string(i) + ".example.com"; }

using Keys = std::vector<std::string>;

TEST_CASE("nothing is asked before the start, then everything in its order") {
  Fixture f;
  CHECK(f.refresher.Add("b"));
  CHECK(f.refresher.Add("a"));
  CHECK_FALSE(f.refresher.Add("b"));
  CHECK(f.asked.empty());
  CHECK(uv_loop_alive(&f.checked.loop) == 0);
  f.refresher.Start();
  CHECK(f.TakeKeys() == Keys{"b", "a"});
  CHECK(f.refresher.Add("c"));
  CHECK(f.TakeKeys() == Keys{"c"});
}

TEST_CASE("what is open is asked for after all that was answered") {
  Fixture f;
  f.refresher.Start();
  for (const char* key : {"open", "good", "last"}) f.refresher.Add(key);
  const auto asked = f.Take();
  REQUIRE(asked.size() == 3);
  REQUIRE(f.refresher.Accept(asked[0].first, asked[0].second));
  f.refresher.Settle("open", 1ms, /*open=*/true);
  CHECK(f.Answer(asked[1], 2ms));
  CHECK(f.Answer(asked[2], 3ms));
  // All are due when the loop looks.
  const Time settled = net::Now();
  while (net::Now() - settled < 10ms) {
  }
  RunUntil(&f.checked.loop, [&] { return f.asked.size() == 3; });
  CHECK(f.TakeKeys() == Keys{"good", "last", "open"});
}

TEST_CASE("an answer is good for as long as it says, and then asked anew") {
  Fixture f;
  f.refresher.Start();
  f.refresher.Add("long");
  f.refresher.Add("short");
  auto asked = f.Take();
  CHECK(f.Answer(asked[0], 1h));
  CHECK(NextTimer(&f.checked.loop) > 59min);
  CHECK(f.Answer(asked[1], 10ms));
  const Time settled = net::Now();
  RunUntil(&f.checked.loop, [&] { return !f.asked.empty(); });
  CHECK(net::Now() - settled >= 9ms);
  const auto again = f.Take();
  CHECK(again[0].first == "short");
  CHECK(again[0].second != asked[1].second);
  // While it is asked for, only the other one is due.
  CHECK(NextTimer(&f.checked.loop) > 59min);
}

TEST_CASE("ten thousand keys are asked a hundred at a time, each once") {
  Fixture f;
  f.refresher.Start();
  for (int i = 0; i < 10'000; ++i) REQUIRE(f.refresher.Add(Name(i)));
  CHECK(f.asked.size() == kMaxLookups);
  std::size_t total = 0;
  while (!f.asked.empty()) {
    const auto asked = f.Take();
    REQUIRE(asked.size() <= kMaxLookups);
    for (const auto& question : asked) {
      REQUIRE(question.first == Name(static_cast<int>(total++)));
      REQUIRE(f.Answer(question, 1h));
    }
  }
  CHECK(total == 10'000);
}

TEST_CASE("keys that leave while they are asked for do not flood a resolver") {
  Fixture f;
  f.refresher.Start();
  for (int i = 0; i < 10'000; ++i) f.refresher.Add(Name(i));
  for (int i = 0; i < 9'000; ++i) f.refresher.Remove(Name(i));
  // Their hundred questions are still under way.
  const auto late = f.Take();
  REQUIRE(late.size() == kMaxLookups);
  for (const auto& question : late) CHECK_FALSE(f.Answer(question, 1h));
  const auto next = f.Take();
  REQUIRE(next.size() == kMaxLookups);
  CHECK(next[0].first == Name(9'000));
  // An answer that comes twice frees no second place.
  for (const auto& question : late) CHECK_FALSE(f.Answer(question, 1h));
  CHECK(f.asked.empty());
}

TEST_CASE("a late answer to an earlier life of a key is nobody's") {
  Fixture f;
  f.refresher.Start();
  f.refresher.Add("mx");
  const auto first = f.Take();
  f.refresher.Remove("mx");
  f.refresher.Add("mx");
  const auto second = f.Take();
  REQUIRE(second.size() == 1);
  CHECK_FALSE(f.refresher.Accept("mx", first[0].second));
  CHECK(f.refresher.Accept("mx", second[0].second));
  CHECK_FALSE(f.refresher.Accept("other", second[0].second + 1));
  f.refresher.Settle("mx", 1h, /*open=*/false);
  CHECK_FALSE(f.refresher.Accept("mx", second[0].second));
}

TEST_CASE("a second start asks anew what is under way, and nothing else") {
  Fixture f;
  f.refresher.Start();
  f.refresher.Add("answered");
  CHECK(f.Answer(f.Take()[0], 1h));
  for (int i = 0; i < 300; ++i) f.refresher.Add(Name(i));
  const auto old = f.Take();
  REQUIRE(old.size() == kMaxLookups);
  f.refresher.Remove(Name(0));
  f.refresher.Start();
  const auto fresh = f.Take();
  REQUIRE(fresh.size() == kMaxLookups);
  CHECK(fresh[0].first == Name(1));
  CHECK(fresh[98].first == Name(99));
  CHECK(fresh[99].first == Name(100));
  for (const auto& question : old) CHECK_FALSE(f.Answer(question, 1h));
  CHECK(f.asked.empty());
  for (const auto& question : fresh) CHECK(f.Answer(question, 1h));
  CHECK(f.asked.size() == kMaxLookups);
}

TEST_CASE("a key in its second life is asked once after a second start") {
  Fixture f;
  f.refresher.Start();
  f.refresher.Add("mx");
  f.refresher.Remove("mx");
  f.refresher.Add("mx");
  CHECK(f.TakeKeys() == Keys{"mx", "mx"});
  f.refresher.Start();
  const auto asked = f.Take();
  REQUIRE(asked.size() == 1);
  CHECK(f.Answer(asked[0], 1h));
  CHECK(NextTimer(&f.checked.loop) > 59min);
}

TEST_CASE("a key that was removed is not asked when its time comes") {
  Fixture f;
  f.refresher.Start();
  f.refresher.Add("gone");
  f.refresher.Add("here");
  const auto asked = f.Take();
  CHECK(f.Answer(asked[0], 1ms));
  CHECK(f.Answer(asked[1], 5ms));
  f.refresher.Remove("gone");
  f.refresher.Remove("unknown");
  RunUntil(&f.checked.loop, [&] { return !f.asked.empty(); });
  CHECK(f.TakeKeys() == Keys{"here"});
}

}  // namespace
}  // namespace probe
