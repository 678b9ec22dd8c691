#include "exporter/expansion_log.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/logging.h"
#include "probe/smtp/quirk.h"

namespace exporter {
namespace {

using probe::Expansion;
using probe::Mail;
using probe::smtp::Quirk;
using Names = std::vector<std::string>;

// Of a list a line shows so many; a domain may have twenty exchangers.
constexpr std::size_t kMaxLoggedHosts = 5;

constexpr std::array kMxQuirks = {
    Quirk::kMxIsCname, Quirk::kImplicitMx, Quirk::kNullMxMixed,
    Quirk::kMxInvalid, Quirk::kTooManyMx,  Quirk::kPrivateAddress,
};

std::string Joined(const Names& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxLoggedHosts); ++i) {
    if (i > 0) text += ' ';
    text += names[i];
  }
  if (names.size() > kMaxLoggedHosts) text += " ...";
  return text;
}

// In alphabetical order.
Names Hosts(const Mail& mail) {
  Names names;
  for (const probe::MxRecord& record : mail.hosts) {
    names.push_back(record.host);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Names Without(const Names& names, const Names& others) {
  Names rest;
  std::set_difference(names.begin(), names.end(), others.begin(), others.end(),
                      std::back_inserter(rest));
  return rest;
}

LogField TargetField(const Expansion& expansion) {
  return {"target", expansion.target->name};
}

void LogFailure(const Expansion& after, const Mail* was, const Mail& is) {
  const bool failed = was != nullptr && was->failure;
  if (!is.failure) {
    if (failed) {
      LogInfo("Domain resolves again",
              {TargetField(after), {"hosts", Joined(Hosts(is))}});
    }
    return;
  }
  if (failed && was->failure->reason == is.failure->reason) return;
  LogWarn("Domain does not resolve to mail exchangers",
          {TargetField(after),
           {"reason", std::string(Name(is.failure->reason))},
           {"detail", is.failure->detail}});
}

void LogNullMx(const Expansion& after, const Mail* was, const Mail& is) {
  const bool before = was != nullptr && was->null_mx;
  if (is.null_mx && !before) {
    LogWarn(
        "Domain takes no mail (null MX), so there is nothing to probe: remove "
        "the target if that is meant",
        {TargetField(after)});
  }
  // What comes after may be a failure, which has a line of its own.
  if (!is.null_mx && before && !is.failure) {
    LogInfo("Domain takes mail again",
            {TargetField(after), {"hosts", Joined(Hosts(is))}});
  }
}

void LogHosts(const Expansion& after, const Mail& was, const Mail& is) {
  // One of them says nothing about exchangers.
  if (was.null_mx || is.null_mx || was.hosts.empty() || is.hosts.empty()) {
    return;
  }
  const Names old_hosts = Hosts(was);
  const Names new_hosts = Hosts(is);
  if (const Names added = Without(new_hosts, old_hosts); !added.empty()) {
    LogInfo("Domain has more mail exchangers",
            {TargetField(after), {"added", Joined(added)}});
  }
  if (const Names removed = Without(old_hosts, new_hosts); !removed.empty()) {
    LogInfo("Domain has fewer mail exchangers",
            {TargetField(after), {"removed", Joined(removed)}});
  }
}

// The exchangers that show a quirk; "" stands for those without a name.
std::optional<Names> HostsWith(const Expansion& expansion, Quirk quirk) {
  Names names;
  for (const probe::Place& place : expansion.places) {
    if (place.quirks.Has(quirk)) names.push_back(place.mx);
  }
  if (names.empty()) return std::nullopt;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Whether all exchangers were looked up: what is found on the way there was so
// from the start.
bool IsComplete(const Expansion& expansion) {
  return std::ranges::all_of(
      expansion.mail->hosts, [&](const probe::MxRecord& host) {
        return std::ranges::find(expansion.places, host.host,
                                 &probe::Place::mx) != expansion.places.end();
      });
}

void LogQuirks(const Expansion& before, const Expansion& after) {
  for (const Quirk quirk : kMxQuirks) {
    const std::optional<Names> names = HostsWith(after, quirk);
    if (!names || HostsWith(before, quirk)) continue;
    // Whoever permits them expects them.
    if (quirk == Quirk::kPrivateAddress &&
        after.target->private_addresses == probe::PrivateAddresses::kProbe) {
      continue;
    }
    const std::string_view name =
        probe::smtp::kQuirkNames[static_cast<std::size_t>(quirk)];
    LogWarn("Domain's MX records are odd now", {TargetField(after),
                                                {"quirk", std::string(name)},
                                                {"hosts", Joined(*names)}});
  }
}

}  // namespace

void LogExpansion(const Expansion* before, const Expansion& after) {
  if (!after.mail) return;
  const Mail* const was =
      before != nullptr && before->mail ? &*before->mail : nullptr;
  const Mail& is = *after.mail;
  LogFailure(after, was, is);
  LogNullMx(after, was, is);
  if (was == nullptr) return;
  LogHosts(after, *was, is);
  if (IsComplete(*before)) LogQuirks(*before, after);
}

}  // namespace exporter
