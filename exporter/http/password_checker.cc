#include "exporter/http/password_checker.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "exporter/http/basic_auth.h"

namespace exporter::http {

bool PasswordChecker::Ask(Question question) {
  const auto of_client = std::count_if(
      waiting_.begin(), waiting_.end(),
      [&](const Question& other) { return other.client == question.client; });
  if (waiting_.size() >= kMaxChecksWaiting ||
      static_cast<std::size_t>(of_client) >= kMaxChecksPerClient) {
    return false;
  }
  waiting_.push_back(std::move(question));
  Start();
  return true;
}

void PasswordChecker::Start() {
  while (!busy_ && !waiting_.empty()) {
    auto question = std::make_shared<Question>(std::move(waiting_.front()));
    waiting_.pop_front();
    if (!question->is_wanted()) continue;
    busy_ = true;
    auto is_right = std::make_shared<bool>(false);
    pool_.Add(
        [question, is_right] {
          *is_right = MatchesBcrypt(question->password, question->hash);
        },
        [this, question, is_right] {
          busy_ = false;
          Start();
          question->answer(*is_right);
        });
  }
}

}  // namespace exporter::http
