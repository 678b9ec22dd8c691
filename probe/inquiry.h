// One target asked about once: its names are looked up, each of its places is
// probed, and all results come together. The way of a scheduled target (names,
// Directory, conversation), walked by itself; nothing is kept of it.
#ifndef PROBE_INQUIRY_H_
#define PROBE_INQUIRY_H_

#include <uv.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "probe/clock.h"
#include "probe/conversations.h"
#include "probe/dns/resolver.h"
#include "probe/expansion.h"
#include "probe/permitted_part.h"
#include "probe/plan/addresses.h"
#include "probe/result.h"
#include "probe/target.h"

namespace probe {

// Places of one target that are probed at one asking; a domain may have 20
// hosts with 20 addresses each, and whoever asks must not send us to all.
inline constexpr std::size_t kMaxInquiryPlaces = 40;
// So long an inquiry whose conversations are over waits for the reverse names
// of its addresses.
inline constexpr Duration kReverseGrace = std::chrono::milliseconds(500);

class Inquiry {
 public:
  struct Question {
    std::shared_ptr<const Target> target;  // Never null.
    // From now on; what is not known then has failed with `timeout`, or with
    // `backoff` where a server was busy with another conversation of ours.
    Duration limit{};
    // Judges the addresses that its names lead to: what it says yes to is what
    // is connected to. Null: all may be.
    Permits permits{};
  };
  struct Answer {
    // The PermittedPart, without places beyond kMaxInquiryPlaces. Never null.
    std::shared_ptr<const Expansion> expansion;
    // One for each place, in their order; never null.
    std::vector<std::shared_ptr<const ProbeResult>> results;
    Duration lookup{};  // From the asking until the names were known.
    Duration took{};
  };
  // Once, on the loop's thread, never inside the constructor. It may destroy
  // the inquiry.
  using Done = std::function<void(Answer)>;

  // All must outlive the inquiry, and the loop must run once more after it is
  // destroyed.
  Inquiry(uv_loop_t* loop, dns::Resolver& resolver,
          Conversations& conversations, plan::HasRoute has_route,
          Question question, Done done);
  // Gives up what is not done.
  ~Inquiry();
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  // The resolver is replaced; what is being looked up is asked anew.
  void SetResolver(dns::Resolver& resolver);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace probe

#endif  // PROBE_INQUIRY_H_
