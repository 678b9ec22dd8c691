#include "probe/dns/resolv_conf_watch.h"

#include <sys/stat.h>
#include <uv.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"
#include "tests/support/fake_resolver.h"

namespace probe::dns {
namespace {

using std::chrono::milliseconds;
using tests::RunUntil;

// A folder with a watched file in it.
struct World {
  World() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "resolv-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    path = folder / "resolv.conf";
  }
  ~World() { std::filesystem::remove_all(folder); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void Write(const std::string& name, std::string_view text) const {
    std::ofstream(folder / name, std::ios::binary | std::ios::trunc) << text;
  }
  // Another inode under the name.
  void Replace(std::string_view text) const {
    Write("fresh", text);
    std::filesystem::rename(folder / "fresh", path);
  }
  void Link(const char* target) const {
    std::filesystem::create_symlink(target, folder / "fresh");
    std::filesystem::rename(folder / "fresh", path);
  }

  void Watch(Duration period = milliseconds(5)) {
    period_ = period;
    watch.emplace(
        &checked.loop, [this] { ++changes; }, path.string(), period);
  }
  void RunLooks() {
    const Time end = net::Now() + 10 * period_;
    RunUntil(&checked.loop, [&] { return net::Now() > end; });
  }
  // A change is told, and once.
  void CheckTold(const char* how) {
    INFO(how);
    const int before = changes;
    RunUntil(&checked.loop, [&] { return changes > before; });
    RunLooks();
    CHECK(changes == before + 1);
  }

  std::filesystem::path folder;
  std::filesystem::path path;
  tests::CheckedLoop checked;
  Duration period_{};
  int changes = 0;
  std::optional<ResolvConfWatch> watch;
};

TEST_CASE("every way to say something else is told once") {
  World world;
  world.Write("resolv.conf", "nameserver 192.0.2.1\n");
  world.Watch();
  world.Write("resolv.conf", "nameserver 192.0.2.2\n");
  world.CheckTold("written in place");
  world.Replace("nameserver 192.0.2.3\n");
  world.CheckTold("replaced by a file");
  world.Write("one", "nameserver 192.0.2.4\n");
  world.Write("two", "search example.org\n");
  world.Link("one");
  world.CheckTold("replaced by a link");
  world.Link("two");
  world.CheckTold("the link turned");
  world.Write("two", "search example.net\n");
  world.CheckTold("written behind the link");
  world.Link("nowhere");
  world.CheckTold("the link leads nowhere");
  world.Write("nowhere", "nameserver 192.0.2.5\n");
  world.CheckTold("there is something");
  std::filesystem::remove(world.path);
  world.CheckTold("gone");
  world.Write("resolv.conf", "nameserver 192.0.2.5\n");
  world.CheckTold("there again");
}

TEST_CASE("a file that comes after the start is told") {
  World world;
  world.Watch();
  world.RunLooks();
  CHECK(world.changes == 0);
  world.Replace("nameserver 192.0.2.1\n");
  world.CheckTold("the first one");
}

TEST_CASE("what says the same is no change") {
  World world;
  world.Write("resolv.conf", "nameserver 192.0.2.1\n");
  world.Watch();
  world.RunLooks();
  for (int i = 0; i < 3; ++i) {
    world.Replace("nameserver 192.0.2.1\n");
    world.RunLooks();
  }
  std::filesystem::rename(world.path, world.folder / "same");
  world.Link("same");
  world.RunLooks();
  std::filesystem::last_write_time(
      world.folder / "same",
      std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  world.RunLooks();
  CHECK(world.changes == 0);
}

TEST_CASE("a text is believed at the second look that sees it") {
  World world;
  world.Write("resolv.conf", "nameserver 192.0.2.1\n");
  const Time start = net::Now();
  constexpr Duration kPeriod = milliseconds(100);
  world.Watch(kPeriod);
  // Somebody may be writing it.
  world.Write("resolv.conf", "nameser");
  RunUntil(&world.checked.loop, [&] { return world.changes == 1; });
  CHECK(net::Now() - start >= 2 * kPeriod);
}

TEST_CASE("what is no text of a fit size says nothing, and holds nobody") {
  World world;
  world.Write("resolv.conf", "nameserver 192.0.2.1\n");
  world.Watch();
  std::filesystem::remove(world.path);
  // Opening it would wait for a writer.
  REQUIRE(mkfifo(world.path.c_str(), 0600) == 0);
  world.CheckTold("a FIFO");
  std::filesystem::remove(world.path);
  world.Write("resolv.conf", std::string(kMaxResolvConf + 1, '#'));
  world.RunLooks();
  CHECK(world.changes == 1);
  world.Write("resolv.conf", std::string(kMaxResolvConf, '#'));
  world.CheckTold("not too big");
}

}  // namespace
}  // namespace probe::dns
