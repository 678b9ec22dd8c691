#include "exporter/http/request_parser.h"

#include <string>
#include <string_view>
#include <vector>

#include "exporter/http/request_target.h"
#include "tests/support/catch.h"

namespace exporter::http {
namespace {

constexpr std::size_t kHeaderBytes = 1000;
constexpr std::size_t kBodyBytes = 100;

// What a parser makes of bytes that come in pieces of `piece`.
std::string Parse(std::string_view bytes, std::size_t piece) {
  RequestParser parser(kHeaderBytes, kBodyBytes);
  std::string_view left = bytes;
  while (!left.empty()) {
    const std::size_t some = std::min(piece, left.size());
    const std::size_t taken = parser.Feed(left.substr(0, some));
    left.remove_prefix(taken);
    if (taken < some) break;
  }
  std::string text;
  switch (parser.state()) {
    case RequestParser::State::kHead:
      return "head";
    case RequestParser::State::kBody:
      return "body";
    case RequestParser::State::kRefused:
      return "refused " + std::to_string(parser.refusal());
    case RequestParser::State::kComplete:
      break;
  }
  RequestHead& head = parser.head();
  text = head.request.method + " " + head.request.path;
  for (const auto& [name, value] : head.request.arguments) {
    text.append(" ").append(name).append("=").append(value);
  }
  for (const auto& [name, value] : head.request.headers) {
    if (name != "host") text.append(" ").append(name).append(":").append(value);
  }
  if (head.is_http_1_0) text += " 1.0";
  if (!head.keeps_alive) text += " closes";
  if (head.expects_continue) text += " waits";
  if (parser.refusal() != 0) text += " " + std::to_string(parser.refusal());
  if (!left.empty()) text.append(" then ").append(left);
  return text;
}

// The same however the bytes are cut.
std::string Parse(const std::string& bytes) {
  const std::string whole = Parse(bytes, bytes.size() + 1);
  for (const std::size_t piece : {1, 2, 3, 7, 50}) {
    INFO(piece);
    CHECK(Parse(bytes, piece) == whole);
  }
  return whole;
}

TEST_CASE("a request is read") {
  struct Row {
    std::string bytes;
    std::string want;
  };
  const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked = post + "Transfer-Encoding: Chunked\r\n\r\n";
  const std::vector<Row> rows = {
      {"", "head"},
      {"GET / HTTP/1.1\r\n", "head"},
      {get + "\r\n", "GET /"},
      {get + "\r\nGET /2", "GET / then GET /2"},
      {"\r\n\r\n\r\n" + get + "\r\n", "GET /"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / 1.0 closes"},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
       "GET / connection:Keep-Alive 1.0"},
      {"GET / HTTP/1.7\r\nHost: x\r\n\r\n", "GET /"},
      {get + "Connection: te , CLOSE\r\n\r\n",
       "GET / connection:te , CLOSE "
       "closes"},
      {get + "Connection: closed\r\n\r\n", "GET / connection:closed"},
      {get + "A:\r\nb: \t c d\t \r\nA: e\r\n\r\n", "GET / a:, e b:c d"},
      {get + "A: \xc3\xa4\r\n\r\n", "GET / a:\xc3\xa4"},
      {"GET http://proxy.example/a?b=c HTTP/1.1\r\nHost: x\r\n\r\n",
       "GET /a b=c"},
      {"GET HTTPS://proxy.example:8443 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /"},
      {"GET http://proxy.example?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET / b="},
      {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS *"},
      {"CONNECT a:25 HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT a:25"},
      {post + "Content-Length: 3\r\n\r\nab", "body"},
      {post + "Content-Length: 3\r\n\r\nabcd",
       "POST / content-length:3 then d"},
      {post + "Content-Length: 100\r\n\r\n" + std::string(100, 'x'),
       "POST / content-length:100"},
      {post + "Content-Length: 101\r\n\r\n" + std::string(101, 'x') + "next",
       "POST / content-length:101 413 then next"},
      {post + "Content-Length: 1048577\r\n\r\n", "refused 413"},
      {post + "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
       "POST / expect:100-Continue content-length:1 waits"},
      {chunked + "3\r\nabc\r\n0\r\n\r\nnext",
       "POST / transfer-encoding:Chunked then next"},
      {chunked + "00003;a=\"b\"\r\nabc\r\nA\r\n0123456789\r\n0\r\n"
                 "Trailer: x\r\n\r\n",
       "POST / transfer-encoding:Chunked"},
      {chunked + "65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n",
       "POST / transfer-encoding:Chunked 413"},
      {chunked + "100001\r\n", "refused 413"},
  };
  for (const Row& row : rows) {
    INFO(row.bytes);
    CHECK(Parse(row.bytes) == row.want);
  }
}

TEST_CASE("what two readers could take for different requests is refused") {
  const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
  const std::vector<std::string> malformed = {
      "GET / HTTP/1.1\n",
      "GET / HTTP/1.1\r\nHost: x\n",
      "GET / HTTP/1.1\r\nHost: x\r\r\n",
      "GET / HTTP/1.1\rHost: x",
      "\r\rGET",
      std::string("GET / HTTP/1.1\r\nHost: x\0y", 25),
      "\x16\x03\x01\x02",  // A TLS ClientHello.
      "GET / HTTP/1.1\r\nHost: x\r\nA: b\x7f\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / a HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /\tHTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
      "GET / http/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.10\r\nHost: x\r\n\r\n",
      "GET / HTTP/1\r\nHost: x\r\n\r\n",
      "GET /\r\nHost: x\r\n\r\n",
      "GET\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      get + "Host: y\r\n\r\n",
      get + "A : b\r\n\r\n",
      get + ": b\r\n\r\n",
      get + "A\r\n\r\n",
      get + " folded: b\r\n\r\n",
      get + "A: b\r\n c\r\n\r\n",
      "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
      chunked + "Content-Length: 3\r\n\r\n",
      chunked + "Transfer-Encoding: chunked\r\n\r\n",
      chunked + "\r\n\r\n",
      chunked + "\r\n3\n",
      chunked + "\r\n3\r\nabcd\r\n",
      chunked + "\r\n g\r\n",
      chunked + "\r\n-1\r\n",
      chunked + "\r\n" + std::string(300, '0') + "\r\n",
  };
  for (const std::string& bytes : malformed) {
    INFO(bytes);
    CHECK(Parse(bytes) == "refused 400");
  }
}

TEST_CASE("what is too long is refused before it ends") {
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "a:\r\n";
  std::string arguments;
  for (int i = 0; i < 101; ++i) arguments += "a&";
  struct Row {
    std::string bytes;
    std::string want;
  };
  const std::vector<Row> rows = {
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "refused 505"},
      {std::string(kHeaderBytes, 'x'), "refused 414"},
      {"GET /" + std::string(kHeaderBytes, 'x'), "refused 414"},
      {"GET / HTTP/1.1\r\nA: " + std::string(kHeaderBytes, 'x'), "refused 431"},
      {"GET / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n", "refused 431"},
      {"GET /?" + arguments + " HTTP/1.1\r\nHost: x\r\n\r\n", "refused 414"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
           std::string(300, 'x'),
       "refused 431"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
           [] {
             std::string trailers;
             for (int i = 0; i < 500; ++i) trailers += "a:\r\n";
             return trailers;
           }(),
       "refused 431"},
  };
  for (const Row& row : rows) {
    INFO(row.bytes);
    CHECK(Parse(row.bytes) == row.want);
  }
}

TEST_CASE("a target is decoded") {
  struct Row {
    std::string target;
    std::string path;
    std::vector<std::pair<std::string, std::string>> arguments;
  };
  const std::vector<Row> rows = {
      {"/a%20b%2fc", "/a b/c", {}},
      {"/%zz%4%", "/%zz%4%", {}},
      {"/%00", std::string("/\0", 2), {}},
      {"/a+b?a+b=c+d", "/a+b", {{"a b", "c d"}}},
      {"/?a=b=c&=d&e&&f=%26",
       "/",
       {{"a", "b=c"}, {"", "d"}, {"e", ""}, {"f", "&"}}},
      {"/?", "/", {}},
      {"?a", "/", {{"a", ""}}},
      {"/a?b?c", "/a", {{"b?c", ""}}},
      {"http:/x", "http:/x", {}},
      {"http://", "/", {}},
  };
  for (const Row& row : rows) {
    INFO(row.target);
    const auto split = SplitTarget(row.target, 10);
    REQUIRE(split.has_value());
    CHECK(split->path == row.path);
    CHECK(split->arguments == row.arguments);
  }
  CHECK(SplitTarget("/?a&b", 2).has_value());
  CHECK_FALSE(SplitTarget("/?a&b&c", 2).has_value());
}

}  // namespace
}  // namespace exporter::http
