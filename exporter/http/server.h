// An HTTP server on the main libuv loop: libmicrohttpd, driven through its
// epoll descriptor under a uv_poll_t and its timeout under a uv_timer_t, so
// that no connection has a thread.
#ifndef EXPORTER_HTTP_SERVER_H_
#define EXPORTER_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct uv_loop_s;

namespace exporter::http {

// Limits against clients that waste our descriptors, memory or patience.
inline constexpr unsigned kMaxConnections = 1000;  // Over all listeners.
inline constexpr unsigned kMaxConnectionsPerAddress = 200;
inline constexpr unsigned kIdleSeconds = 30;  // Then it is closed.
inline constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
inline constexpr std::size_t kMaxBodyBytes = 64 * 1024;  // Beyond: 413.

struct Request {
  std::string method;  // "GET", as sent.
  std::string path;    // Percent-decoded, without the query.
  // Header fields by lower-case name; a repeated field is joined by ", ".
  std::vector<std::pair<std::string, std::string>> headers;
  // Query arguments, decoded, in order.
  std::vector<std::pair<std::string, std::string>> arguments;

  // "" when there is none.
  std::string_view Header(std::string_view lower_case_name) const;
  std::string_view Argument(std::string_view name) const;
};

struct Response {
  // The next piece of a streamed body; false when there is none any more.
  // Runs on the loop and must be quick (well below 20 ms).
  using Source = std::function<bool(std::string& piece)>;

  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Source source;  // Used instead of `body` when set.
};

// Answers one request, exactly once, on the loop's thread: within the call or
// later. A client that has gone away meanwhile makes it do nothing. Dropping
// it unused answers 500.
using Respond = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Respond)>;

class Server {
 public:
  // `loop` must outlive the server. `handler` is called on the loop's thread.
  Server(uv_loop_s* loop, Handler handler);
  // Ends all connections. The loop must run once more for its handles to close.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Starts to listen: ":10125" (all addresses, IPv6 and IPv4), "0.0.0.0:80",
  // "[::1]:0", "localhost:10125". May be called several times. The error is a
  // sentence with the address in it.
  std::expected<void, std::string> Listen(const std::string& address);
  // What it listens on, "[::]:10125", in the order of Listen; port 0 resolved.
  std::vector<std::string> addresses() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Compresses a streamed body (gzip). Wraps `source`; adds no headers.
Response::Source Gzip(Response::Source source);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_SERVER_H_
