#include "exporter/config/settings.h"

#include <array>
#include <utility>

#include "exporter/config/duration.h"
#include "exporter/config/host_name.h"

namespace exporter::config {
namespace {

constexpr std::array<
    std::pair<std::string_view, probe::Duration(probe::Timeouts::*)>, 5>
    kPhases = {{
        {"connect", &probe::Timeouts::connect},
        {"greeting", &probe::Timeouts::greeting},
        {"ehlo", &probe::Timeouts::ehlo},
        {"tls", &probe::Timeouts::tls},
        {"quit", &probe::Timeouts::quit},
    }};

// A phase that says more than the whole may take is a mistake where it is
// written; one that is inherited is cut later.
void ReadTimeouts(MapReader& map, probe::Timeouts& timeouts) {
  if (const auto field = map.Take("timeout")) {
    ReadDuration(*field, kTimeoutRange, timeouts.total);
  }
  const auto phases = map.Take("timeouts");
  if (!phases) return;
  MapReader reader(*phases);
  for (const auto& [name, member] : kPhases) {
    const auto field = reader.Take(name);
    if (!field) continue;
    probe::Duration phase{};
    ReadDuration(*field, kTimeoutRange, phase);
    if (phase == probe::Duration::zero()) continue;
    timeouts.*member = phase;
    if (phase > timeouts.total) {
      field->Complain(DurationText(phase) +
                      " is longer than the timeout of the whole probe (" +
                      DurationText(timeouts.total) + ")");
    }
  }
  reader.Finish();
}

}  // namespace

void ReadSettings(MapReader& map, Settings& settings) {
  if (const auto field = map.Take("interval")) {
    ReadDuration(*field, kIntervalRange, settings.interval);
  }
  ReadTimeouts(map, settings.timeouts);
  if (const auto field = map.Take("stale_after")) {
    probe::Duration stale_after{};
    ReadDuration(*field, kStaleRange, stale_after);
    if (stale_after != probe::Duration::zero()) {
      settings.stale_after = stale_after;
    }
  }
  if (const auto field = map.Take("ehlo_name")) {
    std::string name;
    if (!field->value().IsText()) return field->ComplainKind("text");
    ReadText(*field, name);
    if (const auto checked = CheckEhloName(name); !checked) {
      field->Complain(checked.error());
    } else {
      settings.ehlo_name = name;
    }
  }
}

void ReadAddressSettings(MapReader& map, Settings& settings) {
  if (const auto field = map.Take("addresses")) {
    using enum probe::AddressChoice;
    ReadChoice(*field, {{"all", kAll}, {"first", kFirst}}, settings.addresses);
  }
  if (const auto field = map.Take("ip_protocol")) {
    using enum probe::IpProtocol;
    ReadChoice(*field, {{"auto", kAuto}, {"ip4", kIp4}, {"ip6", kIp6}},
               settings.ip_protocol);
  }
  if (const auto field = map.Take("private_addresses")) {
    using enum probe::PrivateAddresses;
    auto choice = settings.private_addresses.value_or(kProbe);
    const std::size_t problems = field->problems().count();
    ReadChoice(*field, {{"probe", kProbe}, {"skip", kSkip}}, choice);
    if (field->problems().count() == problems) {
      settings.private_addresses = choice;
    }
  }
  if (const auto field = map.Take("source_address")) {
    if (!field->value().IsText()) return field->ComplainKind("an IP address");
    settings.source_address = probe::IpAddress::Parse(field->value().text);
    if (!settings.source_address) {
      field->Complain(Quoted(field->value().text) + " is not an IP address");
    }
  }
}

}  // namespace exporter::config
