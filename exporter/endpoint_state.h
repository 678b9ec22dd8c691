// All that is remembered of one endpoint: a value, made anew by each result.
#ifndef EXPORTER_ENDPOINT_STATE_H_
#define EXPORTER_ENDPOINT_STATE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "exporter/history.h"
#include "exporter/kept_transcript.h"
#include "probe/clock.h"
#include "probe/result.h"
#include "probe/smtp/banner.h"
#include "probe/smtp/ehlo.h"
#include "probe/smtp/quirk.h"
#include "probe/tls/handshake.h"

namespace exporter {

struct EndpointState {
  // The latest verdict.
  struct Verdict {
    probe::Moment finished;
    probe::Duration duration{};
    std::array<std::optional<probe::Duration>, probe::kPhaseCount>
        phase_durations{};
    std::optional<probe::Failure> failure;
    bool reachable = false;
  };

  std::optional<Verdict> verdict;  // None before the first result.
  probe::Duration interval{};      // Back-off included; 0 before it.
  std::uint64_t probes = 0;
  std::uint64_t failures = 0;

  // Facts: what was last observed, and when. A probe that cannot observe a
  // fact (a 421, a silent server) leaves it alone; the reader drops it once it
  // is older than the target's `stale_after`. Null or none: never observed, or
  // forgotten because an EHLO reply without STARTTLS shows that there is no TLS
  // any more. A fact that is observed again unchanged stays the same object.
  std::shared_ptr<const probe::smtp::Banner> banner;
  probe::Moment banner_observed;
  std::shared_ptr<const probe::smtp::Capabilities> clear;
  probe::Moment clear_observed;
  std::shared_ptr<const probe::smtp::Capabilities> inside;
  probe::Moment inside_observed;
  std::optional<bool> starttls_success;
  probe::Moment starttls_success_observed;
  std::optional<bool> plaintext_after_starttls;
  probe::Moment plaintext_after_starttls_observed;
  std::shared_ptr<const probe::tls::Handshake> handshake;
  probe::Moment handshake_observed;
  // Quirks of replies that are no facts, of the latest probe.
  probe::smtp::Quirks quirks;

  // For people, within the limits of Retention. The conversation of the last
  // probe that succeeded and of the last that failed; null: there was none, or
  // there is no room for it.
  std::shared_ptr<const KeptTranscript> last_good;
  std::shared_ptr<const KeptTranscript> last_bad;
  // The last good one before a change for the worse that is no failure, such as
  // a list without STARTTLS: what there was then, last_good does not show any
  // more.
  std::shared_ptr<const KeptTranscript> before_change;
  std::shared_ptr<const History> history;  // Null: nothing has changed yet.

  // That of the latest probe, null if it was not kept.
  const KeptTranscript* LatestTranscript() const {
    if (!verdict) return nullptr;
    return verdict->failure ? last_bad.get() : last_good.get();
  }
};

}  // namespace exporter

#endif  // EXPORTER_ENDPOINT_STATE_H_
