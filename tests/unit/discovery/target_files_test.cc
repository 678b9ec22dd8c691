#include "exporter/discovery/target_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "tests/unit/config/scratch.h"
#include "tests/unit/discovery/stage.h"

namespace exporter::discovery {
namespace {

// The way in which lists should be replaced.
void Rename(const tests::Scratch& scratch, const std::string& name,
            const std::string& text) {
  std::filesystem::rename(scratch.Write(name + ".tmp", text),
                          scratch.Path(name));
}

struct Files : tests::Stage {
  Files() { Start(); }

  void Configure(const std::vector<std::string>& patterns) {
    discovery->Configure(patterns, {}, reader);
  }
  bool UntilTargets(const std::string& targets) {
    const bool came = Until([&] { return Targets() == targets; });
    CHECK(Targets() == targets);
    return came;
  }

  tests::Scratch scratch;
  std::shared_ptr<const tests::LineReader> reader =
      std::make_shared<const tests::LineReader>();
};

TEST_CASE("files are read at once, in the order of the patterns") {
  Files files;
  const std::string b = files.scratch.Write("b.yaml", "b1\nb2\nend");
  const std::string a = files.scratch.Write("a.yaml", "a\nend");
  const std::string c = files.scratch.Write("c.JSON", "c\nend");
  files.Configure({c, files.scratch.Path("*.yaml"), b});
  CHECK_FALSE(files.discovery->settled());
  REQUIRE(files.UntilSettled());
  CHECK(files.Targets() == "c:25 |a:25 |b1:25 b2:25 |");
  CHECK(files.reader->json);
  CHECK(files.reader->yaml);
  CHECK(files.changes == 1);  // For three lists.
  CHECK(files.records.size() == 3);
  CHECK(files.records[b].good == 1);
  CHECK(files.records[b].targets == 2);
}

TEST_CASE("without sources everything is settled") {
  Files files;
  CHECK(files.discovery->settled());
  files.Configure({});
  CHECK(files.discovery->settled());
  files.Configure({files.scratch.Path("*.yaml")});
  CHECK_FALSE(files.discovery->settled());
  CHECK(files.UntilSettled());
  CHECK(files.Targets().empty());
}

TEST_CASE("what happens in a folder is noticed") {
  Files files;
  const std::string a = files.scratch.Write("a.yaml", "a\nend");
  files.Configure({files.scratch.Path("*.yaml")});
  REQUIRE(files.UntilTargets("a:25 |"));

  Rename(files.scratch, "a.yaml", "a\nb\nend");
  REQUIRE(files.UntilTargets("a:25 b:25 |"));
  files.scratch.Write("a.yaml", "c\nend");  // In its place.
  REQUIRE(files.UntilTargets("c:25 |"));
  files.scratch.Write("b.yaml", "d\nend");
  REQUIRE(files.UntilTargets("c:25 |d:25 |"));
  files.scratch.Remove("a.yaml");
  REQUIRE(files.UntilTargets("d:25 |"));
  CHECK(files.Until([&] { return files.forgotten.contains(a); }));
  CHECK_FALSE(files.records.contains(a));
}

// Files whose folders are looked at all the time, and never for the refresh.
struct CheckedFiles : tests::Stage {
  void Configure(const std::string& pattern) {
    files.Configure({scratch.Path(pattern)}, reader);
    REQUIRE(Until([&] { return files.settled(); }));
  }
  std::string Targets() const {
    std::vector<SharedList> lists;
    files.AppendLists(&lists);
    std::string text;
    for (const auto& list : lists) {
      for (const auto& target : *list) text += target->host + " ";
    }
    return text;
  }
  bool UntilTargets(const std::string& targets) {
    const bool came = Until([&] { return Targets() == targets; });
    CHECK(Targets() == targets);
    return came;
  }

  tests::Scratch scratch;
  std::shared_ptr<const tests::LineReader> reader =
      std::make_shared<const tests::LineReader>();
  Notices notices{&loop.loop, MakeObserver()};
  Pool pool{&loop.loop, 2};
  TargetFiles files{&loop.loop,
                    &notices,
                    &pool,
                    {.refresh = std::chrono::hours(1),
                     .folders = std::chrono::milliseconds(10)}};
};

TEST_CASE("a folder that is replaced is still watched") {
  CheckedFiles files;
  const auto& scratch = files.scratch;
  scratch.Write("now/a.yaml", "a\nend");
  scratch.Write("next/a.yaml", "b\nend");
  files.Configure("now/*.yaml");
  REQUIRE(files.UntilTargets("a "));
  std::filesystem::rename(scratch.Path("now"), scratch.Path("old"));
  // For as long as it takes to see that it is gone, which ends the watch.
  REQUIRE(files.UntilTargets(""));
  std::filesystem::rename(scratch.Path("next"), scratch.Path("now"));
  REQUIRE(files.UntilTargets("b "));
  Rename(scratch, "now/a.yaml", "c\nend");
  REQUIRE(files.UntilTargets("c "));
}

TEST_CASE("a folder that is removed and made anew is found") {
  CheckedFiles files;
  files.scratch.Write("now/a.yaml", "a\nend");
  files.Configure("now/*.yaml");
  REQUIRE(files.UntilTargets("a "));
  std::filesystem::remove_all(files.scratch.Path("now"));
  REQUIRE(files.UntilTargets(""));
  files.scratch.Write("now/b.yaml", "b\nend");
  REQUIRE(files.UntilTargets("b "));
}

TEST_CASE("a folder's link that leads elsewhere is followed") {
  CheckedFiles files;
  files.scratch.Write("v1/a.yaml", "a\nend");
  files.scratch.Write("v2/a.yaml", "b\nend");
  std::filesystem::create_symlink("v1", files.scratch.Path("now"));
  files.Configure("now/a.yaml");
  REQUIRE(files.UntilTargets("a "));
  std::filesystem::create_symlink("v2", files.scratch.Path("new"));
  std::filesystem::rename(files.scratch.Path("new"), files.scratch.Path("now"));
  REQUIRE(files.UntilTargets("b "));
}

TEST_CASE("a folder that comes later is found") {
  CheckedFiles files;
  files.Configure("later/*.yaml");
  files.scratch.Write("later/a.yaml", "a\nend");
  REQUIRE(files.UntilTargets("a "));
}

TEST_CASE("folders that stay what they are are not read again") {
  CheckedFiles files;
  files.scratch.Write("now/a.yaml", "a\nend");
  files.Configure("now/*.yaml");
  REQUIRE(files.UntilTargets("a "));
  const int reads = files.reader->reads;
  const probe::Time end = probe::net::Now() + std::chrono::milliseconds(300);
  REQUIRE(files.Until([&] { return probe::net::Now() > end; }));
  CHECK(files.reader->reads == reads);
}

// As Kubernetes changes a mounted ConfigMap: what changes is a link in the
// folder that the file's link leads through.
TEST_CASE("a link that leads elsewhere is followed") {
  Files files;
  files.scratch.Write("v1/a.yaml", "a\nend");
  files.scratch.Write("v2/a.yaml", "b\nend");
  std::filesystem::create_symlink("v1", files.scratch.Path("..data"));
  std::filesystem::create_symlink("..data/a.yaml",
                                  files.scratch.Path("a.yaml"));
  files.Configure({files.scratch.Path("*.yaml")});
  REQUIRE(files.UntilTargets("a:25 |"));
  std::filesystem::create_symlink("v2", files.scratch.Path("..tmp"));
  std::filesystem::rename(files.scratch.Path("..tmp"),
                          files.scratch.Path("..data"));
  REQUIRE(files.UntilTargets("b:25 |"));
}

TEST_CASE("a bad file keeps its last good list") {
  struct Case {
    const char* name;
    std::function<void(const std::string& path)> spoil;
  };
  const Case cases[] = {
      {"not well-formed",
       [](const std::string& path) {
         std::filesystem::rename(path, path + ".old");
         std::ofstream(path) << "!no\nend";
       }},
      {"a FIFO",
       [](const std::string& path) {
         std::filesystem::remove(path);
         REQUIRE(mkfifo(path.c_str(), 0600) == 0);
       }},
      {"a folder",
       [](const std::string& path) {
         std::filesystem::remove(path);
         std::filesystem::create_directory(path);
       }},
      {"too large",
       [](const std::string& path) {
         std::filesystem::resize_file(path, kMaxConfigBytes + 1);
       }},
      {"a link that leads nowhere",
       [](const std::string& path) {
         std::filesystem::create_symlink("/nowhere", path + ".link");
         std::filesystem::rename(path + ".link", path);
       }},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    Files files;
    const std::string path = files.scratch.Write("a.yaml", "a\nend");
    files.Configure({files.scratch.Path("*.yaml")});
    REQUIRE(files.UntilTargets("a:25 |"));
    one.spoil(path);
    CHECK(files.Until([&] { return files.records[path].bad > 0; }));
    CHECK(files.Targets() == "a:25 |");
    CHECK(files.records[path].targets == 1);
    CHECK(files.changes == 1);
    std::filesystem::remove(path);
    files.scratch.Write("a.yaml", "b\nend");
    CHECK(files.UntilTargets("b:25 |"));
  }
}

TEST_CASE("many events are one read, and unchanged lists no change") {
  Files files;
  const std::string path = files.scratch.Write("a.yaml", "0\nend");
  files.Configure({files.scratch.Path("*.yaml")});
  REQUIRE(files.UntilTargets("0:25 |"));
  for (int i = 1; i <= 50; ++i) {
    Rename(files.scratch, "a.yaml", std::to_string(i) + "\nend");
  }
  REQUIRE(files.UntilTargets("50:25 |"));
  CHECK(files.Until([&] { return files.records[path].good == 2; }));
  CHECK(files.reader->reads == 2);

  const auto list = files.discovery->Lists().front();
  const int changes = files.changes;
  Rename(files.scratch, "a.yaml", "50\nend\n");
  REQUIRE(files.Until([&] {
    return files.records[path].bad > 0 || files.records[path].good == 3;
  }));
  CHECK(files.discovery->Lists().front() == list);
  CHECK(files.changes == changes);
}

TEST_CASE("a storm of renames ends with the last list and tears none") {
  Files files;
  files.scratch.Write("a.yaml", "0\nend");
  files.Configure({files.scratch.Path("*.yaml")});
  REQUIRE(files.UntilTargets("0:25 |"));
  constexpr int kRenames = 1000;
  std::thread storm([&] {
    for (int i = 1; i <= kRenames; ++i) {
      std::string text;
      for (int line = 0; line < 200; ++line) {
        text += std::to_string(i) + "." + std::to_string(line) + "\n";
      }
      Rename(files.scratch, "a.yaml", text + "end");
    }
    Rename(files.scratch, "a.yaml", "last\nend");
  });
  // Meanwhile: each list is of one piece.
  bool mixed = false;
  const bool ended = files.Until([&] {
    for (const auto& list : files.discovery->Lists()) {
      for (const auto& target : *list) {
        const auto generation = [](const std::string& name) {
          return name.substr(0, name.find('.'));
        };
        mixed |= list->size() != 1 && list->size() != 200;
        mixed |= generation(target->name) != generation(list->front()->name);
      }
    }
    return files.Targets() == "last:25 |";
  });
  storm.join();
  CHECK(ended);
  CHECK_FALSE(mixed);
  CHECK_FALSE(files.reader->torn);
}

TEST_CASE("a new configuration reads again and forgets what it lacks") {
  Files files;
  const std::string a = files.scratch.Write("a.yaml", "a\nend");
  const std::string b = files.scratch.Write("b.yaml", "b\nend");
  files.Configure({a, b});
  REQUIRE(files.UntilSettled());
  files.reader = std::make_shared<const tests::LineReader>(26);
  files.Configure({b});
  CHECK(files.discovery->settled());
  CHECK(files.Targets() == "b:25 |");  // Until it is read again.
  REQUIRE(files.UntilTargets("b:26 |"));
  CHECK(files.Until([&] { return files.records[b].good == 2; }));
  CHECK(files.forgotten == std::set<std::string>{a});

  files.Configure({});
  CHECK(files.Targets().empty());
  CHECK(files.Until([&] { return files.forgotten.contains(b); }));
}

TEST_CASE("what an old reader still reads is thrown away") {
  Files files;
  files.scratch.Write("a.yaml", "a\nend");
  for (int round = 0; round < 20; ++round) {
    files.Configure({files.scratch.Path("*.yaml")});
    files.reader = std::make_shared<const tests::LineReader>(100 + round);
  }
  files.Configure({files.scratch.Path("*.yaml")});
  REQUIRE(files.UntilSettled());
  CHECK(files.Targets() == "a:119 |");
  CHECK(files.changes == 1);
}

TEST_CASE("a discovery may be destroyed while it reads") {
  Files files;
  files.scratch.Write("a.yaml", "a\nend");
  files.Configure({files.scratch.Path("*.yaml")});
  files.discovery = nullptr;
  uv_run(&files.loop.loop, UV_RUN_DEFAULT);
  CHECK(files.changes == 0);
}

TEST_CASE("what no event tells is found by the refresh") {
  tests::Stage stage;
  const tests::Scratch scratch;
  const auto reader = std::make_shared<const tests::LineReader>();
  Notices notices(&stage.loop.loop, stage.MakeObserver());
  Pool pool(&stage.loop.loop, 2);
  TargetFiles files(&stage.loop.loop, &notices, &pool,
                    {.refresh = std::chrono::milliseconds(20)});
  const std::string path = scratch.Write("a.yaml", "a\nend");
  files.Configure({scratch.Path("*.yaml")}, reader);
  CHECK(stage.Until([&] { return stage.records[path].good > 2; }));
}

}  // namespace
}  // namespace exporter::discovery
