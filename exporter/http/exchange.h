// One request and its answer, as libmicrohttpd's calls and the handler see it.
#ifndef EXPORTER_HTTP_EXCHANGE_H_
#define EXPORTER_HTTP_EXCHANGE_H_

#include <microhttpd.h>
#include <uv.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "exporter/http/server.h"
#include "probe/net/uv_handle.h"

namespace exporter::http {

// libmicrohttpd calls the access handler for one request several times: at the
// end of the header (Begin), for each piece of the body (TakeBody), and when
// the request is complete and again after each resume (Complete). What these
// return goes back to it; MHD_NO breaks the connection off.
class Exchange {
 public:
  // `loop` must outlive the exchange. `wake` makes the server run libmicrohttpd
  // soon, never inside the call.
  Exchange(uv_loop_s* loop, MHD_Connection* connection,
           std::size_t max_body_bytes, std::function<void()> wake);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  MHD_Result Begin();
  MHD_Result TakeBody(std::size_t* bytes);
  // `self` owns this exchange; what is given to the handler refers to it and
  // does nothing once it is gone.
  static MHD_Result Complete(std::shared_ptr<Exchange> self,
                             const Handler& handler, const char* path,
                             const char* method);

  // Only the first answer counts.
  void Answer(Response response);
  bool answered() const { return answered_; }
  // Request::when_gone.
  void WhenGone(std::function<void()> gone);
  // The server is going: no answer any more. A suspended connection is resumed,
  // because libmicrohttpd cannot stop before that.
  void Abandon();

 private:
  MHD_Result Send(Response response);
  void Suspend();
  void Resume();
  void WatchClient();
  void OnClientGone();

  uv_loop_s* const loop_;
  MHD_Connection* const connection_;
  const std::size_t max_body_bytes_;
  const std::function<void()> wake_;
  std::size_t body_bytes_ = 0;
  bool is_head_ = false;
  bool asked_ = false;              // The handler has been called.
  bool answered_ = false;           // An answer was given, or never will be.
  bool suspended_ = false;          // By us, and not yet resumed.
  std::optional<Response> answer_;  // Given, and not yet sent.
  std::function<void()> gone_;
  // Of the connection's own descriptor, which libmicrohttpd leaves alone while
  // the connection is suspended, and only then.
  probe::net::Handle<uv_poll_t> client_watch_;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_EXCHANGE_H_
