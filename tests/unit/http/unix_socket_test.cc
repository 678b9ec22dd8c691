#include "exporter/http/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

#include "exporter/http/server.h"
#include "tests/support/catch.h"
#include "tests/unit/config/scratch.h"
#include "tests/unit/http/server_on_loop.h"

namespace exporter::http {
namespace {

namespace fs = std::filesystem;

sockaddr_un Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// What the server answers through the socket; none when nobody listens.
std::optional<std::string> Ask(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = Address(path);
  std::optional<std::string> answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0) {
    const std::string request =
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    answer.emplace();
    std::array<char, 4096> bytes;
    ssize_t count = 0;
    while ((count = recv(fd, bytes.data(), bytes.size(), 0)) > 0) {
      answer->append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  close(fd);
  return answer;
}

// Leaves the file of a socket that nobody listens on, as a crash does.
void LeaveStale(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = Address(path);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address),
               sizeof(address)) == 0);
  close(fd);
  REQUIRE(fs::is_socket(path));
}

TEST_CASE("requests come through a Unix socket") {
  const tests::Scratch scratch;
  const std::string path = scratch.Path("prober.sock");
  std::string client = "unset";
  std::optional<std::string> answer;
  {
    ServerOnLoop server(
        [&](const Request& request, const Respond& respond) {
          client = request.client;
          respond({.body = "fine"});
        },
        Limits(), "unix:" + path);
    CHECK(server.address() == "unix:" + path);
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == kUnixSocketMode);
    server.Run([&] { answer = Ask(path); });
  }
  REQUIRE(answer.has_value());
  CHECK(answer->ends_with("\r\n\r\nfine"));
  CHECK(client.empty());
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a socket without a listener is replaced") {
  const tests::Scratch scratch;
  const std::string path = scratch.Path("prober.sock");
  LeaveStale(path);
  const auto socket = OpenUnixSocket(path);
  if (!socket) FAIL(socket.error());
  CHECK(socket->address == "unix:" + path);
}

TEST_CASE("a socket with a listener is left alone") {
  const tests::Scratch scratch;
  const std::string path = scratch.Path("prober.sock");
  const auto first = OpenUnixSocket(path);
  REQUIRE(first.has_value());
  const auto second = OpenUnixSocket(path);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error() == "address already in use");
  CHECK(fs::is_socket(path));
}

TEST_CASE("what is no socket is left alone") {
  const tests::Scratch scratch;
  const std::string path = scratch.Write("file", "precious");
  fs::create_directory(scratch.Path("folder"));
  fs::create_symlink(path, scratch.Path("link"));
  for (const char* const name : {"file", "folder", "link"}) {
    const auto socket = OpenUnixSocket(scratch.Path(name));
    REQUIRE_FALSE(socket.has_value());
    CHECK(socket.error() == "there is a file that is no socket");
  }
  CHECK(fs::file_size(path) == 8);
}

TEST_CASE("what cannot be listened on is an error") {
  const tests::Scratch scratch;
  CHECK(OpenUnixSocket("").error() == "a path is missing");
  CHECK(OpenUnixSocket("/" + std::string(107, 'x')).error() ==
        "the path is longer than 107 bytes");
  CHECK(OpenUnixSocket(scratch.Path("no/such/folder")).error() ==
        "no such file or directory");
}

TEST_CASE("another's socket is not removed") {
  const tests::Scratch scratch;
  const std::string path = scratch.Path("prober.sock");
  {
    const auto socket = OpenUnixSocket(path);
    REQUIRE(socket.has_value());
    fs::remove(path);
    LeaveStale(path);
  }
  CHECK(fs::is_socket(path));
}

}  // namespace
}  // namespace exporter::http
