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

void Ask(const Handler& handler, const Request& request,
         const std::shared_ptr<Exchange>& exchange) {
  const auto ticket = std::make_shared<Ticket>(exchange);
  try {
    handler(request,
            [ticket](Response response) { ticket->Use(std::move(response)); });
  } catch (...) {
    ticket->Use(PlainText(500, "The request failed.\n"));
  }
}

}  // namespace

Exchange::Exchange(MHD_Connection* connection, std::size_t max_body_bytes,
                   std::function<void()> wake)
    : connection_(connection),
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
  self->suspended_ = true;
  MHD_suspend_connection(self->connection_);
  return MHD_YES;
}

void Exchange::Answer(Response response) {
  if (answered_) return;
  answered_ = true;
  answer_ = std::move(response);
  Resume();
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

void Exchange::Resume() {
  if (!suspended_) return;
  suspended_ = false;
  MHD_resume_connection(connection_);
  wake_();
}

}  // namespace exporter::http
