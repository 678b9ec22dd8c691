// Any bytes against RequestParser: limits hold, what comes out is what HTTP can
// carry, and how the bytes were cut changes nothing. The first byte of the
// input is the length of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exporter/http/request_parser.h"

namespace {

using namespace exporter::http;

constexpr std::size_t kHeaderBytes = 500;
constexpr std::size_t kBodyBytes = 100;

void Require(bool good, const char* rule) {
  if (good) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

std::string Describe(RequestParser& parser) {
  RequestHead& head = parser.head();
  const Request& request = head.request;
  Require(!request.method.empty() && !request.path.empty(),
          "a request has a method and a path");
  Require(request.headers.size() <= kMaxFields, "few fields");
  Require(request.arguments.size() <= kMaxArguments, "few arguments");
  std::string text = request.method + ' ' + request.path;
  for (const auto& [name, value] : request.arguments) {
    text.append("&").append(name).append("=").append(value);
  }
  for (const auto& [name, value] : request.headers) {
    Require(
        value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
        "a field is one line");
    text.append("\n").append(name).append(":").append(value);
  }
  return text + (head.keeps_alive ? " keeps" : " closes") +
         std::to_string(parser.refusal());
}

// All requests in `bytes`, until one is refused.
std::string Read(std::string_view bytes, std::size_t piece) {
  std::string text;
  while (!bytes.empty()) {
    RequestParser parser(kHeaderBytes, kBodyBytes);
    bool is_open = true;
    while (is_open && !bytes.empty()) {
      const std::string_view some = bytes.substr(0, piece);
      const std::size_t taken = parser.Feed(some);
      Require(taken <= some.size(), "it takes what there is");
      is_open = parser.state() == RequestParser::State::kHead ||
                parser.state() == RequestParser::State::kBody;
      Require(!is_open || taken == some.size(), "it takes all it can use");
      bytes.remove_prefix(taken);
    }
    if (parser.state() == RequestParser::State::kRefused) {
      Require(parser.refusal() >= 400, "a refusal has its status");
      return text + "refused " + std::to_string(parser.refusal());
    }
    if (is_open) return text + "open";
    text += Describe(parser) + '\n';
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  if (size == 0) return 0;
  const std::string input(bytes + 1, bytes + size);
  const std::string whole = Read(input, input.size() + 1);
  Require(Read(input, 1) == whole, "the same byte by byte");
  Require(Read(input, bytes[0] + 2U) == whole, "the same in pieces");
  return 0;
}
