#include "probe/dns/hosts_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.h"

namespace probe::dns {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kIp4 = IpAddress::Family::kIp4;
constexpr auto kIp6 = IpAddress::Family::kIp6;

std::string Text(const std::vector<IpAddress>& addresses) {
  std::string text;
  for (const IpAddress& address : addresses) {
    if (!text.empty()) text += ' ';
    text += address.ToString();
  }
  return text;
}

// "name=addresses;", the names sorted.
std::string Show(const Hosts& hosts) {
  std::vector<std::string> entries;
  for (const auto& [name, addresses] : hosts) {
    entries.push_back(name + "=" + Text(addresses) + ";");
  }
  std::sort(entries.begin(), entries.end());
  std::string text;
  for (const std::string& entry : entries) text += entry;
  return text;
}

TEST_CASE("the lines of a hosts file") {
  struct Case {
    const char* name;
    std::string_view text;
    const char* want;
  };
  const Case cases[] = {
      {"empty", "", ""},
      {"only ends of lines", "\n\n\n", ""},
      {"one name", "192.0.2.1 mx\n", "mx=192.0.2.1;"},
      {"the last line without end", "192.0.2.1 mx", "mx=192.0.2.1;"},
      {"aliases", "192.0.2.1 mx.test mx m\n",
       "m=192.0.2.1;mx.test=192.0.2.1;mx=192.0.2.1;"},
      {"tabs and blanks, also at both ends", " \t192.0.2.1\t \tmx \t m\t \n",
       "m=192.0.2.1;mx=192.0.2.1;"},
      {"lines from Windows", "192.0.2.1 mx\r\n\r\n192.0.2.2 m\r\n",
       "m=192.0.2.2;mx=192.0.2.1;"},
      {"comments", "# 192.0.2.9 a\n192.0.2.1 mx # b\n192.0.2.2 m#c\n#",
       "m=192.0.2.2;mx=192.0.2.1;"},
      {"a comment where the names would be", "192.0.2.1 # mx\n", ""},
      {"a comment in the address", "192.0.2#.1 mx\n", ""},
      {"an address without names", "192.0.2.1\n192.0.2.2 \n", ""},
      {"a name is whole words on one line", "192.0.2.1\nmx\n", ""},
      {"any case and the trailing dot", "192.0.2.1 MX.Test. m\n",
       "m=192.0.2.1;mx.test=192.0.2.1;"},
      {"both families, sorted, each once",
       "2001:db8::2 mx\n192.0.2.2 mx\n192.0.2.1 MX\n192.0.2.2 mx.\n"
       "2001:DB8:0::2 mx\n",
       "mx=192.0.2.1 192.0.2.2 2001:db8::2;"},
      {"no addresses",
       "mx\nmx 192.0.2.1\n127.1 a\n256.0.0.1 b\n0x7f000001 c\n[::1] d\n"
       "192.0.2.1:25 e\n192.0.2.0/24 f\n:: g\n",
       "g=::;"},
      {"zone ids", "fe80::1%lo0 a\nfe80::1%1 b\nfe80::1 c\n", "c=fe80::1;"},
      {"the root is no host", "192.0.2.1 . mx\n", "mx=192.0.2.1;"},
      {"one address on two lines", "192.0.2.1 a\n192.0.2.1 b\n",
       "a=192.0.2.1;b=192.0.2.1;"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    CHECK(Show(ParseHosts(one.text)) == one.want);
  }
}

TEST_CASE("bytes that no name has do no harm to the other lines") {
  std::string text("192.0.2.1 m\0x \xff\n192.0.2.2\0 a\n192.0.2.3 b\n", 41);
  text += "192.0.2.4 " + std::string(1'000'000, 'c') + "\n192.0.2.5 d\n";
  const Hosts hosts = ParseHosts(text);
  CHECK_FALSE(hosts.contains("m"));
  CHECK_FALSE(hosts.contains("a"));
  CHECK(Text(hosts.at("b")) == "192.0.2.3");
  CHECK(Text(hosts.at("d")) == "192.0.2.5");
}

// A folder with a hosts file in it, and the time that goes by.
struct World {
  World() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "hosts-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    path = folder / "hosts";
  }
  ~World() { std::filesystem::remove_all(folder); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void Write(std::string_view text) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  // As editors do: another inode.
  void Replace(std::string_view text) const {
    const std::filesystem::path fresh = folder / "fresh";
    std::ofstream(fresh, std::ios::binary) << text;
    std::filesystem::rename(fresh, path);
  }
  // The file says that it was modified at this second.
  void Date(std::time_t at) const {
    const timespec times[] = {{.tv_sec = at, .tv_nsec = 0},
                              {.tv_sec = at, .tv_nsec = 0}};
    REQUIRE(utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  }
  std::string Find(HostsFile& hosts, std::string_view name,
                   IpAddress::Family family = kIp4) const {
    return Text(hosts.Find(name, family, now));
  }
  // At the next check.
  std::string Later(HostsFile& hosts, std::string_view name) {
    now += kHostsFileCheck;
    return Find(hosts, name);
  }

  std::filesystem::path folder;
  std::filesystem::path path;
  Time now = Time() + hours(1);
};

TEST_CASE("a name has its addresses by family") {
  World world;
  world.Write("192.0.2.2 mx.test\n192.0.2.1 MX.test\n2001:db8::1 mx.test\n");
  HostsFile hosts(world.path);
  for (const char* name : {"mx.test", "MX.TEST", "mx.test.", "Mx.Test."}) {
    CAPTURE(name);
    CHECK(world.Find(hosts, name) == "192.0.2.1 192.0.2.2");
    CHECK(world.Find(hosts, name, kIp6) == "2001:db8::1");
  }
  for (const char* name : {"", ".", "mx", "test", "mx.test..", ".mx.test"}) {
    CAPTURE(name);
    CHECK(world.Find(hosts, name).empty());
  }
}

TEST_CASE("a change is seen at the next check, not before") {
  World world;
  world.Write("192.0.2.1 mx\n");
  HostsFile hosts(world.path);
  CHECK(world.Find(hosts, "mx") == "192.0.2.1");
  world.Replace("192.0.2.2 mx\n");
  world.now += kHostsFileCheck - milliseconds(1);
  CHECK(world.Find(hosts, "mx") == "192.0.2.1");
  world.now += milliseconds(1);
  CHECK(world.Find(hosts, "mx") == "192.0.2.2");
  // Counted from that check.
  world.Replace("192.0.2.3 mx\n");
  world.now += kHostsFileCheck - milliseconds(1);
  CHECK(world.Find(hosts, "mx") == "192.0.2.2");
  CHECK(world.Later(hosts, "mx") == "192.0.2.3");
}

TEST_CASE("every kind of change counts") {
  World world;
  world.Write("192.0.2.1 mx\n");
  world.Date(1'000'000);
  HostsFile hosts(world.path);
  CHECK(world.Find(hosts, "mx") == "192.0.2.1");

  // Its size: a line more in the same second.
  world.Write("192.0.2.1 mx\n192.0.2.9 mx\n");
  world.Date(1'000'000);
  CHECK(world.Later(hosts, "mx") == "192.0.2.1 192.0.2.9");
  // Its time.
  world.Write("192.0.2.2 mx\n192.0.2.8 mx\n");
  world.Date(1'000'001);
  CHECK(world.Later(hosts, "mx") == "192.0.2.2 192.0.2.8");
  // Its inode.
  world.Replace("192.0.2.3 mx\n192.0.2.7 mx\n");
  world.Date(1'000'001);
  CHECK(world.Later(hosts, "mx") == "192.0.2.3 192.0.2.7");
  // It goes, and comes again as it was.
  const std::filesystem::path aside = world.folder / "aside";
  std::filesystem::rename(world.path, aside);
  CHECK(world.Later(hosts, "mx").empty());
  std::filesystem::rename(aside, world.path);
  CHECK(world.Later(hosts, "mx") == "192.0.2.3 192.0.2.7");
  // A name that is gone from it.
  world.Replace("192.0.2.3 other\n");
  CHECK(world.Later(hosts, "mx").empty());
  // A time that no clock has.
  world.Replace("192.0.2.4 mx\n");
  world.Date(20'000'000'000);
  CHECK(world.Later(hosts, "mx") == "192.0.2.4");
}

TEST_CASE("an absent file is like an empty one, until there is one") {
  World world;
  HostsFile hosts(world.path);
  CHECK(world.Find(hosts, "mx").empty());
  world.Write("192.0.2.1 mx\n");
  CHECK(world.Later(hosts, "mx") == "192.0.2.1");

  HostsFile below_a_file(world.path / "hosts");
  CHECK(world.Find(below_a_file, "mx").empty());
  HostsFile nowhere("");
  CHECK(world.Find(nowhere, "mx").empty());
}

TEST_CASE("what is no regular file is like an empty one and holds nobody") {
  World world;
  world.Write("192.0.2.1 mx\n");
  HostsFile hosts(world.path);
  CHECK(world.Find(hosts, "mx") == "192.0.2.1");
  std::filesystem::remove(world.path);
  // Opening it would wait for a writer.
  REQUIRE(mkfifo(world.path.c_str(), 0600) == 0);
  CHECK(world.Later(hosts, "mx").empty());
  std::filesystem::remove(world.path);
  std::filesystem::create_directory(world.path);
  CHECK(world.Later(hosts, "mx").empty());
  std::filesystem::remove(world.path);
  std::filesystem::create_symlink("/dev/zero", world.path);
  CHECK(world.Later(hosts, "mx").empty());
  std::filesystem::remove(world.path);
  std::filesystem::create_symlink("hosts", world.path);
  CHECK(world.Later(hosts, "mx").empty());
  std::filesystem::remove(world.path);
  // A link to a regular one is as good as that.
  std::ofstream(world.folder / "real") << "192.0.2.2 mx\n";
  std::filesystem::create_symlink("real", world.path);
  CHECK(world.Later(hosts, "mx") == "192.0.2.2");
}

TEST_CASE("a file that is too big is ignored as a whole") {
  World world;
  std::string text = "192.0.2.1 mx\n#";
  text.resize(kMaxHostsFile, '-');
  world.Write(text);
  HostsFile hosts(world.path);
  CHECK(world.Find(hosts, "mx") == "192.0.2.1");
  world.Write(text + "-");
  CHECK(world.Later(hosts, "mx").empty());
  world.Write("192.0.2.2 mx\n");
  CHECK(world.Later(hosts, "mx") == "192.0.2.2");
}

TEST_CASE("what was known stands while the file cannot be read") {
  World world;
  world.Write("192.0.2.1 mx\n");
  HostsFile hosts(world.path);
  CHECK(world.Find(hosts, "mx") == "192.0.2.1");
  world.Replace("192.0.2.2 mx\n");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  const std::string meanwhile = world.Later(hosts, "mx");
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(meanwhile == "192.0.2.1");
  CHECK(world.Later(hosts, "mx") == "192.0.2.2");
}

TEST_CASE("an unchanged file is not read again") {
  World world;
  std::string text;
  for (int i = 0; i < 150'000; ++i) {
    text += "0.0.0.0 ads" + std::to_string(i) + ".example.test\n";
  }
  world.Write(text);
  HostsFile hosts(world.path);
  const auto start = std::chrono::steady_clock::now();
  CHECK(world.Find(hosts, "ads0.example.test") == "0.0.0.0");
  const auto first = std::chrono::steady_clock::now() - start;
  for (int i = 0; i < 500; ++i) {
    CHECK(world.Later(hosts, "ads149999.example.test") == "0.0.0.0");
  }
  const auto others = std::chrono::steady_clock::now() - start - first;
  // 500 checks; reading it even a tenth as often would take 50 times as long.
  CHECK(others < 20 * first + milliseconds(100));
}

}  // namespace
}  // namespace probe::dns
