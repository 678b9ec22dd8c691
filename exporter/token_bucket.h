// So many per second, and some at once.
#ifndef EXPORTER_TOKEN_BUCKET_H_
#define EXPORTER_TOKEN_BUCKET_H_

#include <algorithm>
#include <optional>

#include "probe/clock.h"

namespace exporter {

class TokenBucket {
 public:
  // Full at the beginning. `per_second` is positive, `most` at least 1.
  TokenBucket(double per_second, double most)
      : per_second_(per_second), most_(most), left_(most) {}

  // Takes a token; false: there is none.
  bool Take(probe::Time now) {
    if (last_) {
      left_ =
          std::min(most_, left_ + probe::Seconds(now - *last_) * per_second_);
    }
    last_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  const double per_second_;
  const double most_;
  double left_;
  std::optional<probe::Time> last_;
};

}  // namespace exporter

#endif  // EXPORTER_TOKEN_BUCKET_H_
