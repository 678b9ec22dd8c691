// A mail server for loop tests: accepts on a loopback port of its own, sends a
// greeting and answers each line by a function. Lives on the test's loop.
#ifndef TESTS_SUPPORT_SCRIPTED_SERVER_H_
#define TESTS_SUPPORT_SCRIPTED_SERVER_H_

#include <uv.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "probe/net/uv_handle.h"

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

  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  // Every line that any client sent, in order.
  const std::vector<std::string>& lines() const { return lines_; }
  int connections() const { return connections_; }
  int open() const { return open_; }
  int most_open() const { return most_open_; }

 private:
  struct Client {
    ScriptedServer* server;
    std::string input;
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
          owner->server->Read(
              *owner, std::string(buffer->base, static_cast<size_t>(count)));
        });
    Send(client, greeting_);
  }

  void Read(Client& client, const std::string& bytes) {
    client.input += bytes;
    for (std::size_t end; client.handle && (end = client.input.find('\n')) !=
                                               std::string::npos;) {
      std::string line = client.input.substr(0, end);
      client.input.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      lines_.push_back(line);
      Send(client, answer_(line));
    }
  }

  void Send(Client& client, std::string text) {
    const bool close = text.ends_with(kClose);
    if (close) text.pop_back();
    if (!text.empty()) {
      const uv_buf_t buffer =
          uv_buf_init(text.data(), static_cast<unsigned>(text.size()));
      // Small texts on an empty loopback socket go out at once.
      uv_try_write(reinterpret_cast<uv_stream_t*>(client.handle.get()), &buffer,
                   1);
    }
    if (close) Close(client);
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
