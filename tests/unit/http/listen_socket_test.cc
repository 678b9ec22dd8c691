#include "exporter/http/listen_socket.h"

#include <uv.h>

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace exporter::http {
namespace {

class Loop {
 public:
  Loop() { REQUIRE(uv_loop_init(&loop_) == 0); }
  ~Loop() { CHECK(uv_loop_close(&loop_) == 0); }
  uv_loop_t* get() { return &loop_; }

 private:
  uv_loop_t loop_;
};

TEST_CASE("what can be listened on") {
  struct Row {
    std::string address;
    std::string want;  // Without the port.
  };
  const std::vector<Row> rows = {
      {"127.0.0.1:0", "127.0.0.1"},
      {"0.0.0.0:0", "0.0.0.0"},
      {"[::1]:0", "[::1]"},
      {"[::]:0", "[::]"},
      {":0", "[::]"},
      {"localhost:0", "127.0.0.1"},
  };
  Loop loop;
  for (const Row& row : rows) {
    INFO(row.address);
    const auto socket = OpenListenSocket(loop.get(), row.address);
    if (!socket) FAIL(socket.error());
    const std::size_t colon = socket->address.rfind(':');
    CHECK(socket->address.substr(0, colon) == row.want);
    CHECK(socket->address.substr(colon) != ":0");
  }
}

TEST_CASE("what cannot be listened on, and why") {
  const std::string brackets =
      "an IPv6 address must stand in brackets, as in \"[::1]:10125\"";
  struct Row {
    std::string address;
    std::string want;
  };
  const std::vector<Row> rows = {
      {"", "a port is missing, as in \":10125\""},
      {"10125", "a port is missing, as in \":10125\""},
      {"127.0.0.1", "a port is missing, as in \":10125\""},
      {"127.0.0.1:", "port \"\" is not a number from 0 to 65535"},
      {":65536", "port \"65536\" is not a number from 0 to 65535"},
      {":-1", "port \"-1\" is not a number from 0 to 65535"},
      {":http", "port \"http\" is not a number from 0 to 65535"},
      {":80x", "port \"80x\" is not a number from 0 to 65535"},
      {"::1:80", brackets},
      {"[::1:80", brackets},
      {"[]:80", brackets},
      {"[127.0.0.1]:80", "only an IPv6 address stands in brackets"},
      // RFC 5737 and RFC 3849: of documentation, on no host.
      {"192.0.2.1:0", "address not available"},
      {"[2001:db8::1]:0", "address not available"},
  };
  Loop loop;
  for (const Row& row : rows) {
    INFO(row.address);
    const auto socket = OpenListenSocket(loop.get(), row.address);
    REQUIRE_FALSE(socket.has_value());
    CHECK(socket.error() == "listen on " + row.address + ": " + row.want);
  }
}

TEST_CASE("a port in use is refused") {
  Loop loop;
  const auto first = OpenListenSocket(loop.get(), "127.0.0.1:0");
  REQUIRE(first.has_value());
  const auto second = OpenListenSocket(loop.get(), first->address);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error() ==
        "listen on " + first->address + ": address already in use");
}

TEST_CASE("a name that does not exist is refused") {
  Loop loop;
  // RFC 6761: .invalid never resolves, and no resolver is needed to know.
  const auto socket = OpenListenSocket(loop.get(), "no.such.invalid:0");
  REQUIRE_FALSE(socket.has_value());
  CHECK(socket.error().starts_with("listen on no.such.invalid:0: "));
}

}  // namespace
}  // namespace exporter::http
