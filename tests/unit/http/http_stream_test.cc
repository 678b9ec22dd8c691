// Streamed bodies.
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "exporter/http/server.h"
#include "probe/net/uv_handle.h"
#include "tests/support/catch.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server_on_loop.h"

namespace exporter::http {
namespace {

constexpr std::size_t kLarge = 40 * 1000 * 1000;

// What the bodies repeat; its length is prime, and no buffer's multiple.
const std::string& Pattern() {
  static const std::string pattern = [] {
    std::string numbers;
    while (numbers.size() < 1'000'003) {
      numbers += std::to_string(numbers.size()) + "\n";
    }
    numbers.resize(1'000'003);
    return numbers;
  }();
  return pattern;
}

// A body of `size` bytes, in uneven pieces with an empty one now and then.
// `produced` follows it.
Response::Source Numbers(std::size_t size, std::atomic<std::size_t>* produced) {
  return [=, turn = std::size_t{0}](std::string& piece) mutable {
    if (*produced == size) return false;
    if (turn++ % 10 == 0) return true;
    const std::size_t want =
        std::min(30'000 + turn * 37 % 7'000, size - *produced);
    piece = Pattern().substr(*produced % Pattern().size(), want);
    *produced += piece.size();
    return true;
  };
}

std::string WholeOf(Response::Source source) {
  std::string whole;
  std::string piece;
  while (source(piece)) {
    whole += piece;
    piece.clear();
  }
  return whole;
}

std::string ExpectedNumbers(std::size_t size) {
  std::atomic<std::size_t> produced = 0;
  return WholeOf(Numbers(size, &produced));
}

std::string Inflate(const std::string& compressed) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string input = compressed;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string output;
  std::string buffer(1 << 16, '\0');
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    result = inflate(&stream, Z_NO_FLUSH);
    output.append(buffer, 0, buffer.size() - stream.avail_out);
  }
  const uInt left = stream.avail_in;
  inflateEnd(&stream);
  CHECK(result == Z_STREAM_END);
  CHECK(left == 0);
  return output;
}

TEST_CASE("a large body arrives whole") {
  std::atomic<std::size_t> produced = 0;
  ServerOnLoop server([&](const Request& request, Respond respond) {
    produced = 0;
    respond({.source = Numbers(std::stoul(request.path.substr(1)), &produced)});
  });
  Answer large;
  Answer next;
  Answer ancient;
  server.Run([&] {
    Client client(server.address());
    large = client.Get("/" + std::to_string(kLarge));
    next = client.Get("/1000000");
    Client old(server.address());
    old.Send("GET /1000000 HTTP/1.0\r\n\r\n");
    ancient = old.Read();
  });
  CHECK(large.whole);
  CHECK((large.body == ExpectedNumbers(kLarge)));
  CHECK((next.body == ExpectedNumbers(1'000'000)));
  CHECK(ancient.header.find("chunked") == std::string::npos);
  CHECK((ancient.body == ExpectedNumbers(1'000'000)));
}

TEST_CASE("a client that reads fast does not have the loop for itself") {
  std::atomic<std::size_t> produced = 0;
  std::size_t at_turn = 0;  // What was produced when the loop's turn began.
  std::size_t most = 0;     // Produced within one turn.
  ServerOnLoop server([&](const Request&, Respond respond) {
    respond({.source = [&, numbers = Numbers(kLarge, &produced)](
                           std::string& piece) mutable {
      const bool more = numbers(piece);
      most = std::max(most, produced - at_turn);
      return more;
    }});
  });
  const auto turns = probe::net::MakeHandle<uv_prepare_t>(
      &at_turn,
      [&](uv_prepare_t* raw) { return uv_prepare_init(server.loop(), raw); });
  std::pair<std::size_t*, std::atomic<std::size_t>*> closure(&at_turn,
                                                             &produced);
  turns->data = &closure;
  uv_prepare_start(turns.get(), [](uv_prepare_t* handle) {
    auto* both = static_cast<decltype(closure)*>(handle->data);
    if (both != nullptr) *both->first = *both->second;
  });
  Answer answer;
  server.Run([&] { answer = Client(server.address()).Get("/"); });
  CHECK(answer.whole);
  CHECK(most < 1'000'000);
}

TEST_CASE("a client that does not read holds up nobody, nor fills memory") {
  std::atomic<std::size_t> produced = 0;
  ServerOnLoop server([&](const Request& request, Respond respond) {
    if (request.path == "/") return respond({.body = "small"});
    respond({.source = Numbers(kLarge, &produced)});
  });
  int small = 0;
  std::size_t produced_unread = 0;
  Answer large;
  server.Run([&] {
    Client slow(server.address(), Client::Later());
    slow.SmallReceiveBuffer();
    slow.Connect();
    slow.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    Client quick(server.address());
    for (int i = 0; i < 1000; ++i) small += quick.Get("/").body == "small";
    produced_unread = produced;
    large = slow.Read();
  });
  CHECK(small == 1000);
  // What the kernel buffers (4 MB by default) and one piece.
  CHECK(produced_unread > 0);
  CHECK(produced_unread < kLarge / 4);
  CHECK(large.whole);
  CHECK(large.body.size() == kLarge);
}

TEST_CASE("a client that leaves in the middle ends the body") {
  std::atomic<std::size_t> produced = 0;
  auto alive = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = alive;
  ServerOnLoop server([&](const Request& request, Respond respond) {
    if (request.path == "/") return respond({.body = "small"});
    respond({.source = [kept = std::exchange(alive, nullptr),
                        source = Numbers(kLarge, &produced)](
                           std::string& piece) { return source(piece); }});
  });
  server.Run([&] {
    Client leaver(server.address());
    leaver.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!leaver.HasNews()) {
    }
    leaver.Reset();
    // Every answer is a turn of the loop; the reset is soon among them.
    Client quick(server.address());
    while (!seen.expired()) quick.Get("/");
  });
  CHECK(seen.expired());
  CHECK(produced < kLarge);
}

TEST_CASE("a source that fails breaks the body off") {
  ServerOnLoop server([](const Request& request, Respond respond) {
    if (request.path == "/") return respond({.body = "fine"});
    respond({.source = [turn = 0](std::string& piece) mutable {
      if (++turn == 3) throw std::runtime_error("a bug");
      piece = "piece\n";
      return true;
    }});
  });
  Answer broken;
  Answer fine;
  server.Run([&] {
    Client client(server.address());
    broken = client.Get("/broken");
    fine = Client(server.address()).Get("/");
  });
  CHECK(broken.status == 200);
  CHECK_FALSE(broken.whole);
  CHECK(broken.body == "piece\npiece\n");
  CHECK(fine.body == "fine");
}

TEST_CASE("a body without pieces is empty") {
  ServerOnLoop server([](const Request&, Respond respond) {
    respond({.source = [](std::string&) { return false; }});
  });
  Answer answer;
  server.Run([&] { answer = Client(server.address()).Get("/"); });
  CHECK(answer.status == 200);
  CHECK(answer.whole);
  CHECK(answer.body.empty());
}

TEST_CASE("gzip is what zlib unpacks") {
  for (const std::size_t size :
       {0UL, 1UL, 100UL, 30'000UL, 16'384UL * 4, 5'000'000UL}) {
    INFO(size);
    std::atomic<std::size_t> produced = 0;
    const std::string packed = WholeOf(Gzip(Numbers(size, &produced)));
    CHECK((Inflate(packed) == ExpectedNumbers(size)));
    CHECK((size < 1000 || packed.size() < size / 2));
  }
}

TEST_CASE("gzip keeps no more than a piece, even of noise") {
  std::size_t left = 200;
  unsigned state = 1;
  std::string noise;
  auto source = Gzip([&](std::string& piece) {
    if (left-- == 0) return false;
    while (piece.size() < 10'000) {
      state = state * 1664525U + 1013904223U;
      piece += static_cast<char>(state >> 24U);
    }
    noise += piece;
    return true;
  });
  std::string packed;
  std::string piece;
  std::size_t longest = 0;
  while (source(piece)) {
    longest = std::max(longest, piece.size());
    packed += piece;
    piece.clear();
  }
  CHECK(longest < 100'000);
  CHECK_FALSE(source(piece));
  CHECK((Inflate(packed) == noise));
}

TEST_CASE("gzip passes a failure on") {
  auto source = Gzip([](std::string&) -> bool { throw std::logic_error("x"); });
  std::string piece;
  CHECK_THROWS_AS(source(piece), std::logic_error);
}

TEST_CASE("a gzipped body is served") {
  std::atomic<std::size_t> produced = 0;
  ServerOnLoop server([&](const Request&, Respond respond) {
    respond({.headers = {{"Content-Encoding", "gzip"}},
             .source = Gzip(Numbers(5'000'000, &produced))});
  });
  Answer answer;
  server.Run([&] { answer = Client(server.address()).Get("/"); });
  CHECK(answer.whole);
  CHECK((Inflate(answer.body) == ExpectedNumbers(5'000'000)));
}

}  // namespace
}  // namespace exporter::http
