// Checks passwords off the loop, one at a time: each takes a processor for 60
// ms and more, and whoever asks is not known yet.
#ifndef EXPORTER_HTTP_PASSWORD_CHECKER_H_
#define EXPORTER_HTTP_PASSWORD_CHECKER_H_

#include <uv.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <string>

#include "exporter/pool.h"

namespace exporter::http {

// Four seconds of work at the usual cost; who comes later is told to come back.
inline constexpr std::size_t kMaxChecksWaiting = 64;
// So that one address does not take all of them.
inline constexpr std::size_t kMaxChecksPerClient = 8;

class PasswordChecker {
 public:
  struct Question {
    std::string client;  // Its address.
    std::string password;
    std::string hash;
    // Asked before the work begins; false drops the question.
    std::function<bool()> is_wanted;
    std::function<void(bool is_right)> answer;
  };

  // `loop` must outlive this, and runs on until a check under way has ended.
  explicit PasswordChecker(uv_loop_t* loop) : pool_(loop, /*most_threads=*/1) {}

  // False when too many wait, and then nothing is called. The answer comes
  // later, on the loop, unless the checker is destroyed before.
  bool Ask(Question question);

 private:
  void Start();

  std::deque<Question> waiting_;
  bool busy_ = false;
  Pool pool_;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_PASSWORD_CHECKER_H_
