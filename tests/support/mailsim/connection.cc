#include "tests/support/mailsim/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <variant>

#include "tests/support/mailsim/address.h"

namespace mailsim {
namespace {

// After so many writes the other clients have their turn: `repeat: forever`
// must not keep the loop for itself.
constexpr unsigned kWritesPerTurn = 256;

// How long a server that said close_notify waits for the client to end.
constexpr Milliseconds kLeaveTime(2000);

// Bytes on their way; libuv may use them after the connection is gone.
struct WriteRequest {
  uv_write_t request{};
  std::string bytes;
};

uv_stream_t* Stream(uv_tcp_t* socket) {
  return reinterpret_cast<uv_stream_t*>(socket);
}

double UnixNow() {
  return std::chrono::duration<double>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Connection::Connection(uv_loop_t* loop, Owner* owner)
    : loop_(loop), owner_(owner) {}

bool Connection::Accept(uv_stream_t* listener) {
  socket_ = probe::net::MakeHandle<uv_tcp_t>(
      this, [this](uv_tcp_t* socket) { return uv_tcp_init(loop_, socket); });
  if (!socket_ || uv_accept(listener, Stream(socket_.get())) != 0) return false;
  opened_ = uv_hrtime();
  record_.opened = UnixNow();
  uv_tcp_nodelay(socket_.get(), 1);
  sockaddr_storage peer{};
  int length = sizeof peer;
  auto* const address = reinterpret_cast<sockaddr*>(&peer);
  if (uv_tcp_getpeername(socket_.get(), address, &length) == 0) {
    record_.client = AddressText(*address);
  }
  return true;
}

void Connection::Start(const Server& server, const Behaviour& behaviour,
                       std::uint64_t number) {
  record_.server = server.name;
  record_.connection = number;
  behaviours_ = server.behaviours;
  player_ = MakePlayer(behaviour, server.index);
  tls_ = behaviour.tls;
  const int error = uv_read_start(
      Stream(socket_.get()),
      [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
        // One thread, and OnRead uses the bytes before the next call.
        static std::array<char, 65536> shared;
        *buffer = uv_buf_init(shared.data(), shared.size());
      },
      &Connection::OnRead);
  if (error != 0) return Finish(Ended::kReset);
  if (tls_ && tls_->implicit) {
    Do(StartTls{});
  } else {
    Advance();
  }
}

Record Connection::Snapshot() const {
  Record record = record_;
  record.unfinished = partial_;
  if (player_) record.unexpected = player_->unexpected();
  wire_.Describe(record);
  record.seconds = static_cast<double>(uv_hrtime() - opened_) / 1e9;
  return record;
}

void Connection::OnRead(uv_stream_t* stream, ssize_t count,
                        const uv_buf_t* buffer) {
  if (stream->data == nullptr) return;
  auto* const self = static_cast<Connection*>(stream->data);
  if (count > 0) {
    self->OnBytes({buffer->base, static_cast<std::size_t>(count)});
  } else if (count < 0) {
    const bool we_left = self->state_ == State::kLeaving;
    self->Finish(count != UV_EOF ? Ended::kReset
                 : we_left       ? Ended::kServerClosed
                                 : Ended::kClientClosed);
  }
}

void Connection::OnBytes(std::string_view bytes) {
  record_.bytes += bytes.size();
  const std::string said = wire_.Read(bytes);
  output_ += wire_.TakeOutput();
  // It is the client that speaks first after STARTTLS.
  const bool its_turn = state_ == State::kAwaiting ||
                        (state_ == State::kHandshaking && !tls_->implicit);
  if (!said.empty() && !its_turn) record_.early = true;
  if (!SplitLines(said)) return Finish(Ended::kOverflow);
  if (!waiting_) Resume();
}

bool Connection::SplitLines(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() > kMaxLine) return false;
    partial_ += piece;
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    if (partial_.ends_with('\r')) partial_.pop_back();
    RecordLine(partial_);
    lines_.push_back(std::exchange(partial_, {}));
    if (lines_.size() > kMaxWaitingLines) return false;
  }
  return true;
}

void Connection::RecordLine(const std::string& line) {
  if (record_.lines.size() < kMaxRecordedLines) {
    record_.lines.push_back(line);
  } else {
    ++record_.lines_omitted;
  }
}

void Connection::Resume() {
  waiting_ = false;
  writes_ = 0;
  if (!Flush()) return;
  const bool failed = wire_.state() == Wire::State::kFailed;
  switch (state_) {
    case State::kPlaying:
      return Advance();
    case State::kHandshaking:
      if (wire_.state() != Wire::State::kHandshaking) Advance();
      return;
    case State::kAwaiting:
      if (failed || !lines_.empty()) return Advance();
      // What comes next can only be the end of the connection.
      if (wire_.closed()) Finish(Ended::kClientClosed);
      return;
    case State::kLeaving:
      return Leave();
    case State::kIgnoring:
      lines_.clear();
      return;
  }
}

void Connection::Advance() {
  state_ = State::kPlaying;
  while (true) {
    if (wire_.state() == Wire::State::kFailed) {
      return Finish(Ended::kTlsFailed);
    }
    const Action action = player_->Next();
    if (!std::visit([this](const auto& what) { return Do(what); }, action)) {
      return;
    }
  }
}

bool Connection::Do(const SendBytes& send) {
  wire_.Write(send.bytes);
  output_ += wire_.TakeOutput();
  return Flush();
}

bool Connection::Do(const AwaitLine&) {
  if (lines_.empty()) {
    state_ = State::kAwaiting;
    return false;
  }
  const std::string line = std::move(lines_.front());
  lines_.pop_front();
  if (!lines_.empty() || !partial_.empty()) record_.pipelined = true;
  player_->OnLine(line);
  return true;
}

bool Connection::Do(const Split& split) {
  split_ = split;
  return true;
}

bool Connection::Do(const Delay& delay) { return Wait(delay.time); }

bool Connection::Do(const StartTls& start) {
  // What came behind STARTTLS in clear must not be taken for a word inside.
  lines_.clear();
  partial_.clear();
  wire_.StartTls(*tls_->context, start.cut);
  state_ = State::kHandshaking;
  return false;
}

bool Connection::Do(const Close& close) {
  if (wire_.state() != Wire::State::kOpen || close.abrupt) {
    // The FIN first: to close over what has just come would send only a reset.
    uv_os_fd_t descriptor{};
    if (uv_fileno(reinterpret_cast<uv_handle_t*>(socket_.get()), &descriptor) ==
        0) {
      shutdown(descriptor, SHUT_WR);
    }
    Finish(Ended::kServerClosed);
    return false;
  }
  wire_.Close();
  output_ += wire_.TakeOutput();
  state_ = State::kLeaving;
  if (Flush()) Leave();
  return false;
}

// Closing a socket that has unread bytes resets it, and the client's
// close_notify is to be recorded.
void Connection::Leave() {
  if (wire_.closed()) return Finish(Ended::kServerClosed);
  lines_.clear();
  if (std::exchange(left_, true)) return;
  uv_os_fd_t descriptor{};
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(socket_.get()), &descriptor) ==
      0) {
    shutdown(descriptor, SHUT_WR);
  }
  StartTimer(kLeaveTime, [](uv_timer_t* timer) {
    if (timer->data == nullptr) return;
    static_cast<Connection*>(timer->data)->Finish(Ended::kServerClosed);
  });
}

bool Connection::Do(const Reset&) {
  uv_os_fd_t descriptor{};
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(socket_.get()), &descriptor) ==
      0) {
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  Finish(Ended::kServerReset);
  return false;
}

bool Connection::Do(const Never&) {
  state_ = State::kIgnoring;
  lines_.clear();
  return false;
}

// Writes at once what the socket takes, so that the play goes on inside this
// call: what the client answers can then not be taken for early.
bool Connection::Flush() {
  while (sent_ < output_.size()) {
    // Not 0: libuv before 1.45 runs a timer of 0 in the same turn again.
    if (++writes_ > kWritesPerTurn) return Wait(Milliseconds(1));
    const std::size_t left = output_.size() - sent_;
    const std::size_t size =
        split_.bytes > 0 ? std::min(left, split_.bytes) : left;
    uv_buf_t buffer =
        uv_buf_init(output_.data() + sent_, static_cast<unsigned>(size));
    int written = uv_try_write(Stream(socket_.get()), &buffer, 1);
    if (written == UV_EAGAIN) written = 0;
    if (written < 0) {
      Finish(Ended::kReset);
      return false;
    }
    const std::size_t rest = sent_ + static_cast<std::size_t>(written);
    sent_ += size;
    if (rest < sent_) return WriteRest(output_.substr(rest, sent_ - rest));
    if (sent_ < output_.size() && split_.delay > Milliseconds(0)) {
      return Wait(split_.delay);
    }
  }
  output_.clear();
  sent_ = 0;
  return true;
}

bool Connection::WriteRest(std::string bytes) {
  auto request = std::make_unique<WriteRequest>();
  request->bytes = std::move(bytes);
  request->request.data = request.get();
  const uv_buf_t buffer = uv_buf_init(
      request->bytes.data(), static_cast<unsigned>(request->bytes.size()));
  const int error = uv_write(&request->request, Stream(socket_.get()), &buffer,
                             1, [](uv_write_t* done, int status) {
                               const std::unique_ptr<WriteRequest> owned(
                                   static_cast<WriteRequest*>(done->data));
                               if (done->handle->data == nullptr) return;
                               auto* const self =
                                   static_cast<Connection*>(done->handle->data);
                               if (status != 0)
                                 return self->Finish(Ended::kReset);
                               self->Resume();
                             });
  if (error != 0) {
    Finish(Ended::kReset);
    return false;
  }
  request.release();  // Its callback owns it now.
  waiting_ = true;
  return false;
}

void Connection::StartTimer(Milliseconds time, uv_timer_cb callback) {
  if (!timer_) {
    timer_ = probe::net::MakeHandle<uv_timer_t>(
        this,
        [this](uv_timer_t* timer) { return uv_timer_init(loop_, timer); });
  }
  // libuv counts from the start of the loop's turn, which may be long ago.
  uv_update_time(loop_);
  uv_timer_start(timer_.get(), callback,
                 static_cast<std::uint64_t>(time.count()), 0);
}

bool Connection::Wait(Milliseconds time) {
  waiting_ = true;
  StartTimer(time, [](uv_timer_t* timer) {
    if (timer->data == nullptr) return;
    static_cast<Connection*>(timer->data)->Resume();
  });
  return false;
}

void Connection::Finish(Ended ended) {
  Record record = Snapshot();
  record.ended = ended;
  owner_->OnFinished(this, record);
}

}  // namespace mailsim
