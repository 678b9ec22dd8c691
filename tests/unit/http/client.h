// A blocking HTTP client on raw sockets, which can misbehave.
#ifndef TESTS_UNIT_HTTP_CLIENT_H_
#define TESTS_UNIT_HTTP_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace exporter::http {

struct Answer {
  int status = 0;      // 0: the connection ended before a whole header.
  std::string header;  // With its status line, as received, lower case.
  std::string body;
  bool whole = false;  // The body ended as its framing says.
};

class Client {
 public:
  // `address` as Server::addresses() gives it. Every read fails after 20 s.
  explicit Client(const std::string& address) : Client(address, Later()) {
    Connect();
  }
  struct Later {};
  Client(const std::string& address, Later) {
    const std::size_t colon = address.rfind(':');
    const std::string host = address.substr(0, colon);
    const auto port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    if (host.starts_with('[')) {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(peer_);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = port;
      v6.sin6_addr = in6addr_loopback;
    } else {
      auto& v4 = reinterpret_cast<sockaddr_in&>(peer_);
      v4.sin_family = AF_INET;
      v4.sin_port = port;
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    fd_ = socket(peer_.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) Fail("socket");
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  }
  ~Client() { Close(); }
  Client(Client&& other) noexcept
      : peer_(other.peer_),
        fd_(std::exchange(other.fd_, -1)),
        buffer_(std::move(other.buffer_)) {}
  Client& operator=(Client&&) = delete;

  void Connect() {
    const socklen_t length = peer_.ss_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                         : sizeof(sockaddr_in);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&peer_), length) != 0) {
      Fail("connect");
    }
  }
  // False when the server has closed or reset the connection.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) return false;
      if (n < 0) Fail("send");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void EndSending() { shutdown(fd_, SHUT_WR); }
  void Reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    Close();
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void SmallReceiveBuffer() {
    const int bytes = 16 * 1024;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  }
  // Whether bytes, or the end, can be read now.
  bool HasNews() {
    char byte = 0;
    return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  // Reads what a small mouth takes and throws it away; 0 at the end.
  std::size_t Sip() {
    std::array<char, 1024> bytes;
    const ssize_t n = recv(fd_, bytes.data(), bytes.size(), 0);
    if (n < 0 && errno != ECONNRESET) Fail("recv");
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  // Reads up to the end or `size` bytes, throws them away and counts them.
  std::size_t ReadToEndOf(std::size_t size) {
    std::size_t bytes = 0;
    while (bytes < size && ReadSome()) {
      bytes += buffer_.size();
      buffer_.clear();
    }
    return bytes;
  }
  std::string ReadBytes(std::size_t size) {
    std::string bytes;
    Take(size, bytes);
    return bytes;
  }
  // All bytes up to the end of the connection, or up to its reset.
  std::string ReadToEnd() {
    while (ReadSome()) {
    }
    return std::exchange(buffer_, {});
  }

  Answer Get(const std::string& path, const std::string& fields = "") {
    Send("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
    return Read();
  }
  // One answer; `to_head` if the request was HEAD, whose answer has no body.
  Answer Read(bool to_head = false) {
    Answer answer;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadSome()) return answer;
    }
    answer.header = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    for (char& c : answer.header) {
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    answer.status = std::stoi(answer.header.substr(9, 3));
    const std::size_t length = answer.header.find("\r\ncontent-length: ");
    if (to_head || answer.status == 204 || answer.status == 304) {
      answer.whole = true;
    } else if (answer.header.find("\r\ntransfer-encoding: chunked") !=
               std::string::npos) {
      ReadChunks(answer);
    } else if (length != std::string::npos) {
      answer.whole =
          Take(std::stoul(answer.header.substr(length + 18)), answer.body);
    } else {
      answer.body = ReadToEnd();
      answer.whole = true;
    }
    return answer;
  }

 private:
  [[noreturn]] static void Fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  bool ReadSome() {
    std::array<char, 64 * 1024> bytes;
    const ssize_t n = recv(fd_, bytes.data(), bytes.size(), 0);
    if (n < 0 && errno != ECONNRESET) Fail("recv");
    if (n > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(n));
    return n > 0;
  }
  bool Take(std::size_t size, std::string& to) {
    while (buffer_.size() < size && ReadSome()) {
    }
    if (buffer_.size() < size) return false;
    to.append(buffer_, 0, size);
    buffer_.erase(0, size);
    return true;
  }
  void ReadChunks(Answer& answer) {
    while (true) {
      std::size_t end = 0;
      while ((end = buffer_.find("\r\n")) == std::string::npos) {
        if (!ReadSome()) return;
      }
      const std::size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
      buffer_.erase(0, end + 2);
      std::string newline;
      if (!Take(size, answer.body) || !Take(2, newline)) return;
      if (newline != "\r\n") throw std::runtime_error("bad chunk");
      if (size == 0) break;
    }
    answer.whole = true;
  }

  sockaddr_storage peer_{};
  int fd_ = -1;
  std::string buffer_;
};

}  // namespace exporter::http

#endif  // TESTS_UNIT_HTTP_CLIENT_H_
