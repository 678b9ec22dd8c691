// Targets, endpoints and results for the tests of this folder.
#ifndef TESTS_UNIT_METRICS_FIXTURES_H_
#define TESTS_UNIT_METRICS_FIXTURES_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/metrics/exposition.h"
#include "exporter/metrics/families.h"
#include "exporter/result_store.h"
#include "probe/endpoint.h"
#include "probe/result.h"
#include "probe/target.h"

namespace tests {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-11-23 10:00:00 UTC.
inline constexpr probe::WallTime kNow{seconds(1795428000)};

// The clocks of the tests run together.
inline probe::Moment MomentAt(probe::WallTime wall) {
  return {.steady = probe::Time(wall.time_since_epoch()), .wall = wall};
}

inline probe::Target MakeTarget() {
  probe::Target target;
  target.name = "mx1.example.com:25";
  target.host = "mx1.example.com";
  target.module = "smtp";
  return target;
}

inline probe::Endpoint MakeEndpoint(probe::EndpointId id,
                                    const std::string& address) {
  probe::Endpoint endpoint;
  endpoint.id = id;
  if (!address.empty()) endpoint.address = probe::IpAddress::Parse(address);
  return endpoint;
}

inline probe::smtp::Banner MakeBanner(const std::string& hostname) {
  probe::smtp::Banner banner;
  banner.code = 220;
  banner.hostname = hostname;
  banner.text = hostname + " ESMTP";
  return banner;
}

inline probe::smtp::Capabilities MakeCapabilities() {
  probe::smtp::Capabilities capabilities;
  capabilities.esmtp = true;
  capabilities.starttls = true;
  capabilities.size = true;
  capabilities.size_limit = 10240000;
  capabilities.keywords = {"8BITMIME", "SIZE", "STARTTLS"};
  return capabilities;
}

inline std::optional<probe::Duration>& PhaseDuration(probe::ProbeResult& result,
                                                     probe::Phase phase) {
  return result.phase_durations[static_cast<std::size_t>(phase)];
}

// A probe in which all went well.
inline probe::ProbeResult GoodResult(probe::WallTime finished = kNow) {
  probe::ProbeResult result;
  result.finished = MomentAt(finished);
  result.duration = milliseconds(250);
  PhaseDuration(result, probe::Phase::kConnect) = milliseconds(10);
  PhaseDuration(result, probe::Phase::kGreeting) = milliseconds(200);
  result.interval = seconds(60);
  result.reachable = true;
  result.banner = MakeBanner("mx1.example.com");
  result.clear = MakeCapabilities();
  return result;
}

// A server that is too busy to talk.
inline probe::ProbeResult BusyResult(probe::WallTime finished) {
  probe::ProbeResult result;
  result.finished = MomentAt(finished);
  result.duration = milliseconds(30);
  PhaseDuration(result, probe::Phase::kGreeting) = milliseconds(20);
  result.interval = seconds(120);
  result.failure = probe::Failure{.phase = probe::Phase::kGreeting,
                                  .reason = probe::Reason::kServiceClosing,
                                  .detail = "421 4.3.2 too busy"};
  return result;
}

// What a page of target families needs, one series at a time.
class Page {
 public:
  Page& Add(probe::Target target, const probe::Endpoint& endpoint) {
    series_.emplace_back(
        std::make_shared<const probe::Target>(std::move(target)), endpoint);
    ids_.push_back(endpoint.id);
    store_->Add(endpoint.id);
    return *this;
  }
  Page& Put(probe::EndpointId id, const probe::ProbeResult& result) {
    store_->Put(id, result);
    return *this;
  }
  exporter::ResultStore& store() { return *store_; }

  exporter::metrics::TargetSnapshot Snapshot(probe::WallTime now) const {
    return {.series =
                std::make_shared<const exporter::metrics::SeriesList>(series_),
            .states = store_->Snapshot(ids_),
            .now = MomentAt(now).steady};
  }

  // The pieces, as a client gets them.
  std::vector<std::string> Pieces(exporter::metrics::Format format,
                                  probe::WallTime now = kNow) const {
    exporter::metrics::TargetFamilies families(Snapshot(now));
    exporter::metrics::ExpositionWriter writer(format);
    std::vector<std::string> pieces;
    while (families.Next(writer)) pieces.push_back(writer.Take());
    pieces.push_back(writer.Take());
    return pieces;
  }

  // All of it without comments.
  std::string Samples(probe::WallTime now = kNow) const {
    std::string samples;
    for (const std::string& piece :
         Pieces(exporter::metrics::Format::kText, now)) {
      std::size_t at = 0;
      while (at < piece.size()) {
        const std::size_t end = piece.find('\n', at);
        if (piece[at] != '#') samples.append(piece, at, end + 1 - at);
        at = end + 1;
      }
    }
    return samples;
  }

 private:
  exporter::metrics::SeriesList series_;
  std::vector<probe::EndpointId> ids_;
  // So that a Page can be returned; copies share it.
  std::shared_ptr<exporter::ResultStore> store_ =
      std::make_shared<exporter::ResultStore>();
};

}  // namespace tests

#endif  // TESTS_UNIT_METRICS_FIXTURES_H_
