// A DNS server on 127.0.0.1 or ::1, UDP and TCP, on the test's own loop. What
// it says is the test's business: a function from the question to the answer.
#ifndef TESTS_SUPPORT_DNS_SERVER_H_
#define TESTS_SUPPORT_DNS_SERVER_H_

#include <uv.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/net/socket_address.h"
#include "probe/net/uv_handle.h"
#include "tests/support/catch.h"

namespace test {

struct DnsQuestion {
  std::string name;  // Lower case as it came, without the last dot.
  int type = 0;      // 1: A, 12: PTR, 15: MX, 28: AAAA.
  bool tcp = false;
  bool edns = false;  // It has an OPT record, or another one behind it.
  int number = 0;     // How many questions for this name and type came before.
};

struct DnsRecord {
  int type = 1;
  std::uint32_t ttl = 300;
  // Text of the address, a name for a CNAME (5) or PTR, "10 mx.test" for an MX;
  // "." is the root.
  std::string value{};
  std::string owner{};  // Empty: the name in question.
  std::string data{};   // In place of `value`: as it goes on the wire.
};

struct DnsAnswer {
  int code = 0;  // RCODE.
  std::vector<DnsRecord> records{};
  bool silent = false;
  bool truncated = false;
  bool wrong_id_first = false;  // A forged answer comes before this one.
  bool wrong_id_only = false;
  std::string raw{};         // Sent behind the header in place of all the rest.
  int claimed_records = -1;  // Count in the header, if it is to lie.
};

class DnsServer {
 public:
  using Answer = std::function<DnsAnswer(const DnsQuestion&)>;

  DnsServer(uv_loop_t* loop, Answer answer, bool ip6 = false)
      : loop_(loop), answer_(std::move(answer)) {
    const auto address = *probe::IpAddress::Parse(ip6 ? "::1" : "127.0.0.1");
    // A free UDP port may be taken for TCP.
    for (int attempt = 0; attempt < 20 && tcp_ == nullptr; ++attempt) {
      Open(address);
    }
    REQUIRE(tcp_ != nullptr);
    where_ = address.WithPort(port_);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  const std::string& where() const { return where_; }
  const std::vector<DnsQuestion>& questions() const { return questions_; }

 private:
  struct Connection {
    DnsServer* server;
    probe::net::Handle<uv_tcp_t> handle;
    std::string input;
  };

  void Open(const probe::IpAddress& address) {
    using probe::net::MakeHandle;
    using probe::net::SocketAddress;
    udp_ = MakeHandle<uv_udp_t>(
        this, [this](uv_udp_t* raw) { return uv_udp_init(loop_, raw); });
    const SocketAddress any(address, 0);
    REQUIRE(uv_udp_bind(udp_.get(), any.get(), 0) == 0);
    sockaddr_in6 bound{};  // The port stands where sockaddr_in has it.
    int size = sizeof(bound);
    uv_udp_getsockname(udp_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = ntohs(bound.sin6_port);
    uv_udp_recv_start(udp_.get(), GiveBuffer, OnDatagram);

    tcp_ = MakeHandle<uv_tcp_t>(
        this, [this](uv_tcp_t* raw) { return uv_tcp_init(loop_, raw); });
    const SocketAddress same(address, port_);
    if (uv_tcp_bind(tcp_.get(), same.get(), 0) != 0 ||
        uv_listen(reinterpret_cast<uv_stream_t*>(tcp_.get()), 8, OnAccept) !=
            0) {
      tcp_.reset();
    }
  }

  static void GiveBuffer(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    static thread_local char shared[65536];
    *buffer = uv_buf_init(shared, sizeof(shared));
  }

  static void OnDatagram(uv_udp_t* handle, ssize_t count, const uv_buf_t* bytes,
                         const sockaddr* from, unsigned) {
    auto* self = static_cast<DnsServer*>(handle->data);
    if (self == nullptr || count <= 0 || from == nullptr) return;
    for (std::string& reply : self->Replies(
             {bytes->base, static_cast<std::size_t>(count)}, /*tcp=*/false)) {
      const uv_buf_t buffer =
          uv_buf_init(reply.data(), static_cast<unsigned>(reply.size()));
      uv_udp_try_send(handle, &buffer, 1, from);
    }
  }

  static void OnAccept(uv_stream_t* listener, int status) {
    auto* self = static_cast<DnsServer*>(listener->data);
    if (self == nullptr || status != 0) return;
    self->connections_.push_back(std::make_unique<Connection>());
    Connection& connection = *self->connections_.back();
    connection.server = self;
    connection.handle = probe::net::MakeHandle<uv_tcp_t>(
        &connection,
        [self](uv_tcp_t* raw) { return uv_tcp_init(self->loop_, raw); });
    auto* stream = reinterpret_cast<uv_stream_t*>(connection.handle.get());
    uv_accept(listener, stream);
    uv_read_start(stream, GiveBuffer, OnStream);
  }

  static void OnStream(uv_stream_t* stream, ssize_t count,
                       const uv_buf_t* bytes) {
    auto* connection = static_cast<Connection*>(stream->data);
    if (connection == nullptr || count == 0) return;
    if (count < 0) {
      uv_read_stop(stream);
      return;
    }
    std::string& input = connection->input;
    input.append(bytes->base, static_cast<std::size_t>(count));
    while (input.size() >= 2 && input.size() >= 2u + Number(input, 0)) {
      const std::size_t size = Number(input, 0);
      for (const std::string& reply :
           connection->server->Replies(input.substr(2, size), /*tcp=*/true)) {
        std::string framed;
        Put16(framed, static_cast<unsigned>(reply.size()));
        framed += reply;
        const uv_buf_t buffer =
            uv_buf_init(framed.data(), static_cast<unsigned>(framed.size()));
        uv_try_write(stream, &buffer, 1);
      }
      input.erase(0, 2 + size);
    }
  }

  static unsigned Number(const std::string& bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]) * 256u +
           static_cast<unsigned char>(bytes[at + 1]);
  }
  static void Put16(std::string& out, unsigned value) {
    out += static_cast<char>(value >> 8 & 0xff);
    out += static_cast<char>(value & 0xff);
  }
  static std::string Labels(std::string_view name) {
    std::string out;
    if (name == ".") name = "";
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      out += static_cast<char>(label.size());
      out += label;
      name.remove_prefix(std::min(label.size() + 1, name.size()));
    }
    return out + '\0';
  }

  std::vector<std::string> Replies(const std::string& query, bool tcp) {
    if (query.size() < 17) return {};
    DnsQuestion question;
    question.tcp = tcp;
    question.edns = Number(query, 10) > 0;
    std::size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      const auto length = static_cast<unsigned char>(query[at]);
      if (!question.name.empty()) question.name += '.';
      question.name += query.substr(at + 1, length);
      at += 1u + length;
    }
    if (at + 5 > query.size()) return {};
    question.type = static_cast<int>(Number(query, at + 1));
    for (const DnsQuestion& before : questions_) {
      if (before.name == question.name && before.type == question.type) {
        ++question.number;
      }
    }
    questions_.push_back(question);
    const DnsAnswer answer = answer_(question);
    if (answer.silent) return {};
    const std::string asked = query.substr(12, at + 5 - 12);
    const unsigned id = Number(query, 0);
    std::vector<std::string> replies;
    if (answer.wrong_id_first || answer.wrong_id_only) {
      DnsAnswer forged;
      forged.records = {{.type = question.type,
                         .value = question.type == 28 ? "::666" : "6.6.6.6"}};
      replies.push_back(Encode(id ^ 0x5555, asked, question, forged));
    }
    if (!answer.wrong_id_only) {
      replies.push_back(Encode(id, asked, question, answer));
    }
    return replies;
  }

  static std::string Data(const DnsRecord& record) {
    std::string out;
    if (record.type == 5 || record.type == 12) return Labels(record.value);
    if (record.type == 15) {
      Put16(out, static_cast<unsigned>(std::stoul(record.value)));
      return out + Labels(record.value.substr(record.value.find(' ') + 1));
    }
    if (const auto address = probe::IpAddress::Parse(record.value)) {
      out.assign(reinterpret_cast<const char*>(address->bytes().data()),
                 address->is_ip6() ? 16 : 4);
    }
    return out;
  }

  static std::string Encode(unsigned id, const std::string& asked,
                            const DnsQuestion& question,
                            const DnsAnswer& answer) {
    std::string out;
    Put16(out, id);
    Put16(out, 0x8180u | (answer.truncated ? 0x0200u : 0u) |
                   static_cast<unsigned>(answer.code));
    Put16(out, 1);
    const int count = static_cast<int>(answer.records.size());
    Put16(out, static_cast<unsigned>(answer.claimed_records >= 0
                                         ? answer.claimed_records
                                         : count));
    Put16(out, 0);
    Put16(out, 0);
    if (!answer.raw.empty()) return out + answer.raw;
    out += asked;
    for (const DnsRecord& record : answer.records) {
      out += Labels(record.owner.empty() ? question.name : record.owner);
      Put16(out, static_cast<unsigned>(record.type));
      Put16(out, 1);
      Put16(out, record.ttl >> 16);
      Put16(out, record.ttl & 0xffff);
      const std::string value =
          record.data.empty() ? Data(record) : record.data;
      Put16(out, static_cast<unsigned>(value.size()));
      out += value;
    }
    return out;
  }

  uv_loop_t* const loop_;
  const Answer answer_;
  std::uint16_t port_ = 0;
  std::string where_;
  std::vector<DnsQuestion> questions_;
  probe::net::Handle<uv_udp_t> udp_;
  probe::net::Handle<uv_tcp_t> tcp_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace test

#endif  // TESTS_SUPPORT_DNS_SERVER_H_
