#include "exporter/discovery/file_pattern.h"

#include <unistd.h>

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/unit/config/scratch.h"

namespace exporter::discovery {
namespace {

TEST_CASE("a pattern matches complete names") {
  struct Case {
    const char* pattern;
    const char* name;
    bool matches;
  };
  const Case cases[] = {
      {"/etc/a.yaml", "/etc/a.yaml", true},
      {"/etc/a.yaml", "/etc/b.yaml", false},
      {"/etc/*.yaml", "/etc/a.yaml", true},
      {"/etc/*.yaml", "/etc/.yaml", true},
      {"/etc/*.yaml", "/etc/.a.yaml", true},  // As in Prometheus.
      {"/etc/*.yaml", "/etc/a.json", false},
      {"/etc/*.yaml", "/etc/a.yaml.tmp", false},
      {"/etc/*.yaml", "/etc/b/a.yaml", false},
      {"/etc/*.yaml", "/var/a.yaml", false},
      {"/etc/a*b.yaml", "/etc/a-b.yaml", true},
      {"/etc/a*b.yaml", "/etc/ab.yaml", true},
      {"/etc/a*a.yaml", "/etc/a.yaml", false},  // One 'a' is not two.
      {"/*.yaml", "/a.yaml", true},
  };
  for (const Case& one : cases) {
    INFO(one.pattern << " " << one.name);
    CHECK(FilePattern(one.pattern).Matches(one.name) == one.matches);
  }
}

TEST_CASE("a pattern knows its folder") {
  CHECK(FilePattern("/etc/targets/*.yaml").folder() == "/etc/targets");
  CHECK(FilePattern("/etc/targets/a.yaml").folder() == "/etc/targets");
  CHECK(FilePattern("/*.yaml").folder() == "/");
}

TEST_CASE("a pattern lists what is there") {
  const tests::Scratch scratch;
  CHECK(FilePattern(scratch.Path("*.yaml")).List()->empty());
  const std::string b = scratch.Write("b.yaml", "");
  const std::string a = scratch.Write("a.yaml", "");
  scratch.Write("c.json", "");
  scratch.Write("folder/d.yaml", "");
  const std::string link = scratch.Path("z.yaml");
  std::filesystem::create_symlink("/nowhere", link);

  using Names = std::vector<std::string>;
  CHECK(FilePattern(scratch.Path("*.yaml")).List() == Names{a, b, link});
  CHECK(FilePattern(a).List() == Names{a});
  CHECK(FilePattern(link).List() == Names{link});
  CHECK(FilePattern(scratch.Path("x.yaml")).List() == Names{});
  CHECK(FilePattern(scratch.Path("none/*.yaml")).List() == Names{});
  CHECK(FilePattern(scratch.Path("a.yaml/*.yaml")).List() == Names{});
}

TEST_CASE("a pattern that matches too much is refused") {
  const tests::Scratch scratch;
  for (int i = 0; i < 4; ++i) {
    scratch.Write(std::to_string(i) + ".yaml", "");
  }
  const FilePattern pattern(scratch.Path("*.yaml"));
  CHECK(pattern.List(4)->size() == 4);
  const auto refused = pattern.List(3);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == "matches more than 3 files");
}

TEST_CASE("a folder that may not be read is no empty folder") {
  if (geteuid() == 0) return;  // Who may read everything.
  const tests::Scratch scratch;
  scratch.Write("closed/a.yaml", "");
  std::filesystem::permissions(scratch.Path("closed"),
                               std::filesystem::perms::none);
  const auto listed = FilePattern(scratch.Path("closed/*.yaml")).List();
  const auto file = FilePattern(scratch.Path("closed/a.yaml")).List();
  std::filesystem::permissions(scratch.Path("closed"),
                               std::filesystem::perms::owner_all);
  REQUIRE_FALSE(listed);
  CHECK(listed.error() == "cannot be listed: Permission denied");
  CHECK(file->size() == 1);  // To read it tells why it cannot be read.
}

}  // namespace
}  // namespace exporter::discovery
