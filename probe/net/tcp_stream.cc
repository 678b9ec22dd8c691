#include "probe/net/tcp_stream.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cstddef>
#include <utility>

#include "probe/net/socket_address.h"

namespace probe::net {
namespace {

// What one read takes from the kernel; libuv asks for this size itself. One
// per thread is enough: a read is consumed before the next one starts, and a
// connection that waits holds no buffer.
constexpr std::size_t kReadBuffer = 65536;

void GiveBuffer(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
  static thread_local std::array<char, kReadBuffer> shared;
  *buffer = uv_buf_init(shared.data(), shared.size());
}

// libuv calls a reset that came together with the last bytes an EOF: it does
// not read on behind a short read once the peer is gone. The socket knows.
int PendingError(uv_stream_t* stream) {
  uv_os_fd_t descriptor = -1;
  int error = 0;
  socklen_t size = sizeof(error);
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(stream), &descriptor) != 0 ||
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    return 0;
  }
  return error == 0 ? 0 : uv_translate_sys_error(error);
}

// libuv reads the bytes until the callback, which may come after the stream.
struct WriteRequest {
  uv_write_t request{};
  std::string bytes;
};

}  // namespace

Reason ReasonOf(int uv_error) {
  switch (uv_error) {
    case UV_ECONNREFUSED:
      return Reason::kRefused;
    case UV_ENETUNREACH:
    case UV_EHOSTUNREACH:
    case UV_EADDRNOTAVAIL:
    case UV_ENETDOWN:
    case UV_EAFNOSUPPORT:  // IPv6 is switched off in this kernel.
    // A firewall's verdict: EPERM from our own, EACCES from an ICMP
    // "administratively prohibited" or a prohibiting route.
    case UV_EACCES:
    case UV_EPERM:
      return Reason::kUnreachable;
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_ECONNABORTED:
      return Reason::kReset;
    case UV_ETIMEDOUT:
      return Reason::kTimeout;
    default:
      return Reason::kInternal;
  }
}

TcpStream::TcpStream(uv_loop_t* loop, Events* events)
    : loop_(loop), events_(events) {}

void TcpStream::Connect(const IpAddress& address, std::uint16_t port,
                        const std::optional<IpAddress>& source) {
  assert(handle_ == nullptr && failed_ == nullptr);
  const int error = Start(address, port, source);
  if (error == 0) return;
  handle_.reset();
  // Dies with the stream, so a failure never reaches a stream that is gone.
  failed_ = std::make_unique<Timer>(loop_,
                                    [this, error] { events_->OnError(error); });
  failed_->At(Now());
}

int TcpStream::Start(const IpAddress& address, std::uint16_t port,
                     const std::optional<IpAddress>& source) {
  const SocketAddress peer(address, port);
  int error = UV_ENOMEM;
  handle_ = MakeHandle<uv_tcp_t>(this, [&](uv_tcp_t* raw) {
    error = uv_tcp_init_ex(loop_, raw, static_cast<unsigned>(peer.family()));
    return error;
  });
  if (handle_ == nullptr) return error;
  if (source) {
    const SocketAddress own(*source, /*port=*/0);
    error = uv_tcp_bind(handle_.get(), own.get(), /*flags=*/0);
    if (error != 0) return error;
  }
  // Every command is one small write and waits for its answer.
  uv_tcp_nodelay(handle_.get(), /*enable=*/1);
  auto request = std::make_unique<uv_connect_t>();
  error = uv_tcp_connect(request.get(), handle_.get(), peer.get(), OnConnect);
  if (error == 0) request.release();  // OnConnect frees it.
  return error;
}

void TcpStream::OnConnect(uv_connect_t* request, int status) {
  const std::unique_ptr<uv_connect_t> owned(request);
  auto* stream = static_cast<TcpStream*>(request->handle->data);
  if (stream == nullptr) return;
  if (status == 0) status = uv_read_start(request->handle, GiveBuffer, OnRead);
  if (status == 0) {
    stream->events_->OnConnected();
  } else {
    stream->events_->OnError(status);
  }
}

void TcpStream::OnRead(uv_stream_t* handle, ssize_t count,
                       const uv_buf_t* buffer) {
  auto* stream = static_cast<TcpStream*>(handle->data);
  if (stream == nullptr || count == 0) return;  // 0: nothing came, no end.
  if (count > 0) {
    stream->events_->OnBytes({buffer->base, static_cast<std::size_t>(count)});
    return;
  }
  uv_read_stop(handle);
  int error = count == UV_EOF ? PendingError(handle) : static_cast<int>(count);
  if (error == 0) error = stream->write_error_;
  // EPIPE: the peer had closed before it reset, which it did because we wrote.
  if (error == 0 || error == UV_EPIPE) {
    stream->events_->OnEof();
  } else {
    stream->events_->OnError(error);
  }
}

void TcpStream::Write(std::string bytes) {
  if (handle_ == nullptr || bytes.empty()) return;
  // At once if possible: a write that fails takes the connection's error with
  // it, and a callback would tell of it after the read has met the end.
  uv_buf_t all = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
  const int written =
      uv_try_write(reinterpret_cast<uv_stream_t*>(handle_.get()), &all, 1);
  if (written < 0 && written != UV_EAGAIN) {
    if (write_error_ == 0) write_error_ = written;
    return;
  }
  if (written > 0) bytes.erase(0, static_cast<std::size_t>(written));
  if (bytes.empty()) return;
  auto write = std::make_unique<WriteRequest>();
  write->bytes = std::move(bytes);
  write->request.data = write.get();
  const uv_buf_t buffer = uv_buf_init(
      write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const int error =
      uv_write(&write->request, reinterpret_cast<uv_stream_t*>(handle_.get()),
               &buffer, 1, [](uv_write_t* done, int status) {
                 const std::unique_ptr<WriteRequest> owned(
                     static_cast<WriteRequest*>(done->data));
                 auto* stream = static_cast<TcpStream*>(done->handle->data);
                 if (stream == nullptr || stream->write_error_ != 0) return;
                 stream->write_error_ = status;
               });
  if (error == 0) write.release();  // The callback frees it.
}

bool TcpStream::HasUnread() const {
  uv_os_fd_t descriptor = -1;
  if (handle_ == nullptr ||
      uv_fileno(reinterpret_cast<const uv_handle_t*>(handle_.get()),
                &descriptor) != 0) {
    return false;
  }
  // Not a peeking recv(2): that would take a pending error (reset, refused)
  // away from the read that has to report it.
  int waiting = 0;
  return ioctl(descriptor, FIONREAD, &waiting) == 0 && waiting > 0;
}

}  // namespace probe::net
