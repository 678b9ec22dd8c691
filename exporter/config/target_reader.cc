#include "exporter/config/target_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "exporter/config/duration.h"
#include "exporter/config/labels.h"
#include "exporter/config/suggestion.h"

namespace exporter::config {
namespace {

// Facts outlive some failed probes, but no long outage.
constexpr int kStaleIntervals = 5;
constexpr probe::Duration kLeastStale = std::chrono::minutes(5);

std::string NameOf(const probe::Target& target) {
  const bool bracket = target.literal && target.literal->is_ip6();
  return (bracket ? '[' + target.host + ']' : target.host) + ':' +
         std::to_string(target.port);
}

std::string_view FamilyName(bool is_ip6) { return is_ip6 ? "IPv6" : "IPv4"; }

// The settings that name an address family must agree: with each other, and
// with a literal's.
void AgreeOnFamily(const Field& field, probe::Target& target,
                   const std::optional<probe::IpAddress>& source) {
  using enum probe::IpProtocol;
  std::optional<bool> ip6;
  if (target.ip_protocol != kAuto) ip6 = target.ip_protocol == kIp6;
  if (source) {
    if (ip6 && *ip6 != source->is_ip6()) {
      field.Complain("source_address is an " +
                     std::string(FamilyName(source->is_ip6())) +
                     " address, but ip_protocol is " + (*ip6 ? "ip6" : "ip4"));
      return;
    }
    ip6 = source->is_ip6();
    target.ip_protocol = *ip6 ? kIp6 : kIp4;
  }
  if (ip6 && target.literal && target.literal->is_ip6() != *ip6) {
    field.Complain("the host is an " +
                   std::string(FamilyName(target.literal->is_ip6())) +
                   " address, but ip_protocol or source_address is " +
                   std::string(FamilyName(*ip6)));
  }
}

// The session cuts a phase to what is left of the whole; cut here, settings
// that mean the same are the same.
probe::Timeouts Cut(probe::Timeouts timeouts) {
  for (const auto phase : {&probe::Timeouts::connect,
                           &probe::Timeouts::greeting, &probe::Timeouts::ehlo,
                           &probe::Timeouts::tls, &probe::Timeouts::quit}) {
    timeouts.*phase = std::min(timeouts.*phase, timeouts.total);
  }
  return timeouts;
}

void ReadName(const Field& field, std::string& text, HostPort& parsed) {
  if (!field.value().IsText()) return field.ComplainKind("text");
  text = field.value().text;
  auto result = ParseHostPort(text);
  if (!result) return field.Complain(result.error());
  parsed = std::move(*result);
}

void ReadDomain(const Field& field, std::string& text, HostPort& parsed) {
  ReadName(field, text, parsed);
  if (!parsed.literal) return;
  field.Complain(Quoted(text) +
                 " is an IP address, and only a name can be a domain");
}

// Nobody forbids a server to do so, but few do: one side would wait in vain for
// the other.
void WarnOfPort(const Field& field, std::uint16_t port, probe::TlsMode mode) {
  const bool implicit = mode == probe::TlsMode::kImplicit;
  if (port == kSubmissionsPort && !implicit) {
    field.Warn("port 465 is for implicit TLS, but tls.mode is " +
               std::string(ModeName(mode)));
  } else if ((port == kSmtpPort || port == kSubmissionPort) && implicit) {
    field.Warn("port " + std::to_string(port) +
               " is for STARTTLS, but tls.mode is implicit");
  }
}

}  // namespace

std::shared_ptr<const probe::Target> TargetReader::Read(const Field& field) {
  const std::size_t problems = field.problems().count();
  const Value::Kind kind = field.value().kind;
  if (kind == Value::Kind::kList) {
    field.Complain(
        "must be text or a map, not a list; an address in brackets needs "
        "quotes: \"[2001:db8::1]:25\"");
    return nullptr;
  }
  if (kind == Value::Kind::kNull) {
    field.ComplainKind("text or a map");
    return nullptr;
  }
  // A shorthand is a map that has only a host.
  Value shorthand;
  if (field.value().IsText()) {
    shorthand.kind = Value::Kind::kNull;
    shorthand.place = field.value().place;
  }
  const Field empty(shorthand, field.problems());
  MapReader map(field.value().IsText() ? empty : field);
  auto target = std::make_shared<probe::Target>();
  std::string text;
  if (!ReadEndpoint(field, map, *target, text)) return nullptr;
  if (field.problems().count() != problems) return nullptr;
  if (duplicates_ == Duplicates::kRefuse) RefuseDuplicate(field, *target);
  if (field.problems().count() != problems) return nullptr;
  if (!shard_.Keeps(text)) return nullptr;
  return target;
}

bool TargetReader::ReadEndpoint(const Field& field, MapReader& map,
                                probe::Target& target, std::string& text) {
  const std::size_t problems = field.problems().count();
  map.Refuse("role", "belongs to the module, name one that has the role");
  const auto host =
      field.value().IsText() ? std::optional<Field>(field) : map.Take("host");
  const auto domain = map.Take("domain");
  HostPort parsed;
  if (host) ReadName(*host, text, parsed);
  if (domain) ReadDomain(*domain, text, parsed);
  if (const auto port = map.Take("port")) {
    std::uint16_t number = 0;
    ReadPort(*port, number);
    if (parsed.port) {
      port->Complain("the " + std::string(domain ? "domain" : "host") +
                     " has a port already");
    }
    if (number != 0) parsed.port = number;
  }
  const Module* const module = ChooseModule(map, parsed.port, target);
  Settings settings;
  if (module != nullptr) settings = module->settings;
  ReadOverrides(map, settings, target);
  map.Finish();
  if (field.problems().count() != problems) return false;
  if (host.has_value() == domain.has_value()) {
    field.Complain(host ? "has a host and a domain" : "has no host or domain");
    return false;
  }
  target.host = std::move(parsed.host);
  target.is_domain = domain.has_value();
  target.literal = parsed.literal;
  target.port = parsed.port.value_or(module->port);
  target.role = module->role;
  target.name = NameOf(target);
  Complete(field, std::move(settings), target);
  return true;
}

const Module* TargetReader::ChooseModule(MapReader& map,
                                         std::optional<std::uint16_t> port,
                                         probe::Target& target) {
  if (const auto name = map.Take("module")) {
    ReadText(*name, target.module);
    if (!name->value().IsText()) return nullptr;
    const Module* const module = modules_.Find(target.module);
    if (module != nullptr) return module;
    name->Complain("there is no module " + Quoted(target.module) +
                   Suggestion(target.module, modules_.Names()));
    return nullptr;
  }
  target.module = port == kSubmissionsPort  ? kSubmissionsModule
                  : port == kSubmissionPort ? kSubmissionModule
                                            : kSmtpModule;
  return modules_.Find(target.module);
}

void TargetReader::ReadOverrides(MapReader& map, Settings& settings,
                                 probe::Target& target) {
  ReadSettings(map, settings);
  ReadAddressSettings(map, settings);
  if (const auto tls = map.Take("tls")) ReadTls(*tls, contexts_, settings.tls);
  if (const auto labels = map.Take("labels")) {
    ReadLabels(*labels, target.labels);
  }
  if (const auto expect = map.Take("expect")) {
    expect_reader_.Read(*expect, settings.tls.settings.mode, target.expect);
  }
}

void TargetReader::Complete(const Field& field, Settings settings,
                            probe::Target& target) {
  target.addresses = settings.addresses;
  target.ip_protocol = settings.ip_protocol;
  using enum probe::PrivateAddresses;
  target.private_addresses =
      settings.private_addresses.value_or(target.is_domain ? kSkip : kProbe);
  AgreeOnFamily(field, target, settings.source_address);
  target.interval = settings.interval;
  target.stale_after = settings.stale_after.value_or(
      std::max(kStaleIntervals * settings.interval, kLeastStale));
  if (target.stale_after < target.interval) {
    field.Complain("stale_after (" + DurationText(target.stale_after) +
                   ") is shorter than interval (" +
                   DurationText(target.interval) +
                   "): facts would come and go");
  }
  WarnOfPort(field, target.port, settings.tls.settings.mode);
  Converse(field, std::move(settings), target);
}

void TargetReader::Converse(const Field& field, Settings settings,
                            probe::Target& target) {
  if (settings.ehlo_name.empty()) {
    settings.ehlo_name = EhloNameFor(ThisHost());
    used_own_name_ = true;
  }
  probe::Conversation conversation{
      .ehlo_name = std::move(settings.ehlo_name),
      .source_address = settings.source_address,
      .timeouts = Cut(settings.timeouts),
      .tls = {},
  };
  if (settings.tls.settings.mode == probe::TlsMode::kNone) {
    // What the module says about TLS then makes no difference.
    target.conversation = Intern(field, std::move(conversation));
    return;
  }
  conversation.tls = std::move(settings.tls.settings);
  target.conversation = Intern(field, conversation);
  for (const probe::tls::KeyType type : settings.tls.certificate_types) {
    conversation.tls.key_type = type;
    target.certificate_conversations.push_back(Intern(field, conversation));
  }
}

std::shared_ptr<const probe::Conversation> TargetReader::Intern(
    const Field& field, probe::Conversation conversation) {
  auto& interned = conversations_[probe::Fingerprint(conversation)];
  if (interned) return interned;
  if (conversation.tls.mode != probe::TlsMode::kNone) {
    auto context = contexts_.Get(conversation.tls);
    if (!context) {
      field.Complain("TLS cannot be set up: " + context.error());
      return nullptr;
    }
    conversation.tls.context = std::move(*context);
  }
  interned =
      std::make_shared<const probe::Conversation>(std::move(conversation));
  return interned;
}

void TargetReader::RefuseDuplicate(const Field& field,
                                   const probe::Target& target) {
  const auto [entry, added] = seen_.try_emplace(
      probe::Identity(target),
      Seen{field.Path(), field.value().place.line, target.is_domain});
  if (added) return;
  field.Complain(
      target.name + " with module " + target.module + " is " +
      entry->second.path + " already (line " +
      std::to_string(entry->second.line) + ")" +
      (entry->second.is_domain == target.is_domain
           ? ""
           : "; a host and a domain of one name need modules of their own"));
}

}  // namespace exporter::config
