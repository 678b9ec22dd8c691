// One client: carries out what its player says and records what the client
// does. A wire makes TLS of it, or not.
#ifndef TESTS_SUPPORT_MAILSIM_CONNECTION_H_
#define TESTS_SUPPORT_MAILSIM_CONNECTION_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/net/uv_handle.h"
#include "tests/support/mailsim/journal.h"
#include "tests/support/mailsim/player.h"
#include "tests/support/mailsim/scenario.h"
#include "tests/support/mailsim/wire.h"

namespace mailsim {

// A client that sends a longer line, or leaves more lines waiting, is closed.
inline constexpr std::size_t kMaxLine = 4096;
inline constexpr std::size_t kMaxWaitingLines = 1000;

class Connection {
 public:
  class Owner {
   public:
    // The connection is over; the owner destroys it now.
    virtual void OnFinished(Connection* connection, const Record& record) = 0;

   protected:
    ~Owner() = default;
  };

  // `loop` and `owner` must outlive the connection.
  Connection(uv_loop_t* loop, Owner* owner);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Takes the client that waits at `listener`; false when there is none (any
  // more). Call Start next.
  bool Accept(uv_stream_t* listener);
  // Plays `behaviour`, which is one of `behaviours`, as `server`'s connection
  // number `number`. OnFinished may come inside.
  void Start(const Server& server, const Behaviour& behaviour,
             std::uint64_t number);
  // What is known of a connection that is not over.
  Record Snapshot() const;

 private:
  enum class State {
    kPlaying,  // Sending, or waiting for a time: not the client's turn.
    kHandshaking,
    kAwaiting,  // It is the client's turn.
    kLeaving,   // close_notify was the last word; the client may say its own.
    kIgnoring,  // Nothing will ever be said again.
  };

  static void OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t*);
  void OnBytes(std::string_view bytes);
  // False: too much of it.
  bool SplitLines(std::string_view bytes);
  void RecordLine(const std::string& line);

  // These return false when the play waits, or is over and this
  // object destroyed; then return at once.
  bool Do(const SendBytes& send);
  bool Do(const AwaitLine&);
  bool Do(const Split& split);
  bool Do(const StartTls& start);
  bool Flush();
  bool Do(const Delay& delay);
  bool Do(const Close& close);
  bool Do(const Reset&);
  bool Do(const Never&);

  void Advance();
  // Takes up what the client's bytes, a timer or a write have made possible.
  void Resume();
  void Leave();
  void StartTimer(Milliseconds time, uv_timer_cb callback);
  bool Wait(Milliseconds time);
  bool WriteRest(std::string bytes);
  void Finish(Ended ended);

  uv_loop_t* const loop_;
  Owner* const owner_;
  probe::net::Handle<uv_tcp_t> socket_;
  probe::net::Handle<uv_timer_t> timer_;  // Made when first needed.
  std::shared_ptr<const std::vector<Behaviour>> behaviours_;
  std::unique_ptr<Player> player_;

  std::optional<Tls> tls_;
  Wire wire_;
  State state_ = State::kPlaying;
  bool waiting_ = false;  // For a timer or a write, which will resume.
  bool left_ = false;     // Our side of the socket is closed.
  Split split_;
  std::string output_;
  std::size_t sent_ = 0;  // Of output_.
  unsigned writes_ = 0;   // Since the loop called.

  std::string partial_;            // The line that is arriving.
  std::deque<std::string> lines_;  // Not yet given to the player.
  Record record_;
  std::uint64_t opened_ = 0;  // uv_hrtime.
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_CONNECTION_H_
