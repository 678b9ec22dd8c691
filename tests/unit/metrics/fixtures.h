// Targets, endpoints and results for the tests of this folder.
#ifndef TESTS_UNIT_METRICS_FIXTURES_H_
#define TESTS_UNIT_METRICS_FIXTURES_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/metrics/exposition.h"
#include "exporter/metrics/families.h"
#include "exporter/result_store.h"
#include "probe/endpoint.h"
#include "probe/expansion.h"
#include "probe/lookup.h"
#include "probe/result.h"
#include "probe/reverse_table.h"
#include "probe/target.h"
#include "probe/tls/handshake.h"
#include "probe/tls/version.h"

namespace tests {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-11-23 10:00:00 UTC.
inline constexpr probe::WallTime kNow{seconds(1795428000)};

inline bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Without the labels that all samples of the first series share.
inline std::string Short(std::string text) {
  const std::string labels =
      R"(target="mx1.example.com:25",module="smtp",address="192.0.2.1")";
  for (std::size_t at = 0; (at = text.find(labels, at)) != std::string::npos;) {
    text.replace(at, labels.size(), "L");
  }
  return text;
}

// The clocks of the tests run together.
inline probe::Moment MomentAt(probe::WallTime wall) {
  return {.steady = probe::Time(wall.time_since_epoch()), .wall = wall};
}

inline std::shared_ptr<const probe::Conversation> MakeConversation(
    probe::TlsMode mode,
    probe::tls::KeyType key_type = probe::tls::KeyType::kAny) {
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->tls.mode = mode;
  conversation->tls.key_type = key_type;
  return conversation;
}

inline probe::Target MakeTarget(probe::TlsMode mode = probe::TlsMode::kNone) {
  probe::Target target;
  target.name = "mx1.example.com:25";
  target.host = "mx1.example.com";
  target.module = "smtp";
  target.conversation = MakeConversation(mode);
  return target;
}

inline probe::Endpoint MakeEndpoint(
    probe::EndpointId id, const std::string& address,
    probe::tls::KeyType key_type = probe::tls::KeyType::kAny) {
  probe::Endpoint endpoint;
  endpoint.id = id;
  endpoint.conversation =
      MakeConversation(probe::TlsMode::kOpportunistic, key_type);
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

// The same server's answer inside TLS.
inline probe::smtp::Capabilities MakeInside() {
  probe::smtp::Capabilities capabilities;
  capabilities.esmtp = true;
  capabilities.size = true;
  capabilities.size_limit = 52428800;
  capabilities.keywords = {"8BITMIME", "REQUIRETLS", "SIZE"};
  return capabilities;
}

// A good certificate, valid for 60 days more.
inline probe::tls::Handshake MakeHandshake() {
  probe::tls::Handshake handshake;
  handshake.version = probe::tls::Version::kTls13;
  handshake.cipher = "TLS_AES_256_GCM_SHA384";
  handshake.group = "X25519";
  handshake.certificate = probe::tls::Certificate{
      .fingerprint_sha256 = std::string(64, 'a'),
      .subject = "CN=mx1.example.com",
      .issuer = "CN=Test CA,O=Example",
      .serial = "04d2",
      .key = "rsa2048",
      .names = {"mx1.example.com"},
      .not_before = kNow - std::chrono::days(30),
      .not_after = kNow + std::chrono::days(60),
  };
  handshake.verdict = probe::tls::Verdict{
      .trusted = true,
      .code = 0,
      .reason = "ok",
      .name_match = true,
      .chain_not_after = kNow + std::chrono::days(45),
  };
  return handshake;
}

inline std::optional<probe::Duration>& PhaseDuration(probe::ProbeResult& result,
                                                     probe::Phase phase) {
  return result.phase_durations[static_cast<std::size_t>(phase)];
}

// A probe in which all went well, before it came to TLS.
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

// One that went on inside TLS.
inline probe::ProbeResult TlsResult(probe::WallTime finished = kNow) {
  probe::ProbeResult result = GoodResult(finished);
  result.inside = MakeInside();
  result.starttls_success = true;
  result.plaintext_after_starttls = false;
  result.handshake = MakeHandshake();
  return result;
}

// One that began with TLS (port 465).
inline probe::ProbeResult ImplicitResult(probe::WallTime finished = kNow) {
  probe::ProbeResult result = TlsResult(finished);
  result.clear.reset();
  result.starttls_success.reset();
  result.plaintext_after_starttls.reset();
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

// What a probe and a usual server say, STARTTLS included.
inline std::vector<probe::TranscriptLine> MakeTranscript() {
  using Speaker = probe::TranscriptLine::Speaker;
  const std::vector<std::pair<Speaker, std::string>> said = {
      {Speaker::kServer, "220 mx1.example.com ESMTP Postfix (Debian/GNU)"},
      {Speaker::kClient, "EHLO monitor.example.net"},
      {Speaker::kServer, "250-mx1.example.com"},
      {Speaker::kServer, "250-PIPELINING"},
      {Speaker::kServer, "250-SIZE 10240000"},
      {Speaker::kServer, "250-ETRN"},
      {Speaker::kServer, "250-STARTTLS"},
      {Speaker::kServer, "250-ENHANCEDSTATUSCODES"},
      {Speaker::kServer, "250-8BITMIME"},
      {Speaker::kServer, "250-DSN"},
      {Speaker::kServer, "250-SMTPUTF8"},
      {Speaker::kServer, "250 CHUNKING"},
      {Speaker::kClient, "STARTTLS"},
      {Speaker::kServer, "220 2.0.0 Ready to start TLS"},
      {Speaker::kNote, "the TLS handshake begins"},
      {Speaker::kNote,
       "TLS1.3 TLS_AES_256_GCM_SHA384 x25519, certificate rsa2048 for "
       "mx1.example.com until 2027-01-22, trusted"},
      {Speaker::kClient, "EHLO monitor.example.net"},
      {Speaker::kServer, "250-mx1.example.com"},
      {Speaker::kServer, "250-PIPELINING"},
      {Speaker::kServer, "250-SIZE 10240000"},
      {Speaker::kServer, "250-ETRN"},
      {Speaker::kServer, "250-ENHANCEDSTATUSCODES"},
      {Speaker::kServer, "250-8BITMIME"},
      {Speaker::kServer, "250-DSN"},
      {Speaker::kServer, "250-SMTPUTF8"},
      {Speaker::kServer, "250 CHUNKING"},
      {Speaker::kClient, "QUIT"},
      {Speaker::kServer, "221 2.0.0 Bye"},
  };
  std::vector<probe::TranscriptLine> lines;
  for (const auto& [speaker, text] : said) {
    lines.push_back({.speaker = speaker,
                     .at = milliseconds(10) * (lines.size() + 1),
                     .text = text});
  }
  return lines;
}

inline probe::Target MakeDomain(const std::string& domain = "example.org") {
  probe::Target target = MakeTarget();
  target.name = domain + ":25";
  target.host = domain;
  target.is_domain = true;
  return target;
}

inline probe::Place MakePlace(const probe::Endpoint& endpoint,
                              const std::string& mx = "") {
  probe::Place place;
  place.endpoint = std::make_shared<const probe::Endpoint>(endpoint);
  place.mx = mx;
  return place;
}

// The place of an address at an exchanger.
inline probe::Place MakePlace(probe::EndpointId id, const std::string& address,
                              const std::string& mx) {
  return MakePlace(MakeEndpoint(id, address), mx);
}

inline std::shared_ptr<const probe::Lookup> MakeLookup(
    bool answered, probe::Duration took = {}) {
  return std::make_shared<const probe::Lookup>(
      probe::Lookup{.answered = answered,
                    .ever = answered,
                    .took = took,
                    .at = probe::Time(std::chrono::seconds(1))});
}

// Both answers are good until then.
inline std::shared_ptr<probe::Reverse> MakeReverse(
    std::optional<bool> match, std::optional<std::vector<std::string>> names,
    probe::WallTime until = kNow) {
  auto reverse = std::make_shared<probe::Reverse>();
  reverse->match = match;
  reverse->names = std::move(names);
  reverse->match_until = reverse->names_until = MomentAt(until).steady;
  reverse->latest = *MakeLookup(true, milliseconds(4));
  return reverse;
}

inline probe::Expansion MakeExpansion(probe::Target target,
                                      std::vector<probe::Place> places = {}) {
  probe::Expansion expansion;
  expansion.target = std::make_shared<const probe::Target>(std::move(target));
  expansion.places = std::move(places);
  return expansion;
}

inline probe::Failure DnsFailure(probe::Reason reason) {
  return {.phase = probe::Phase::kResolve, .reason = reason, .detail = "DNS"};
}

inline std::shared_ptr<const exporter::metrics::TargetSeries> MakeSeries(
    probe::Expansion expansion) {
  return std::make_shared<const exporter::metrics::TargetSeries>(
      std::make_shared<const probe::Expansion>(std::move(expansion)));
}

// What a page of target families needs, one target at a time.
class Page {
 public:
  Page& Add(probe::Expansion expansion) {
    for (const probe::Place& place : expansion.places) {
      store_->Add(place.endpoint->id);
    }
    list_.push_back(MakeSeries(std::move(expansion)));
    return *this;
  }
  Page& Add(probe::Target target, const probe::Endpoint& endpoint) {
    return Add(MakeExpansion(std::move(target), {MakePlace(endpoint)}));
  }
  // A slot that a target has left.
  Page& AddGap() {
    list_.push_back(nullptr);
    return *this;
  }
  Page& Put(probe::EndpointId id, const probe::ProbeResult& result) {
    store_->Put(id, result);
    return *this;
  }
  exporter::ResultStore& store() const { return *store_; }
  const exporter::metrics::SeriesList& list() const { return list_; }

  exporter::metrics::TargetFamilies Families(probe::WallTime now = kNow) const {
    return {std::make_shared<const exporter::metrics::SeriesList>(list_),
            *store_, MomentAt(now)};
  }

  // The pieces, as a client gets them, without those that are empty at the
  // start: nothing is written while states are taken.
  std::vector<std::string> Pieces(exporter::metrics::Format format,
                                  probe::WallTime now = kNow) const {
    exporter::metrics::TargetFamilies families = Families(now);
    exporter::metrics::ExpositionWriter writer(format);
    std::vector<std::string> pieces;
    bool more = true;
    while (more) {
      more = families.Next(writer);
      if (more && pieces.empty() && writer.size() == 0) continue;
      pieces.push_back(writer.Take());
    }
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
  exporter::metrics::SeriesList list_;
  // So that a Page can be returned; copies share it.
  std::shared_ptr<exporter::ResultStore> store_ =
      std::make_shared<exporter::ResultStore>();
};

inline Page OnePage(const probe::Target& target = MakeTarget()) {
  Page page;
  page.Add(target, MakeEndpoint(1, "192.0.2.1"));
  return page;
}

}  // namespace tests

#endif  // TESTS_UNIT_METRICS_FIXTURES_H_
