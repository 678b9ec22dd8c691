// What talks with the simulator in its tests.
#ifndef TESTS_UNIT_MAILSIM_CLIENT_H_
#define TESTS_UNIT_MAILSIM_CLIENT_H_

#include <uv.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/net/uv_handle.h"
#include "tests/support/mailsim/scenario.h"
#include "tests/unit/mailsim/tls_client.h"

namespace mailsim {

// What a client says, and when: as soon as it has received `after`.
struct Saying {
  std::string after;  // "": at once.
  std::string text;
  // Then begins TLS, and what follows in the list is said inside.
  bool starttls = false;
};

// A client on the test's own loop. After its last saying it closes once it has
// received `until`; "": it waits for the server to close.
class Client {
 public:
  Client(uv_loop_t* loop, const Server& server, std::vector<Saying> sayings,
         std::string until, const TlsClientSettings& tls)
      : tls_settings_(tls),
        sayings_(std::move(sayings)),
        until_(std::move(until)) {
    if (tls.implicit) StartTls();
    socket_ = probe::net::MakeHandle<uv_tcp_t>(
        this, [&](uv_tcp_t* socket) { return uv_tcp_init(loop, socket); });
    sockaddr_in address{};
    uv_ip4_addr(server.address.c_str(), server.port, &address);
    connect_ = std::make_unique<uv_connect_t>();
    uv_tcp_connect(
        connect_.get(), socket_.get(),
        reinterpret_cast<const sockaddr*>(&address),
        [](uv_connect_t* connected, int status) {
          if (connected->handle->data == nullptr) return;
          static_cast<Client*>(connected->handle->data)->OnConnected(status);
        });
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool over() const { return socket_ == nullptr; }
  int error() const { return error_; }
  const std::string& received() const { return received_; }
  std::size_t reads() const { return reads_; }
  std::size_t bytes() const { return bytes_; }  // Of the socket.
  // Null before TLS.
  const TlsClient* tls() const { return tls_.get(); }

 private:
  void OnConnected(int status) {
    if (status != 0) return End(status);
    uv_read_start(
        reinterpret_cast<uv_stream_t*>(socket_.get()),
        [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
          static std::array<char, 65536> shared;
          *buffer = uv_buf_init(shared.data(), shared.size());
        },
        [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
          if (stream->data == nullptr) return;
          auto* const self = static_cast<Client*>(stream->data);
          if (count < 0) return self->End(static_cast<int>(count));
          ++self->reads_;
          self->bytes_ += static_cast<std::size_t>(count);
          self->OnBytes({buffer->base, static_cast<std::size_t>(count)});
        });
    Speak();
  }

  void OnBytes(std::string_view bytes) {
    if (!tls_) {
      received_ += bytes;
    } else {
      tls_->Feed(bytes);
      received_ += tls_->TakeCleartext();
    }
    Speak();
  }

  void StartTls() { tls_ = std::make_unique<TlsClient>(tls_settings_); }

  void Speak() {
    while (next_ < sayings_.size() && (!tls_ || tls_->open()) &&
           received_.find(sayings_[next_].after) != std::string::npos) {
      const Saying& saying = sayings_[next_++];
      if (tls_) {
        tls_->Write(saying.text);
      } else {
        Send(saying.text);
      }
      if (saying.starttls) StartTls();
    }
    const bool last = next_ == sayings_.size() && !until_.empty() &&
                      received_.find(until_) != std::string::npos;
    if (tls_ && (last || tls_->closed())) tls_->Close();
    if (tls_) Send(tls_->TakeCiphertext());
    if (last) End(0);
  }

  void Send(std::string text) {
    if (text.empty()) return;
    uv_buf_t buffer =
        uv_buf_init(text.data(), static_cast<unsigned>(text.size()));
    uv_try_write(reinterpret_cast<uv_stream_t*>(socket_.get()), &buffer, 1);
  }

  void End(int error) {
    error_ = error;
    socket_.reset();
  }

  probe::net::Handle<uv_tcp_t> socket_;
  std::unique_ptr<uv_connect_t> connect_;
  const TlsClientSettings tls_settings_;
  std::unique_ptr<TlsClient> tls_;
  std::vector<Saying> sayings_;
  std::string until_;
  std::size_t next_ = 0;
  std::string received_;
  std::size_t reads_ = 0;
  std::size_t bytes_ = 0;
  int error_ = 0;
};

}  // namespace mailsim

#endif  // TESTS_UNIT_MAILSIM_CLIENT_H_
