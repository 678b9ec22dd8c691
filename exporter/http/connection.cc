#include "exporter/http/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace exporter::http {
namespace {

// Read at a time: more than any usual request, and one record of TLS.
constexpr std::size_t kReadBytes = 16 * 1024;

Response PlainText(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(text)};
}

Response Refusal(int status) {
  switch (status) {
    case 413:
      return PlainText(413, "The request's body is too large.\n");
    case 414:
      return PlainText(414, "The request's target is too long.\n");
    case 431:
      return PlainText(431, "The request's header is too large.\n");
    case 505:
      return PlainText(505, "Only HTTP/1 is spoken here.\n");
    default:
      return PlainText(status, "The request is malformed or ambiguous.\n");
  }
}

}  // namespace

// What a Respond and its copies share. The last one to go answers 500 if none
// was called.
class Ticket {
 public:
  explicit Ticket(std::weak_ptr<Connection::Exchange> exchange)
      : exchange_(std::move(exchange)) {}
  ~Ticket() {
    try {
      Use(PlainText(500, "The request was dropped.\n"));
    } catch (...) {  // Out of memory: without words.
      Use({.status = 500});
    }
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void Use(Response response) {
    if (const auto exchange = exchange_.lock()) {
      exchange->connection->Answer(std::move(response));
    }
  }
  void WhenGone(std::function<void()> gone) {
    if (const auto exchange = exchange_.lock()) {
      exchange->connection->WhenGone(std::move(gone));
    }
  }

 private:
  const std::weak_ptr<Connection::Exchange> exchange_;
};

Connection::Connection(const Service& service, Owner& owner, Descriptor fd,
                       std::string client)
    : service_(service),
      owner_(owner),
      client_(std::move(client)),
      fd_(std::move(fd)),
      transport_(service.tls
                     ? MakeTlsTransport(fd_.get(), service.tls, *service.pace)
                     : MakeClearTransport(fd_.get())),
      poll_(probe::net::MakeHandle<uv_poll_t>(this, [&](uv_poll_t* raw) {
        return uv_poll_init(service.loop, raw, fd_.get());
      })) {
  // We send whole pieces. A Unix socket does not know the option.
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  parser_.emplace(service.limits.header_bytes, service.limits.body_bytes);
  if (!failed()) Poll(UV_READABLE);
}

Connection::~Connection() {
  exchange_.reset();  // What is destroyed with us may try to answer.
}

void Connection::OnPoll(uv_poll_t* handle, int status, int /*events*/) {
  auto* self = static_cast<Connection*>(handle->data);
  if (self == nullptr) return;
  // An error ends the polling; what we try next will meet it.
  if (status < 0) self->events_ = 0;
  try {
    self->Advance();
  } catch (...) {  // Out of memory.
    self->End();
  }
}

void Connection::Poll(int events) {
  if (events == events_) return;
  events_ = events;
  if (events == 0) {
    uv_poll_stop(poll_.get());
  } else {
    uv_poll_start(poll_.get(), events, &OnPoll);
  }
}

void Connection::SetActivity(Activity activity) {
  if (activity == activity_) return;
  activity_ = activity;
  owner_.OnActivity(activity);
}

void Connection::Advance() {
  switch (activity_) {
    case Activity::kHead:
    case Activity::kBody:
      if (unread_.empty()) return Receive();
      return Consume(std::exchange(unread_, {}));
    case Activity::kWaiting:
      return answer_ ? StartAnswer() : OnClientGone();
    case Activity::kAnswering:
      return Send();
    case Activity::kLingering:
      return Discard();
  }
}

void Connection::Receive() {
  std::array<char, kReadBytes> buffer;
  const Transfer read = transport_->Read(buffer);
  switch (read.outcome) {
    case Transfer::Outcome::kDone:
      return Consume(std::string_view(buffer.data(), read.bytes));
    case Transfer::Outcome::kBlocked:
      return Poll(read.events);
    case Transfer::Outcome::kRefused:
      return Linger();
    case Transfer::Outcome::kEnded:
      return End();
  }
}

void Connection::Consume(std::string_view bytes) {
  const std::size_t taken = parser_->Feed(bytes);
  unread_ = bytes.substr(taken);
  switch (parser_->state()) {
    case RequestParser::State::kHead:
      return Poll(UV_READABLE);
    case RequestParser::State::kBody:
      SetActivity(Activity::kBody);
      return ContinueExpected();
    case RequestParser::State::kComplete:
      if (parser_->refusal() == 0) return Dispatch();
      return Refuse(parser_->refusal());
    case RequestParser::State::kRefused:
      parser_->head().keeps_alive = false;
      return Refuse(parser_->refusal());
  }
}

void Connection::ContinueExpected() {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  Poll(UV_READABLE);
  if (!std::exchange(parser_->head().expects_continue, false)) return;
  // The answers before it are sent, so there is room; else it is no client that
  // waits for this.
  const Transfer sent = transport_->Write(kContinue);
  if (sent.bytes != kContinue.size()) End();
}

void Connection::Dispatch() {
  exchange_ = std::make_shared<Exchange>(this);
  Request request = std::move(parser_->head().request);
  request.client = client_;
  in_handler_ = true;
  {
    const auto ticket = std::make_shared<Ticket>(exchange_);
    request.when_gone = [exchange = std::weak_ptr<Exchange>(exchange_)](
                            std::function<void()> gone) {
      const auto waiting = exchange.lock();
      if (waiting != nullptr) waiting->connection->WhenGone(std::move(gone));
    };
    try {
      service_.handler(request, [ticket](Response response) {
        ticket->Use(std::move(response));
      });
    } catch (...) {
      ticket->Use(PlainText(500, "The request failed.\n"));
    }
  }
  in_handler_ = false;
  if (answer_) return StartAnswer();
  SetActivity(Activity::kWaiting);
  Poll(gone_ ? UV_DISCONNECT : 0);
}

void Connection::Refuse(int status) {
  answer_ = Refusal(status);
  StartAnswer();
}

void Connection::Answer(Response response) {
  answer_ = std::move(response);
  exchange_.reset();
  // It may hold what answers, and answer when it goes.
  const std::function<void()> unused = std::exchange(gone_, nullptr);
  // In the loop's next turn: nothing of ours runs inside the caller.
  if (!in_handler_) Poll(UV_WRITABLE);
}

void Connection::WhenGone(std::function<void()> gone) {
  gone_.swap(gone);
  if (activity_ == Activity::kWaiting && !answer_) Poll(UV_DISCONNECT);
}

// What the client sends meanwhile, as the next request, stays unread; so the
// end of its bytes is not to be seen by reading. A reset counts too.
void Connection::OnClientGone() {
  Poll(0);
  const std::function<void()> gone = std::exchange(gone_, nullptr);
  try {
    if (gone) gone();  // May answer.
  } catch (...) {      // As from a handler.
    if (!answer_) Answer({.status = 500});
  }
}

void Connection::StartAnswer() {
  const RequestHead& head = parser_->head();
  outgoing_.emplace(*std::exchange(answer_, std::nullopt),
                    Outgoing::To{.is_head_request = head.is_head_request,
                                 .is_http_1_0 = head.is_http_1_0,
                                 .keeps_alive = head.keeps_alive});
  SetActivity(Activity::kAnswering);
  Send();
}

// One piece, so that a client that reads fast does not have the loop for
// itself.
void Connection::Send() {
  if (outgoing_->unsent().empty()) {
    switch (outgoing_->Refill()) {
      case Outgoing::Next::kEnd:
        return FinishAnswer();
      case Outgoing::Next::kPiece:
        break;
      case Outgoing::Next::kBroken:
        if (outgoing_->ends_by_closing()) EndByReset();
        return End();
    }
  }
  if (outgoing_->unsent().empty()) return Poll(UV_WRITABLE);
  const Transfer sent = transport_->Write(outgoing_->unsent());
  switch (sent.outcome) {
    case Transfer::Outcome::kDone:
      outgoing_->Sent(sent.bytes);
      if (outgoing_->IsSent()) return FinishAnswer();
      return Poll(UV_WRITABLE);
    case Transfer::Outcome::kBlocked:
      return Poll(sent.events);
    case Transfer::Outcome::kRefused:
    case Transfer::Outcome::kEnded:
      return End();
  }
}

void Connection::FinishAnswer() {
  const bool closes = outgoing_->closes();
  outgoing_.reset();
  if (closes) {
    transport_->EndWriting();
    return Linger();
  }
  parser_.emplace(service_.limits.header_bytes, service_.limits.body_bytes);
  SetActivity(Activity::kHead);
  // A request that is here already is read in the loop's next turn.
  Poll(unread_.empty() ? UV_READABLE : UV_WRITABLE);
}

void Connection::Linger() {
  SetActivity(Activity::kLingering);
  Poll(UV_READABLE);
}

void Connection::Discard() {
  std::array<char, kReadBytes> buffer;
  const ssize_t bytes = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (bytes > 0) discarded_ += static_cast<std::size_t>(bytes);
  if (bytes <= 0 || discarded_ > kMaxDiscardedBytes) End();
}

void Connection::EndByReset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void Connection::End() { owner_.OnEnd(); }

}  // namespace exporter::http
