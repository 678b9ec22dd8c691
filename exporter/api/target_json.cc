#include "exporter/api/target_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/findings.h"
#include "exporter/findings/fact_levels.h"
#include "exporter/history.h"
#include "exporter/kept_transcript.h"
#include "exporter/metrics/family.h"

namespace exporter::api {
namespace {

// Fields stand in the order in which they were set: the page's reader looks
// for the verdict first.
using Json = nlohmann::ordered_json;

// The families of a summary.
constexpr std::array<std::string_view, 17> kSummaryFamilies = {
    "smtp_reachable",
    "smtp_probe_success",
    "smtp_probe_timestamp_seconds",
    "smtp_probe_interval_seconds",
    "smtp_starttls_advertised",
    "smtp_starttls_success",
    "smtp_auth_on_25",
    "smtp_size_limit_bytes",
    "smtp_banner_match",
    "smtp_banner_hostname_info",
    "smtp_tls_info",
    "smtp_tls_certificate_not_after_timestamp_seconds",
    "smtp_tls_chain_not_after_timestamp_seconds",
    "smtp_tls_certificate_trusted",
    "smtp_tls_certificate_name_match",
    "smtp_domain_reachable",
    "smtp_null_mx",
};

bool IsInSummary(std::string_view family) {
  return std::ranges::count(kSummaryFamilies, family) > 0;
}

// JSON knows no infinity.
Json Number(double value) {
  if (std::isfinite(value)) return value;
  return value > 0 ? "+Inf" : "-Inf";
}
Json Number(std::uint64_t value) { return value; }

// Puts samples into the object of their place or target.
class JsonSamples final : public metrics::Samples {
 public:
  explicit JsonSamples(Json& object) : object_(object) {}

  void Begin(std::string_view family) {
    family_ = family;
    of_.clear();
  }

  void Of(const metrics::Row& row) override {
    of_.clear();
    if (const auto& address = row.place().endpoint->address) {
      of_.emplace_back("address", address->ToString());
    }
    if (!row.place().mx.empty()) of_.emplace_back("mx", row.place().mx);
  }

 private:
  void Take(std::span<const Label> labels, double value) override {
    Put(labels, Number(value));
  }
  void Take(std::span<const Label> labels, std::uint64_t value) override {
    Put(labels, Number(value));
  }
  void Put(std::span<const Label> labels, Json value) {
    if (labels.empty() && of_.empty()) {
      object_[std::string(family_)] = std::move(value);
      return;
    }
    Json sample = Json::object();
    for (const auto& [name, text] : of_) sample[name] = text;
    for (const auto& [name, text] : labels) sample[std::string(name)] = text;
    sample["value"] = std::move(value);
    object_[std::string(family_)].push_back(std::move(sample));
  }

  Json& object_;
  std::string_view family_;
  std::vector<std::pair<std::string, std::string>> of_;
};

// Takes what is not wanted.
class NoSamples final : public metrics::Samples {
 public:
  void Of(const metrics::Row&) override {}

 private:
  void Take(std::span<const Label>, double) override {}
  void Take(std::span<const Label>, std::uint64_t) override {}
};

template <typename RowType>
void AddFamilies(const RowType& row, bool summary, Json& object) {
  JsonSamples samples(object);
  NoSamples nothing;
  metrics::AppendFamilies(
      row, [&](const metrics::FamilyHead& family) -> metrics::Samples& {
        if (summary && !IsInSummary(family.name)) return nothing;
        samples.Begin(family.name);
        return samples;
      });
}

Json FailureJson(const probe::Failure& failure) {
  return {{"phase", Name(failure.phase)},
          {"reason", Name(failure.reason)},
          {"detail", failure.detail}};
}

void AddFactLevels(const metrics::Row& row, Json& place) {
  Json levels = Json::object();
  const findings::FactLevels found = findings::FactLevelsOf(row);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) levels[std::string(findings::kFacts[i])] = Name(*found[i]);
  }
  place["fact_levels"] = std::move(levels);
}

Json PlaceJson(const metrics::Row& row, bool summary) {
  Json place = Json::object();
  if (const auto& address = row.place().endpoint->address) {
    place["address"] = address->ToString();
  }
  if (!row.place().mx.empty()) place["mx"] = row.place().mx;
  if (row.certificate_only()) {
    place["certificate_type"] =
        row.key_type() == probe::tls::KeyType::kRsa ? "rsa" : "ecdsa";
  }
  place["level"] = Name(Summarize(row).status);
  AddFactLevels(row, place);
  if (row.verdict() != nullptr && row.failure() != nullptr) {
    place["failure"] = FailureJson(*row.failure());
  }
  AddFamilies(row, summary, place);
  return place;
}

void AddNames(const metrics::Row& row, Json& place) {
  const probe::tls::Handshake* const shown = row.certified();
  if (shown != nullptr) place["names"] = shown->certificate->names;
}

// None: it is not known which. Empty: there are none.
void AddReverseNames(const metrics::Row& row, Json& place) {
  if (row.certificate_only() || row.reverse_names() == nullptr) return;
  place["reverse_names"] = *row.reverse_names();
}

std::string_view Name(probe::TranscriptLine::Speaker speaker) {
  using enum probe::TranscriptLine::Speaker;
  switch (speaker) {
    case kClient:
      return "client";
    case kServer:
      return "server";
    case kNote:
      return "note";
  }
  return "";
}

Json TranscriptJson(const KeptTranscript& transcript) {
  Json lines = Json::array();
  for (const KeptTranscript::Line& line : transcript.Lines()) {
    lines.push_back({{"at", probe::Seconds(line.at)},
                     {"speaker", Name(line.speaker)},
                     {"text", line.text}});
  }
  return {{"at", metrics::UnixSeconds(transcript.finished().wall)},
          {"success", transcript.success()},
          {"lines", std::move(lines)}};
}

// What is remembered of an endpoint's past; of a test on demand, the test.
void AddEvidence(const EndpointState& state, Kept kept, Json& place) {
  Json transcripts = Json::object();
  const auto add = [&transcripts](const char* name, const auto& transcript) {
    if (transcript) transcripts[name] = TranscriptJson(*transcript);
  };
  add("latest", state.LatestTranscript());
  if (kept == Kept::kWatched) {
    add("last_good", state.last_good);
    add("last_bad", state.last_bad);
    add("before_change", state.before_change);
  }
  place["transcripts"] = std::move(transcripts);
  if (kept != Kept::kWatched) return;
  Json history = Json::array();
  if (state.history) {
    for (const History::Entry& entry : state.history->Entries()) {
      history.push_back(
          {{"at", metrics::UnixSeconds(entry.at)},
           {"level", entry.level == Change::Level::kInfo ? "info" : "warning"},
           {"text", entry.text}});
    }
  }
  place["history"] = std::move(history);
}

Json TargetHead(const metrics::TargetRow& row, Kept kept) {
  const probe::Target& target = row.target();
  Json head = Json::object();
  if (kept == Kept::kWatched) head["id"] = IdText(IdOf(target));
  head["target"] = target.name;
  head["module"] = target.module;
  head["role"] = target.role == probe::Role::kMx ? "mx" : "submission";
  head["kind"] = target.is_domain ? "domain" : "host";
  head["labels"] = Json::object();
  for (const auto& [name, value] : target.labels) head["labels"][name] = value;
  return head;
}

Json FindingJson(const Finding& finding) {
  Json json = {{"level", Name(finding.level)},
               {"code", finding.code},
               {"title", finding.title},
               {"advice", finding.advice}};
  if (!finding.address.empty()) json["address"] = finding.address;
  if (!finding.mx.empty()) json["mx"] = finding.mx;
  return json;
}

// Servers' words may be anything; not to throw here is what `replace` is for.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false,
                   Json::error_handler_t::replace);
}

// All that stands before the places, up to the bracket.
std::string HeadText(const metrics::TargetRow& row, Kept kept) {
  Json json = TargetHead(row, kept);
  json["level"] = Name(Summarize(row).status);
  Json findings = Json::array();
  for (const Finding& finding : FindingsOf(row)) {
    findings.push_back(FindingJson(finding));
  }
  json["findings"] = std::move(findings);
  AddFamilies(row, /*summary=*/false, json);
  json["places"] = Json::array();
  std::string text = Text(json);
  text.resize(text.size() - 2);  // "]}".
  return text;
}

std::string PlaceText(const metrics::Row& row, Kept kept) {
  Json place = PlaceJson(row, /*summary=*/false);
  AddNames(row, place);
  AddReverseNames(row, place);
  AddEvidence(row.state(), kept, place);
  return Text(place);
}

}  // namespace

std::string IdText(TargetId id) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx",
                static_cast<unsigned long long>(id));
  return text;
}

std::string SummaryJson(const metrics::TargetRow& row) {
  Json json = TargetHead(row, Kept::kWatched);
  const Summary summary = Summarize(row);
  json["level"] = Name(summary.status);
  json["headline"] = summary.headline;
  AddFamilies(row, /*summary=*/true, json);
  Json places = Json::array();
  row.ForEachRow([&places](const metrics::Row& place) {
    places.push_back(PlaceJson(place, /*summary=*/true));
  });
  json["places"] = std::move(places);
  return Text(json);
}

bool TargetPieces::Next(std::string& out) {
  if (!std::exchange(begun_, true)) {
    out += HeadText(row_, kept_);
    return true;
  }
  for (; next_ < row_.entries().size(); ++next_) {
    const auto& entry = row_.entries()[next_];
    if (entry.state == nullptr) continue;
    ++next_;
    if (std::exchange(several_, true)) out += ',';
    out += PlaceText(metrics::Row(entry, row_.now()), kept_);
    return true;
  }
  out += "]}";
  return false;
}

std::string TargetJson(const metrics::TargetRow& row, Kept kept) {
  TargetPieces pieces(row, kept);
  std::string json;
  while (pieces.Next(json)) {
  }
  return json;
}

std::string Quoted(const std::string& text) { return Text(Json(text)); }

}  // namespace exporter::api
