// Spreads handshakes over turns of the loop: each takes about a millisecond of
// computing, and a flood of them would else stop the loop for as long as it is
// large.
#ifndef EXPORTER_HTTP_HANDSHAKE_PACE_H_
#define EXPORTER_HTTP_HANDSHAKE_PACE_H_

#include <uv.h>

#include <cstdint>

namespace exporter::http {

class HandshakePace {
 public:
  explicit HandshakePace(const uv_loop_t* loop) : loop_(loop) {}

  // Whether a step of a handshake may be taken in this turn.
  bool Take() {
    const std::uint64_t turn = uv_now(loop_);
    if (turn != turn_) left_ = kStepsPerTurn;
    turn_ = turn;
    if (left_ == 0) return false;
    --left_;
    return true;
  }

 private:
  // 5 to 10 ms with an RSA key, where 20 are the most for one turn.
  static constexpr int kStepsPerTurn = 8;

  const uv_loop_t* const loop_;
  std::uint64_t turn_ = 0;
  int left_ = kStepsPerTurn;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_HANDSHAKE_PACE_H_
