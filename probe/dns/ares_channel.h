// c-ares on a libuv loop: one question, as it stands, to the servers. Knows
// nothing of what the answers say.
#ifndef PROBE_DNS_ARES_CHANNEL_H_
#define PROBE_DNS_ARES_CHANNEL_H_

#include <uv.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "probe/dns/ares_options.h"
#include "probe/lookup.h"
#include "probe/net/timer.h"
#include "probe/net/uv_handle.h"

struct ares_channeldata;

namespace probe::dns {

class AresChannel {
 public:
  // `status` is an ARES_ code. With ARES_SUCCESS `message` is a whole answer to
  // the question, with NOERROR and at least one record, valid during the call;
  // else it is empty.
  using Done =
      std::function<void(int status, std::span<const std::uint8_t> message)>;

  // `loop` must outlive the channel. The error is a sentence.
  static std::expected<std::unique_ptr<AresChannel>, std::string> Create(
      uv_loop_t* loop, const AresOptions& options);
  // Forgets all questions: `done` does not run any more. The loop must run once
  // more for its handles to close.
  ~AresChannel();
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;

  // `done` runs exactly once, maybe in this call, with c-ares on the stack: it
  // may ask again but not destroy the channel. `name` must hold no NUL.
  void Query(const std::string& name, RecordType type, Done done);

 private:
  struct Question {
    AresChannel* channel;
    Done done;
  };

  explicit AresChannel(uv_loop_t* loop);

  int Init(const AresOptions& options, const std::string& servers);
  void Process(int readable, int writable);
  void SetTimer();

  static void OnAnswer(void* question, int status, int timeouts,
                       unsigned char* message, int size);
  static void OnSocketState(void* channel, int socket, int readable,
                            int writable);
  static void OnPoll(uv_poll_t* handle, int status, int events);

  uv_loop_t* const loop_;
  net::Timer timer_;
  std::map<int, net::Handle<uv_poll_t>> sockets_;
  ares_channeldata* dns_ = nullptr;
};

}  // namespace probe::dns

#endif  // PROBE_DNS_ARES_CHANNEL_H_
