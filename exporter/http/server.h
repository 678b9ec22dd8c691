// An HTTP/1.1 server on the main libuv loop. A connection costs no thread, an
// answer may come later, a long body is asked for piece by piece. Knows no
// paths: the handler routes.
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

// listen_socket.h.
struct ListenSocket;
// server_tls.h.
class ServerTls;
// Asked when a client begins its handshake; null refuses it.
using CurrentTls = std::function<std::shared_ptr<const ServerTls>()>;

// Limits against clients that waste our descriptors, memory or patience.

// Over all listeners: a thousand requests that wait, and those of others.
inline constexpr unsigned kMaxConnections = 4096;
// Half of all, because behind a proxy everybody has its address. An IPv6 client
// has a whole /64 to choose addresses from, so that counts as one.
inline constexpr unsigned kMaxConnectionsPerAddress = kMaxConnections / 2;
// Answers that do not fit into the socket at once, as a large page does not:
// each keeps 150 KB. Beyond, the oldest is broken off; a scrape takes a second.
inline constexpr unsigned kMaxAnswersAtOnce = 512;
// Since the connection was accepted or the answer before it sent: a request's
// head must be whole. No sign of life makes it longer.
inline constexpr unsigned kHeadSeconds = 30;
inline constexpr unsigned kBodySeconds = 30;
// For a slow reader: longer than any Prometheus waits for a scrape.
inline constexpr unsigned kAnswerSeconds = 120;
// For the client to close, once an answer says that we do.
inline constexpr unsigned kLingerSeconds = 2;
inline constexpr std::size_t kMaxHeaderBytes = 16 * 1024;  // Beyond: 431.
inline constexpr std::size_t kMaxBodyBytes = 64 * 1024;    // Beyond: 413.

// The same as values, so that a test can make them small.
struct Limits {
  unsigned connections = kMaxConnections;
  unsigned connections_per_address = kMaxConnectionsPerAddress;
  unsigned answers_at_once = kMaxAnswersAtOnce;
  unsigned head_seconds = kHeadSeconds;
  unsigned body_seconds = kBodySeconds;
  unsigned answer_seconds = kAnswerSeconds;
  unsigned linger_seconds = kLingerSeconds;
  std::size_t header_bytes = kMaxHeaderBytes;
  std::size_t body_bytes = kMaxBodyBytes;
};

// Complete: its body was read and thrown away.
struct Request {
  std::string method;  // "GET", as sent; any token that a client made up too.
  std::string path;    // Percent-decoded, without the query.
  // Header fields by lower-case name; a repeated field is joined by ", ".
  std::vector<std::pair<std::string, std::string>> headers;
  // Query arguments, decoded, in order.
  std::vector<std::pair<std::string, std::string>> arguments;
  // "192.0.2.7" (never as "::ffff:192.0.2.7"), "2001:db8::1"; "" when the
  // client came over a Unix socket.
  std::string client = {};

  // Within the handler or later: asks to be told when the client has gone while
  // the request waits for its answer. `gone` is called at most once, on the
  // loop's thread, never inside the handler's call or this one, and never after
  // the answer was given or the server went away; asking again replaces it. It
  // may answer, and must not destroy the server. A client that has only ended
  // its sending side counts as gone, because the two cannot be told apart; an
  // answer still reaches it. One that has sent more requests than the sockets
  // hold cannot be seen to go. Never empty; copies may outlive the request.
  std::function<void(std::function<void()> gone)> when_gone =
      [](const std::function<void()>& /*gone*/) {};

  // "" when there is none.
  std::string_view Header(std::string_view lower_case_name) const;
  std::string_view Argument(std::string_view name) const;
};

struct Response {
  // The next piece of a streamed body, put into the empty `piece`; false when
  // there is none any more. An empty piece is no end: the loop turns once and
  // asks again. Throwing breaks the connection off, so that the client sees
  // that the body is not whole. Runs on the loop and must be quick (well
  // below 20 ms); destroyed when the body is sent or the client is gone.
  using Source = std::function<bool(std::string& piece)>;

  int status = 200;  // 200 to 599; anything else becomes 500.
  // Length and framing are the server's. A field that HTTP cannot carry (line
  // breaks) is left out.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  Source source = nullptr;  // Used instead of `body` when set.
};

// Answers one request, exactly once, on the loop's thread: within the call or
// later. It does nothing when the client or the server has gone away meanwhile,
// or when called again. Dropping the last copy unused answers 500, and so does
// a handler that throws.
using Respond = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Respond)>;

class Server {
 public:
  // `loop` must outlive the server. The functions are called on its thread.
  // With `tls` every listener speaks TLS and nothing else, and the process must
  // ignore SIGPIPE.
  Server(uv_loop_s* loop, Handler handler, const Limits& limits = Limits(),
         CurrentTls tls = nullptr);
  // Ends all connections. The loop must run once more for its handles to close.
  // Not from within a handler or a Source.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Starts to listen: ":10125" (all addresses, IPv6 and IPv4), "0.0.0.0:80",
  // "[::1]:0", "localhost:10125" (one address of it, IPv4 first; this look-up
  // blocks), "unix:/run/prober.sock" (for our user and group). May be called
  // several times. The error is a sentence with the address in it: "listen on
  // 127.0.0.1:80: permission denied".
  std::expected<void, std::string> Listen(const std::string& address);
  // On sockets that are open already.
  std::expected<void, std::string> Listen(std::vector<ListenSocket> sockets);
  // What it listens on, "[::]:10125", in the order of Listen; port 0 resolved.
  std::vector<std::string> addresses() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Compresses a streamed body (gzip), one piece of `source` for each of its own,
// which may be empty. Keeps about 100 KB while it lives. Adds no headers.
Response::Source Gzip(Response::Source source);
// The same of a text that is there already.
Response::Source GzipText(std::string text);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_SERVER_H_
