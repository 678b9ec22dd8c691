// A domain with many places: as large as a target gets.
#ifndef TESTS_UNIT_METRICS_DOMAIN_OF_MANY_H_
#define TESTS_UNIT_METRICS_DOMAIN_OF_MANY_H_

#include <cstdint>
#include <string>
#include <utility>

#include "probe/expansion.h"
#include "tests/unit/metrics/fixtures.h"

namespace tests {

// Exchangers with 20 addresses each. About every place there is much to say,
// and of each something that is said of no other.
inline Page DomainOfMany(int places) {
  probe::Expansion expansion = MakeExpansion(MakeDomain());
  expansion.mail = probe::Mail{};
  for (int i = 0; i < places; ++i) {
    const std::string mx = "mx" + std::to_string(i / 20) + ".mail.example.org";
    if (i % 20 == 0) {
      expansion.mail->hosts.push_back(
          {.preference = static_cast<std::uint16_t>(i), .host = mx});
    }
    const std::string address =
        "93.184." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1);
    expansion.places.push_back(
        MakePlace(static_cast<probe::EndpointId>(i + 1), address, mx));
    expansion.places.back().reverse = MakeReverse(false, {{}});
  }
  Page page;
  page.Add(std::move(expansion));
  for (int i = 0; i < places; ++i) {
    probe::ProbeResult result = TlsResult();
    result.duration = milliseconds(100 + i);
    PhaseDuration(result, probe::Phase::kGreeting) = milliseconds(6000 + i);
    result.transcript = MakeTranscript();
    result.handshake->verdict->trusted = false;
    result.handshake->verdict->reason = "self_signed_cert_in_chain";
    result.clear->auth = true;
    result.clear->quirks.Add(probe::smtp::Quirk::kBareLf);
    result.clear->quirks.Add(probe::smtp::Quirk::kMixedCodes);
    result.clear->quirks.Add(probe::smtp::Quirk::kLongEhlo);
    page.Put(static_cast<probe::EndpointId>(i + 1), result);
  }
  return page;
}

}  // namespace tests

#endif  // TESTS_UNIT_METRICS_DOMAIN_OF_MANY_H_
