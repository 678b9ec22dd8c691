#include "exporter/http/exchange.h"

#include <string>
#include <string_view>
#include <utility>

#include "exporter/http/reply.h"
#include "exporter/http/request.h"

namespace exporter::http {
namespace {

// A client that is still sending when we answer and close gets a reset and
// often loses the answer; so a body that is too large is read nonetheless, up
// to here. Who sends more is cut off.
constexpr std::size_t kMaxDiscardedBytes = 1024 * 1024;

Response PlainText(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(text)};
}

Response TooLarge() {
  return PlainText(413, "The request's body is too large.\n");
}

// What a Respond and its copies share. The last one to go answers 500 if none
// was called.
class Ticket {
 public:
  explicit Ticket(std::weak_ptr<Exchange> exchange)
      : exchange_(std::move(exchange)) {}
  ~Ticket() {
    const auto exchange = exchange_.lock();
    if (exchange == nullptr || exchange->answered()) return;
    try {
      exchange->Answer(PlainText(500, "The request was dropped.\n"));
    } catch (...) {  // Out of memory; the connection's end is the answer.
      exchange->Abandon();
    }
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void Use(Response response) {
    if (const auto exchange = exchange_.lock()) {
      exchange->Answer(std::move(response));
    }
  }

 private:
  const std::weak_ptr<Exchange> exchange_;
};

void Ask(const Handler& handler, Request request,
         const std::shared_ptr<Exchange>& exchange) {
  const auto ticket = std::make_shared<Ticket>(exchange);
  try {
    request.when_gone = [waiting = std::weak_ptr<Exchange>(exchange)](
                            std::function<void()> gone) {
      const auto still_there = waiting.lock();
      if (still_there != nullptr) still_there->WhenGone(std::move(gone));
    };
    handler(request,
            [ticket](Response response) { ticket->Use(std::move(response)); });
  } catch (...) {
    ticket->Use(PlainText(500, "The request failed.\n"));
  }
}

}  // namespace

Exchange::Exchange(uv_loop_s* loop, MHD_Connection* connection,
                   std::size_t max_body_bytes, std::function<void()> wake)
    : loop_(loop),
      connection_(connection),
      max_body_bytes_(max_body_bytes),
      wake_(std::move(wake)) {}

// An answer here, before the body, makes libmicrohttpd close the connection
// behind it; nothing that follows is taken for a request.
MHD_Result Exchange::Begin() {
  const auto announced = AnnouncedBodyBytes(connection_);
  if (!announced) {
    return Send(
        PlainText(announced.error(), "The body's length is ambiguous.\n"));
  }
  if (*announced > kMaxDiscardedBytes) return Send(TooLarge());
  return MHD_YES;
}

MHD_Result Exchange::TakeBody(std::size_t* bytes) {
  body_bytes_ += *bytes;
  *bytes = 0;
  return body_bytes_ <= kMaxDiscardedBytes ? MHD_YES : MHD_NO;
}

MHD_Result Exchange::Complete(std::shared_ptr<Exchange> self,
                              const Handler& handler, const char* path,
                              const char* method) {
  if (!self->asked_) {
    self->asked_ = true;
    self->is_head_ = std::string_view(method) == "HEAD";
    if (self->body_bytes_ > self->max_body_bytes_) {
      self->Answer(TooLarge());
    } else {
      Ask(handler, ReadRequest(self->connection_, path, method), self);
    }
  }
  if (self->answer_) {
    return self->Send(*std::exchange(self->answer_, std::nullopt));
  }
  if (self->answered_) return MHD_NO;  // Abandoned.
  self->Suspend();
  return MHD_YES;
}

void Exchange::Answer(Response response) {
  if (answered_) return;
  answered_ = true;
  answer_ = std::move(response);
  Resume();
}

void Exchange::WhenGone(std::function<void()> gone) {
  if (answered_) return;
  gone_ = std::move(gone);
  if (suspended_) WatchClient();
}

void Exchange::Abandon() {
  answered_ = true;
  Resume();
}

MHD_Result Exchange::Send(Response response) {
  const bool is_final = response.status >= 200 && response.status <= 599;
  const int status = is_final ? response.status : 500;
  const bool is_chunked_head = is_head_ && response.source != nullptr;
  const Reply reply = MakeReply(std::move(response));
  if (reply == nullptr) return MHD_NO;
  // libmicrohttpd 0.9.75 sends the last chunk of a chunked body even to HEAD,
  // which the client takes for the next answer. So no chunks, but an end.
  if (is_chunked_head) {
    MHD_set_response_options(reply.get(), MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                             MHD_RO_END);
  }
  return MHD_queue_response(connection_, static_cast<unsigned>(status),
                            reply.get());
}

void Exchange::Suspend() {
  suspended_ = true;
  MHD_suspend_connection(connection_);
  if (gone_) WatchClient();
}

void Exchange::Resume() {
  gone_ = nullptr;
  if (!suspended_) return;
  suspended_ = false;
  client_watch_.reset();
  MHD_resume_connection(connection_);
  wake_();
}

// What the client sends meanwhile, as the next request, stays unread; so the
// end of its bytes is not to be seen by reading. Without memory nobody is told.
void Exchange::WatchClient() {
  const auto* known =
      MHD_get_connection_info(connection_, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (client_watch_ != nullptr || known == nullptr) return;
  client_watch_ = probe::net::MakeHandle<uv_poll_t>(this, [&](uv_poll_t* raw) {
    return uv_poll_init(loop_, raw, known->connect_fd);
  });
  if (client_watch_ == nullptr) return;
  uv_poll_start(client_watch_.get(), UV_DISCONNECT,
                // An error, as a reset is one, is an end too.
                [](uv_poll_t* watch, int /*status*/, int /*events*/) {
                  auto* self = static_cast<Exchange*>(watch->data);
                  if (self != nullptr) self->OnClientGone();
                });
}

void Exchange::OnClientGone() {
  client_watch_.reset();
  const std::function<void()> gone = std::exchange(gone_, nullptr);
  try {
    if (gone) gone();  // May answer.
  } catch (...) {      // As from a handler: the request goes on without it.
  }
}

}  // namespace exporter::http
