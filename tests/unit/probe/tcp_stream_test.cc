#include "probe/net/tcp_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/net/socket_address.h"
#include "tests/support/catch.h"

namespace probe::net {
namespace {

const IpAddress kLocal4 = *IpAddress::Parse("127.0.0.1");
const IpAddress kLocal6 = *IpAddress::Parse("::1");

// A loop that ends by itself: with nothing left, or after 10 s.
struct Loop {
  Loop() {
    std::signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop);
    watchdog = std::make_unique<Timer>(&loop, [this] {
      timed_out = true;
      uv_stop(&loop);
    });
  }
  ~Loop() {
    watchdog.reset();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }
  void RunUntil(const std::function<bool()>& done) {
    watchdog->At(Now() + std::chrono::seconds(10));
    while (!done() && !timed_out) uv_run(&loop, UV_RUN_ONCE);
    watchdog->Stop();
    REQUIRE_FALSE(timed_out);
  }
  uv_loop_t loop;
  bool timed_out = false;
  std::unique_ptr<Timer> watchdog;
};

// A descriptor of the test's own side.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) {
    other.number_ = -1;
  }
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return number_; }
  void Close() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }
  void Reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    setsockopt(number_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    Close();
  }
  void Send(std::string_view bytes) const {
    REQUIRE(send(number_, bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
  }

 private:
  int number_;
};

// A blocking listener; the stream's connection waits in its backlog.
class Listener {
 public:
  explicit Listener(const IpAddress& address = kLocal4)
      : socket_(socket(address.is_ip6() ? AF_INET6 : AF_INET, SOCK_STREAM, 0)) {
    const SocketAddress any_port(address, 0);
    REQUIRE(bind(socket_.get(), any_port.get(), any_port.size()) == 0);
    REQUIRE(listen(socket_.get(), 16) == 0);
    sockaddr_in6 bound{};  // The port stands where sockaddr_in has it.
    socklen_t size = sizeof(bound);
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = ntohs(bound.sin6_port);
  }
  std::uint16_t port() const { return port_; }
  Descriptor Accept() const {
    return Descriptor(accept(socket_.get(), nullptr, nullptr));
  }
  void Close() { socket_.Close(); }

 private:
  Descriptor socket_;
  std::uint16_t port_ = 0;
};

// Notes what comes and does what the test asks in that moment.
struct Recorder final : TcpStream::Events {
  void OnConnected() override {
    log.push_back("connected");
    if (on_connected) on_connected();
  }
  void OnBytes(std::string_view bytes) override {
    received += bytes;
    if (on_bytes) on_bytes();
  }
  void OnEof() override {
    log.push_back("eof");
    if (on_end) on_end();
  }
  void OnError(int error) override {
    last_error = error;
    log.push_back(uv_err_name(error));
    if (on_end) on_end();
  }
  bool Ended() const { return !log.empty() && log.back() != "connected"; }
  std::vector<std::string> log;
  std::string received;
  int last_error = 0;
  std::function<void()> on_connected, on_bytes, on_end;
};

using Log = std::vector<std::string>;

// A stream and its peer, connected.
struct Connected {
  Connected() : stream(&loop.loop, &seen) {
    stream.Connect(kLocal4, listener.port(), std::nullopt);
    peer.emplace(listener.Accept());
    loop.RunUntil([this] { return !seen.log.empty(); });
  }
  Loop loop;
  Listener listener;
  Recorder seen;
  TcpStream stream;
  std::optional<Descriptor> peer;
};

TEST_CASE("bytes go both ways, then the peer closes") {
  for (const IpAddress& address : {kLocal4, kLocal6}) {
    Loop loop;
    Listener listener(address);
    Recorder seen;
    TcpStream stream(&loop.loop, &seen);
    stream.Connect(address, listener.port(), std::nullopt);
    CHECK(seen.log.empty());
    Descriptor peer = listener.Accept();
    loop.RunUntil([&] { return !seen.log.empty(); });
    CHECK(seen.log == Log{"connected"});

    stream.Write("EHLO x\r\n");
    std::array<char, 64> buffer{};
    CHECK(recv(peer.get(), buffer.data(), buffer.size(), 0) == 8);
    CHECK(std::string_view(buffer.data(), 8) == "EHLO x\r\n");

    peer.Send("250 hi\r\n");
    loop.RunUntil([&] { return seen.received.size() == 8; });
    CHECK(seen.received == "250 hi\r\n");
    peer.Close();
    loop.RunUntil([&] { return seen.Ended(); });
    CHECK(seen.log == Log{"connected", "eof"});
    CHECK_FALSE(stream.HasUnread());
  }
}

TEST_CASE("the connection has no Nagle delay and the given source") {
  Loop loop;
  Listener listener;
  Recorder seen;
  TcpStream stream(&loop.loop, &seen);
  stream.Connect(kLocal4, listener.port(), IpAddress::Parse("127.0.0.9"));
  Descriptor peer = listener.Accept();
  loop.RunUntil([&] { return !seen.log.empty(); });
  CHECK(seen.log == Log{"connected"});
  sockaddr_in from{};
  socklen_t size = sizeof(from);
  getpeername(peer.get(), reinterpret_cast<sockaddr*>(&from), &size);
  CHECK(ntohl(from.sin_addr.s_addr) == 0x7f000009);
}

TEST_CASE("failures to connect come later, as errors") {
  struct Case {
    const char* name;
    const char* address;
    const char* source;
    const char* want;
    Reason reason;
  };
  // No route: the limited broadcast address and a source that no interface
  // has; the kernel refuses both inside connect(2) and bind(2).
  const Case cases[] = {
      {"nobody listens", "127.0.0.1", nullptr, "ECONNREFUSED",
       Reason::kRefused},
      {"nobody listens, IPv6", "::1", nullptr, "ECONNREFUSED",
       Reason::kRefused},
      {"foreign source", "127.0.0.1", "192.0.2.77", "EADDRNOTAVAIL",
       Reason::kUnreachable},
      {"refused by connect(2)", "255.255.255.255", nullptr, "",
       Reason::kUnreachable},
      {"source of the other family", "127.0.0.1", "::1", "", Reason::kInternal},
  };
  for (const Case& test : cases) {
    INFO(test.name);
    Loop loop;
    Listener unused;  // A port that was free a moment ago.
    unused.Close();
    Recorder seen;
    TcpStream stream(&loop.loop, &seen);
    stream.Connect(
        *IpAddress::Parse(test.address), unused.port(),
        test.source == nullptr ? std::nullopt : IpAddress::Parse(test.source));
    CHECK(seen.log.empty());
    stream.Write("dropped");
    CHECK_FALSE(stream.HasUnread());
    loop.RunUntil([&] { return seen.Ended(); });
    uv_run(&loop.loop, UV_RUN_NOWAIT);
    CAPTURE(seen.log);
    REQUIRE(seen.log.size() == 1);
    if (*test.want != '\0') CHECK(seen.log[0] == test.want);
    CHECK(Name(ReasonOf(seen.last_error)) == Name(test.reason));
  }
}

TEST_CASE("no descriptors left is an error that comes later") {
  Loop loop;
  Listener listener;
  uv_run(&loop.loop, UV_RUN_NOWAIT);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  Recorder seen;
  TcpStream stream(&loop.loop, &seen);
  stream.Connect(kLocal4, listener.port(), std::nullopt);
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(seen.log.empty());
  loop.RunUntil([&] { return seen.Ended(); });
  CHECK(seen.log == Log{"EMFILE"});
}

TEST_CASE("a stream that is destroyed hears nothing more") {
  const char* const moments[] = {
      "before the failure", "while connecting", "on connected",
      "on bytes",           "on eof",           "on error",
      "on failure to start"};
  for (const std::string moment : moments) {
    INFO(moment);
    Loop loop;
    Listener listener;
    Recorder seen;
    auto stream = std::make_unique<TcpStream>(&loop.loop, &seen);
    std::size_t events = 0;
    const auto destroy = [&] {
      stream.reset();
      events = seen.log.size();
    };
    if (moment == "on connected") seen.on_connected = destroy;
    if (moment == "on bytes") seen.on_bytes = destroy;
    if (moment == "on eof" || moment == "on error" ||
        moment == "on failure to start") {
      seen.on_end = destroy;
    }
    const bool fails =
        moment == "before the failure" || moment == "on failure to start";
    stream->Connect(kLocal4, listener.port(),
                    fails ? IpAddress::Parse("192.0.2.77") : std::nullopt);
    if (moment == "while connecting" || moment == "before the failure") {
      destroy();
      for (int turn = 0; turn < 10; ++turn) {
        uv_run(&loop.loop, UV_RUN_NOWAIT);
      }
    } else if (!fails) {
      Descriptor peer = listener.Accept();
      peer.Send(std::string(100, 'x'));
      if (moment == "on error") {
        peer.Reset();
      } else {
        peer.Close();
      }
    }
    loop.RunUntil([&] { return stream == nullptr; });
    uv_run(&loop.loop, UV_RUN_NOWAIT);
    CHECK(seen.log.size() == events);
  }
}

TEST_CASE("what the peer said before it reset is delivered first") {
  Connected c;
  c.peer->Send("421 go away\r\n");
  c.peer->Reset();
  // The writes fail, and take the error that the read is to report.
  c.stream.Write("EHLO x\r\n");
  c.stream.Write("QUIT\r\n");
  CHECK(c.seen.received.empty());
  c.loop.RunUntil([&] { return c.seen.Ended(); });
  CHECK(c.seen.received == "421 go away\r\n");
  CHECK(c.seen.log == Log{"connected", "ECONNRESET"});
}

TEST_CASE("a reset that comes with the last bytes is no EOF") {
  Connected c;
  c.peer->Send("220 mx\r\n");
  c.peer->Reset();
  c.loop.RunUntil([&] { return c.seen.Ended(); });
  CHECK(c.seen.received == "220 mx\r\n");
  CHECK(c.seen.log == Log{"connected", "ECONNRESET"});
}

TEST_CASE("a peer that has closed is closed, though it resets what we write") {
  Connected c;
  c.peer->Send("220 mx\r\n");
  c.peer->Close();
  // Answered by a reset; the second one fails, for it has arrived.
  c.stream.Write("EHLO x\r\n");
  c.stream.Write("QUIT\r\n");
  c.loop.RunUntil([&] { return c.seen.Ended(); });
  CHECK(c.seen.received == "220 mx\r\n");
  CHECK(c.seen.log == Log{"connected", "eof"});
}

TEST_CASE("a reset is an error") {
  Connected c;
  c.peer->Reset();
  // Asking for unread bytes does not take the error away.
  CHECK_FALSE(c.stream.HasUnread());
  c.loop.RunUntil([&] { return c.seen.Ended(); });
  CHECK(c.seen.log == Log{"connected", "ECONNRESET"});
}

TEST_CASE("unread bytes are seen before they are delivered") {
  Loop loop;
  Listener listener;
  Recorder seen;
  TcpStream stream(&loop.loop, &seen);
  CHECK_FALSE(stream.HasUnread());
  stream.Connect(kLocal4, listener.port(), std::nullopt);
  Descriptor peer = listener.Accept();
  loop.RunUntil([&] { return !seen.log.empty(); });
  CHECK_FALSE(stream.HasUnread());
  peer.Send("220 a\r\n");
  CHECK(stream.HasUnread());
  CHECK(seen.received.empty());
  loop.RunUntil([&] { return !seen.received.empty(); });
  CHECK(seen.received == "220 a\r\n");
  CHECK_FALSE(stream.HasUnread());
  peer.Close();
  loop.RunUntil([&] { return seen.Ended(); });
  CHECK_FALSE(stream.HasUnread());
}

TEST_CASE("a stream may be destroyed with writes in flight") {
  Loop loop;
  Listener listener;
  Recorder seen;
  auto stream = std::make_unique<TcpStream>(&loop.loop, &seen);
  stream->Connect(kLocal4, listener.port(), std::nullopt);
  Descriptor peer = listener.Accept();
  loop.RunUntil([&] { return !seen.log.empty(); });
  // More than any socket buffer takes, and nobody reads.
  for (int i = 0; i < 8; ++i) stream->Write(std::string(4 << 20, 'w'));
  uv_run(&loop.loop, UV_RUN_NOWAIT);
  stream.reset();
}

TEST_CASE("large input arrives whole and in order") {
  Loop loop;
  Listener listener;
  Recorder seen;
  TcpStream stream(&loop.loop, &seen);
  stream.Connect(kLocal4, listener.port(), std::nullopt);
  Descriptor peer = listener.Accept();
  std::string sent;
  for (int i = 0; sent.size() < 900'000; ++i) sent += std::to_string(i);
  std::size_t offset = 0;
  loop.RunUntil([&] {
    const ssize_t count = send(peer.get(), sent.data() + offset,
                               sent.size() - offset, MSG_DONTWAIT);
    if (count > 0) offset += static_cast<std::size_t>(count);
    return seen.received.size() == sent.size();
  });
  CHECK((seen.received == sent));
}

TEST_CASE("libuv's codes become reasons") {
  struct Case {
    int error;
    Reason want;
  };
  const Case cases[] = {
      {UV_ECONNREFUSED, Reason::kRefused},
      {UV_ENETUNREACH, Reason::kUnreachable},
      {UV_EHOSTUNREACH, Reason::kUnreachable},
      {UV_EADDRNOTAVAIL, Reason::kUnreachable},
      {UV_ENETDOWN, Reason::kUnreachable},
      {UV_EAFNOSUPPORT, Reason::kUnreachable},
      {UV_EACCES, Reason::kUnreachable},
      {UV_EPERM, Reason::kUnreachable},
      {UV_ECONNRESET, Reason::kReset},
      {UV_EPIPE, Reason::kReset},
      {UV_ECONNABORTED, Reason::kReset},
      {UV_ETIMEDOUT, Reason::kTimeout},
      {UV_EMFILE, Reason::kInternal},
      {UV_ENFILE, Reason::kInternal},
      {UV_ENOMEM, Reason::kInternal},
      {UV_ENOBUFS, Reason::kInternal},
      {UV_EINVAL, Reason::kInternal},
      {-12345, Reason::kInternal},
  };
  for (const Case& test : cases) {
    INFO(test.error);
    CHECK(Name(ReasonOf(test.error)) == Name(test.want));
  }
}

}  // namespace
}  // namespace probe::net
