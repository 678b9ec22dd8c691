// One client's connection: request after request, each read, given to the
// handler, answered.
#ifndef EXPORTER_HTTP_CONNECTION_H_
#define EXPORTER_HTTP_CONNECTION_H_

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/http/handshake_pace.h"
#include "exporter/http/listen_socket.h"
#include "exporter/http/outgoing.h"
#include "exporter/http/request_parser.h"
#include "exporter/http/server.h"
#include "exporter/http/server_tls.h"
#include "exporter/http/transport.h"
#include "probe/net/uv_handle.h"

namespace exporter::http {

class Connection {
 public:
  // In the order of a request. The owner limits the time of each.
  enum class Activity {
    kHead,       // Idle, or a request's head is on its way.
    kBody,       // Its body is.
    kWaiting,    // The handler has it.
    kAnswering,  // Its answer is on its way.
    kLingering,  // All is said; so that the client can read it, we wait for it
                 // to close (RFC 9112, section 9.6).
  };

  // Outlives the connection.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnActivity(Activity activity) = 0;
    // It is over: to be destroyed, within the call or later.
    virtual void OnEnd() = 0;
  };

  // What the connections of a server share; outlives them.
  struct Service {
    uv_loop_t* loop;
    Handler handler;
    Limits limits;
    CurrentTls tls;  // Empty: in clear.
    HandshakePace* pace;
  };

  // Begins with kHead. `client` becomes Request::client. May end at once by
  // `failed()`, without memory.
  Connection(const Service& service, Owner& owner, Descriptor fd,
             std::string client);
  // Not within a handler.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool failed() const { return poll_ == nullptr; }
  // Its end will be a reset: what the client has not read yet is thrown away
  // and keeps no memory, and is not taken for a whole answer.
  void EndByReset();

 private:
  friend class Ticket;
  // What answers the current request, and nothing else: it goes with the
  // request's answer.
  struct Exchange {
    Connection* connection;
  };

  static void OnPoll(uv_poll_t* handle, int status, int events);
  // Asks for `events`; 0 for none.
  void Poll(int events);
  void SetActivity(Activity activity);
  // Each of these may end the connection, and so is the caller's last.
  void Advance();
  void Receive();
  void Consume(std::string_view bytes);
  void ContinueExpected();
  void Dispatch();
  void Refuse(int status);
  void StartAnswer();
  void Send();
  void FinishAnswer();
  void Linger();
  void Discard();
  void End();

  void Answer(Response response);
  void WhenGone(std::function<void()> gone);
  void OnClientGone();

  const Service& service_;
  Owner& owner_;
  const std::string client_;
  const Descriptor fd_;
  const std::unique_ptr<Transport> transport_;
  probe::net::Handle<uv_poll_t> poll_;  // Closed before the descriptor.
  int events_ = 0;                      // That are asked for.
  Activity activity_ = Activity::kHead;
  std::string unread_;  // Received behind the current request.
  std::optional<RequestParser> parser_;
  bool in_handler_ = false;
  std::shared_ptr<Exchange> exchange_;
  std::optional<Response> answer_;  // Given, and not yet begun.
  std::function<void()> gone_;
  std::optional<Outgoing> outgoing_;
  std::size_t discarded_ = 0;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_CONNECTION_H_
