// What the service manager is told, on a real datagram socket.
#include "exporter/service_manager.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probe/net/timer.h"
#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using Answered = std::function<void()>;

// The manager's end. `name` as in $NOTIFY_SOCKET: a path, or "@" and a name.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& name)
      : name_(name), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(name.size() < sizeof(address.sun_path));
    name.copy(address.sun_path, name.size());
    if (name.starts_with('@')) address.sun_path[0] = '\0';
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), length) ==
            0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~NotifySocket() {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(fd_);
    if (name_.starts_with('/')) std::filesystem::remove(name_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  static void WantWatchdog(std::chrono::microseconds limit,
                           pid_t process = getpid()) {
    setenv("WATCHDOG_USEC", std::to_string(limit.count()).c_str(), 1);
    setenv("WATCHDOG_PID", std::to_string(process).c_str(), 1);
  }

  // The next text; none if there is none for so long.
  std::optional<std::string> Next(std::chrono::milliseconds patience = 10s) {
    pollfd poller{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&poller, 1, static_cast<int>(patience.count())) != 1) {
      return std::nullopt;
    }
    std::array<char, 4096> buffer{};
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    REQUIRE(size >= 0);
    return std::string(buffer.data(), static_cast<std::size_t>(size));
  }

  int fd() const { return fd_; }

 private:
  const std::string name_;
  const int fd_;
};

std::string TestPath() {
  return std::filesystem::temp_directory_path() /
         ("notify-" + std::to_string(getpid()));
}

std::string TestAbstract() { return "@notify-" + std::to_string(getpid()); }

// Turns the loop for so long.
void Turn(uv_loop_t* loop, probe::Duration time) {
  bool over = false;
  probe::net::Timer timer(loop, [&] { over = true; });
  timer.At(probe::net::Now() + time);
  while (!over) uv_run(loop, UV_RUN_ONCE);
}

void NeverAsk(const Answered& /*answered*/) { FAIL("nobody wants a watchdog"); }

TEST_CASE("a manager is told of the whole life") {
  const std::string name = GENERATE(TestPath(), TestAbstract());
  tests::CheckedLoop checked;
  NotifySocket socket(name);
  {
    ServiceManager manager(&checked.loop, &NeverAsk);
    manager.SetStatus("Not yet.");
    manager.Ready();
    CHECK(socket.Next() == "READY=1");
    manager.Ready();
    manager.SetStatus("Targets: 3");
    CHECK(socket.Next() == "STATUS=Targets: 3");

    manager.Reloading();
    const auto reloading = socket.Next().value_or("");
    CHECK(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
    const auto age = std::chrono::steady_clock::now().time_since_epoch() -
                     std::chrono::microseconds(std::stoll(
                         reloading.substr(reloading.rfind('=') + 1)));
    CHECK(age >= 0s);
    CHECK(age < 10s);
    manager.SetStatus("Not now.");
    manager.Ready();
    CHECK(socket.Next() == "READY=1");

    manager.Stopping();
    CHECK(socket.Next() == "STOPPING=1\nSTATUS=Conversations end with QUIT");
    manager.Stopping();
    manager.Reloading();
    manager.Ready();
    manager.SetStatus("Not any more.");
  }
  CHECK(socket.Next(0ms) == std::nullopt);
}

TEST_CASE("a line is told when it is another one, and not all the time") {
  tests::CheckedLoop checked;
  NotifySocket socket(TestPath());
  ServiceManager manager(&checked.loop, &NeverAsk);
  manager.Ready();
  CHECK(socket.Next() == "READY=1");
  manager.SetStatus("Targets: 1");
  manager.SetStatus("Targets: 2");
  CHECK(socket.Next() == "STATUS=Targets: 1");
  CHECK(socket.Next(100ms) == std::nullopt);
  // After a reload at once.
  manager.Reloading();
  manager.Ready();
  manager.SetStatus("Targets: 1");
  manager.SetStatus("Targets: 3");
  socket.Next();
  CHECK(socket.Next() == "READY=1");
  CHECK(socket.Next() == "STATUS=Targets: 3");
}

TEST_CASE("signs of life come twice in the time, while there are answers") {
  tests::CheckedLoop checked;
  NotifySocket socket(TestPath());
  NotifySocket::WantWatchdog(200ms);
  bool hangs = false;
  int asked = 0;
  Answered late;
  ServiceManager manager(&checked.loop, [&](Answered answered) {
    ++asked;
    if (hangs) {
      late = std::move(answered);
    } else {
      answered();
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  Turn(&checked.loop, 1050ms);
  int signs = 0;
  while (socket.Next(20ms) == "WATCHDOG=1") ++signs;
  // No more than the clock allows; a busy machine may lose some.
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(signs >= 5);
  CHECK(signs <= took / 100ms);

  hangs = true;
  asked = 0;
  Turn(&checked.loop, 500ms);
  while (socket.Next(20ms)) {
  }
  CHECK(asked == 1);  // And not again before it answers.
  Turn(&checked.loop, 300ms);
  CHECK(socket.Next(20ms) == std::nullopt);
  REQUIRE(late);
  hangs = false;
  std::exchange(late, nullptr)();
  CHECK(socket.Next() == "WATCHDOG=1");
  Turn(&checked.loop, 300ms);
  CHECK(socket.Next(20ms) == "WATCHDOG=1");
}

TEST_CASE("signs of life are those of the process that is watched") {
  tests::CheckedLoop checked;
  NotifySocket socket(TestPath());
  NotifySocket::WantWatchdog(20ms, getppid());
  ServiceManager manager(&checked.loop, &NeverAsk);
  Turn(&checked.loop, 100ms);
  CHECK(socket.Next(0ms) == std::nullopt);
}

TEST_CASE("a manager that does not read holds nobody up") {
  // It shall have read all: the last is not lost.
  const bool recovers = GENERATE(true, false);
  tests::CheckedLoop checked;
  NotifySocket socket(TestPath());
  NotifySocket::WantWatchdog(2ms);
  const auto begin = std::chrono::steady_clock::now();
  {
    ServiceManager manager(&checked.loop,
                           [](const Answered& answered) { answered(); });
    // Far more than the kernel queues.
    Turn(&checked.loop, 500ms);
    manager.Ready();
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    if (recovers) {
      std::vector<std::string> texts;
      while (texts.empty() || texts.back() != "READY=1") {
        texts.push_back(socket.Next().value());
      }
      // What comes again did not pile up.
      CHECK(texts.size() < 100);
    }
  }
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  // Lets a thread that still hangs go.
  while (socket.Next(100ms)) {
  }
}

TEST_CASE("without a manager nothing happens") {
  tests::CheckedLoop checked;
  NotifySocket::WantWatchdog(2ms);
  ServiceManager manager(&checked.loop, &NeverAsk);
  manager.Ready();
  manager.SetStatus("Targets: 1");
  Turn(&checked.loop, 50ms);
  manager.Reloading();
  manager.Stopping();
  unsetenv("WATCHDOG_USEC");
  unsetenv("WATCHDOG_PID");
}

}  // namespace
}  // namespace exporter
