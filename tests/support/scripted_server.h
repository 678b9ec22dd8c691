// A mail server for loop tests: accepts on a loopback port of its own, sends a
// greeting and answers each line by a function, in clear or inside TLS. Lives
// on the test's loop.
#ifndef TESTS_SUPPORT_SCRIPTED_SERVER_H_
#define TESTS_SUPPORT_SCRIPTED_SERVER_H_

#include <uv.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "probe/net/uv_handle.h"
#include "tests/support/tls_peer.h"

namespace tests {

class ScriptedServer {
 public:
  // What to send for a line (without its end); "" sends nothing. A text that
  // ends in kClose closes after it was sent.
  using Answer = std::function<std::string(const std::string& line)>;
  static constexpr char kClose = '\x04';

  ScriptedServer(uv_loop_t* loop, std::string greeting, Answer answer)
      : loop_(loop),
        greeting_(std::move(greeting)),
        answer_(std::move(answer)),
        listener_(probe::net::MakeHandle<uv_tcp_t>(
            this, [loop](uv_tcp_t* raw) { return uv_tcp_init(loop, raw); })) {
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), 0);
    uv_listen(reinterpret_cast<uv_stream_t*>(listener_.get()), 128,
              [](uv_stream_t* stream, int status) {
                if (stream->data == nullptr || status != 0) return;
                static_cast<ScriptedServer*>(stream->data)->Accept();
              });
    int size = sizeof(address);
    uv_tcp_getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                       &size);
    port_ = ntohs(address.sin_port);
  }

  // From the next client on: TLS before the greeting, or behind an answer to
  // STARTTLS that begins with 2. `context` must outlive the server.
  void UseTls(const TlsPeerContext* context, bool implicit) {
    tls_ = context;
    implicit_ = implicit;
  }

  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  // Every line that any client sent, in order.
  const std::vector<std::string>& lines() const { return lines_; }
  int connections() const { return connections_; }
  int open() const { return open_; }
  int most_open() const { return most_open_; }
  // Clients that ended TLS with close_notify.
  int close_notifies() const { return close_notifies_; }
  const std::string& sni() const { return sni_; }  // Of the latest handshake.

 private:
  struct Client {
    ScriptedServer* server;
    std::string input;
    std::unique_ptr<TlsPeer> tls;
    bool greeted = false;
    probe::net::Handle<uv_tcp_t> handle;
  };

  void Accept() {
    Client& client = clients_.emplace_back();
    client.server = this;
    client.handle = probe::net::MakeHandle<uv_tcp_t>(
        &client, [this](uv_tcp_t* raw) { return uv_tcp_init(loop_, raw); });
    auto* stream = reinterpret_cast<uv_stream_t*>(client.handle.get());
    uv_accept(reinterpret_cast<uv_stream_t*>(listener_.get()), stream);
    ++connections_;
    most_open_ = std::max(most_open_, ++open_);
    uv_read_start(
        stream,
        [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
          static char bytes[4096];
          *buffer = uv_buf_init(bytes, sizeof(bytes));
        },
        [](uv_stream_t* source, ssize_t count, const uv_buf_t* buffer) {
          auto* owner = static_cast<Client*>(source->data);
          if (owner == nullptr || count == 0) return;
          if (count < 0) return owner->server->Close(*owner);
          owner->server->Arrived(
              *owner, std::string(buffer->base, static_cast<size_t>(count)));
        });
    if (tls_ != nullptr && implicit_) {
      client.tls = std::make_unique<TlsPeer>(*tls_);
    } else {
      client.greeted = true;
      Send(client, greeting_);
    }
  }

  void Arrived(Client& client, const std::string& bytes) {
    if (!client.tls) return Read(client, bytes);
    TlsPeer& tls = *client.tls;
    const bool was_closed = tls.closed();
    tls.Feed(bytes);
    SendRaw(client, tls.TakeCiphertext());
    if (tls.open()) sni_ = tls.sni();
    if (tls.open() && !client.greeted) {
      client.greeted = true;
      Send(client, greeting_);
    }
    if (tls.closed() && !was_closed) ++close_notifies_;
    Read(client, tls.TakeCleartext());
  }

  void Read(Client& client, const std::string& bytes) {
    client.input += bytes;
    for (std::size_t end; client.handle && (end = client.input.find('\n')) !=
                                               std::string::npos;) {
      std::string line = client.input.substr(0, end);
      client.input.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      lines_.push_back(line);
      const std::string answer = answer_(line);
      Send(client, answer);
      if (tls_ != nullptr && line == "STARTTLS" && answer.starts_with('2')) {
        client.tls = std::make_unique<TlsPeer>(*tls_);
      }
    }
  }

  void Send(Client& client, std::string text) {
    const bool close = text.ends_with(kClose);
    if (close) text.pop_back();
    if (client.tls && !text.empty()) {
      client.tls->Write(text);
      text = client.tls->TakeCiphertext();
    }
    SendRaw(client, std::move(text));
    if (close) Close(client);
  }

  void SendRaw(Client& client, std::string bytes) {
    if (bytes.empty()) return;
    const uv_buf_t buffer =
        uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
    // Small texts on an empty loopback socket go out at once.
    uv_try_write(reinterpret_cast<uv_stream_t*>(client.handle.get()), &buffer,
                 1);
  }

  void Close(Client& client) {
    client.handle.reset();
    --open_;
  }

  uv_loop_t* const loop_;
  const std::string greeting_;
  const Answer answer_;
  probe::net::Handle<uv_tcp_t> listener_;
  std::uint16_t port_ = 0;
  std::list<Client> clients_;
  std::vector<std::string> lines_;
  int connections_ = 0;
  int open_ = 0;
  int most_open_ = 0;
  int close_notifies_ = 0;
  std::string sni_;
  const TlsPeerContext* tls_ = nullptr;
  bool implicit_ = false;
};

// A well-behaved server's answers.
inline std::string HealthyAnswer(const std::string& line) {
  if (line.starts_with("EHLO ")) {
    return "250-mx.example.net\r\n250-SIZE 1000\r\n250 STARTTLS\r\n";
  }
  if (line == "QUIT")
    return std::string("221 bye\r\n") + ScriptedServer::kClose;
  return "500 what?\r\n";
}

}  // namespace tests

#endif  // TESTS_SUPPORT_SCRIPTED_SERVER_H_
