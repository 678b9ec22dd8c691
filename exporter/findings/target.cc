// What there is to say of a target as a whole.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/findings/codes.h"
#include "exporter/findings/failure_words.h"
#include "exporter/findings/parts.h"
#include "exporter/findings/quirk_words.h"
#include "exporter/metrics/domain.h"
#include "probe/lookup.h"
#include "probe/smtp/quirk.h"

namespace exporter::findings {
namespace {

using metrics::Row;
using metrics::TargetRow;

std::string_view RecordWord(probe::RecordType type) {
  switch (type) {
    case probe::RecordType::kA:
      return "A";
    case probe::RecordType::kAaaa:
      return "AAAA";
    case probe::RecordType::kMx:
      return "MX";
    case probe::RecordType::kPtr:
      return "PTR";
  }
  return "";
}

// Failures that count already stand with the target or its places.
void AddLookups(const TargetRow& target, Collector& out) {
  std::string questions;
  for (const probe::NamedLookup& named : target.expansion().lookups) {
    const probe::Lookup& lookup = *named.lookup;
    if (lookup.answered || lookup.at == probe::Time{}) continue;
    if (!questions.empty()) questions += ", ";
    questions += RecordWord(named.record);
    questions += " of ";
    questions += named.mx.empty() ? target.target().host : named.mx;
  }
  if (questions.empty()) return;
  out.Add(Level::kInfo, kDnsUnanswered, [&] {
    return Text{"DNS gives no answer about " + questions,
                "Senders wait for that answer, too. Ask another resolver: if "
                "it has one, mend the resolver of this host; if not, the name "
                "servers in charge. What was known before still counts."};
  });
}

void AddRoutes(const probe::Expansion& expansion, Collector& out) {
  if (!expansion.no_ip4_route && !expansion.no_ip6_route) return;
  out.Add(Level::kInfo, kNoRoute, [&] {
    const std::string family = expansion.no_ip6_route ? "IPv6" : "IPv4";
    return Text{family + " addresses are left out",
                "This host has no route to them, which says nothing about the "
                "server. Give this host " +
                    family + ", or set ip_protocol to hide this."};
  });
}

void AddDomainQuirks(const probe::Expansion& expansion, Collector& out) {
  probe::smtp::Quirks quirks;
  for (const probe::Place& place : expansion.places) quirks.Add(place.quirks);
  for (std::size_t i = 0; i < probe::smtp::kQuirkCount; ++i) {
    const auto quirk = static_cast<probe::smtp::Quirk>(i);
    const QuirkWords& words = WordsOf(quirk);
    if (!words.of_domain || !quirks.Has(quirk)) continue;
    out.Add(words.level, probe::smtp::kQuirkNames[i], words.title,
            words.advice);
  }
}

// The exchangers none of whose addresses is reachable, those still to be tested
// left out.
std::vector<std::string_view> DeadExchangers(const TargetRow& target) {
  struct Exchanger {
    std::string_view name;
    bool alive = false;
  };
  std::vector<Exchanger> exchangers;  // Places of one adjoin.
  target.ForEachRow([&](const Row& row) {
    const std::string_view name = row.place().mx;
    if (exchangers.empty() || exchangers.back().name != name) {
      exchangers.push_back({name});
    }
    if (row.verdict() == nullptr || row.reachable()) {
      exchangers.back().alive = true;
    }
  });
  std::vector<std::string_view> dead;
  for (const Exchanger& exchanger : exchangers) {
    if (!exchanger.alive) dead.push_back(exchanger.name);
  }
  return dead;
}

std::string Joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

void AddDeadExchangers(const TargetRow& target, Collector& out) {
  std::vector<std::string_view> best;
  std::vector<std::string_view> backups;
  for (const std::string_view name : DeadExchangers(target)) {
    (metrics::IsBest(*target.mail(), name) ? best : backups).push_back(name);
  }
  if (!best.empty()) {
    out.Add(Level::kWarning, kBestMxDown, [&] {
      return Text{
          "Of the mail servers that senders try first, some are down: " +
              Joined(best),
          "Mail still gets through by the others, with a delay. What "
          "is wrong with these stands below."};
    });
  }
  if (!backups.empty()) {
    out.Add(Level::kWarning, kBackupMxDown, [&] {
      return Text{"Backup mail servers are down: " + Joined(backups),
                  "Mail gets through by the best ones, and nothing is left if "
                  "those fail. What is wrong with these stands below."};
    });
  }
}

void AddReachability(const TargetRow& target, Collector& out) {
  const std::optional<bool> reachable = metrics::DomainReachable(target);
  if (!reachable) return;
  if (*reachable) {
    AddDeadExchangers(target, out);
    return out.Add(Level::kOk, kDomainReachable,
                   "The domain's mail gets through", "");
  }
  bool backup = false;
  // No worse than what keeps them from it: who says 421 is busy, not gone.
  Level level = Level::kWarning;
  target.ForEachRow([&](const Row& row) {
    if (row.verdict() == nullptr) return;
    backup = backup || row.reachable();
    if (row.failure() != nullptr &&
        metrics::IsBest(*target.mail(), row.place().mx)) {
      level = std::max(level, LevelOf(*row.failure()));
    }
  });
  out.Add(level, kDomainUnreachable,
          backup ? "No mail server that senders try first takes mail; backups "
                   "do"
                 : "No mail server of the domain takes mail",
          backup ? "Mail goes to the backups. Mend the best ones before those "
                   "fill up or fail; what is wrong with each stands below."
                 : "Mail waits at the senders, who give up after some days. "
                   "What is wrong with each server stands below.");
}

void AddDomain(const TargetRow& target, const probe::Mail& mail,
               Collector& out) {
  if (mail.failure) {
    out.Add(LevelOf(*mail.failure), CodeOf(*mail.failure),
            [&] { return WordsOf(*mail.failure); });
  } else if (mail.null_mx) {
    const probe::Failure null_mx = {.phase = probe::Phase::kResolve,
                                    .reason = probe::Reason::kNullMx,
                                    .detail = {}};
    out.Add(LevelOf(null_mx), CodeOf(null_mx),
            [&] { return WordsOf(null_mx); });
  } else {
    AddReachability(target, out);
  }
  AddDomainQuirks(target.expansion(), out);
}

}  // namespace

bool HasResult(const TargetRow& target) {
  const probe::Mail* const mail = target.mail();
  bool has = mail != nullptr && (mail->null_mx || mail->failure);
  target.ForEachRow([&](const Row& row) { has = has || HasResult(row); });
  return has;
}

void AddTarget(const TargetRow& target, Collector& out) {
  out.Begin(nullptr);
  bool unresolved = false;
  bool has_row = false;
  target.ForEachRow([&](const Row& row) {
    has_row = true;
    unresolved = unresolved || row.place().unresolved;
  });
  const probe::Mail* const mail = target.mail();
  if (mail != nullptr) AddDomain(target, *mail, out);
  const bool dns_failed = unresolved || (mail != nullptr && mail->failure);
  if (!dns_failed) AddLookups(target, out);
  AddRoutes(target.expansion(), out);
  if (!has_row && !HasResult(target)) {
    out.Add(Level::kInfo, kNotTested, "Not tested yet",
            "The name is being looked up.");
  }
  // One dead exchanger is no dead domain.
  const bool mail_gets_through =
      metrics::DomainReachable(target).value_or(false);
  const Level most = mail_gets_through ? Level::kWarning : Level::kCritical;
  target.ForEachSeries([&](const Row& row) { AddPlace(row, most, out); });
}

}  // namespace exporter::findings
