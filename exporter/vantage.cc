#include "exporter/vantage.h"

#include <utility>

#include "exporter/logging.h"

namespace exporter {
namespace {

// What a check that fails means and what to do, and that it is good again.
struct Sentences {
  std::string_view failed;
  std::string_view over;
};
constexpr std::array<Sentences, kVantageChecks> kSentences = {{
    {"This host has no route to IPv4 addresses, or one that leads nowhere: "
     "their servers are not probed, or look down while they may be well. Check "
     "the addresses and routes of this host (ip -4 route), or set ip_protocol: "
     "ip6.",
     "This host reaches IPv4 addresses again"},
    {"This host has no route to IPv6 addresses, or one that leads nowhere: "
     "their servers are not probed, or look down while they may be well. Check "
     "the addresses and routes of this host (ip -6 route), or set ip_protocol: "
     "ip4.",
     "This host reaches IPv6 addresses again"},
    {"The resolver answers for no name at all: names look unresolvable while "
     "their servers may be well. Check the resolver of this host, or the "
     "servers that the configuration names under dns.",
     "The resolver answers again"},
    {"No server can be connected to on port 25: most likely this host or its "
     "network must not send mail (a firewall, the provider), and the servers "
     "may be well. Have outgoing port 25 opened, or probe from another "
     "network.",
     "Servers can be connected to on port 25 again"},
}};

}  // namespace

VantageVerdicts Vantage::JudgeAll(const metrics::SeriesList& list,
                                  const ResultStore& store, probe::Time now) {
  VantageJudge judge(store, now);
  for (const auto& target : list) {
    if (target != nullptr) judge.Add(*target);
  }
  return judge.Verdicts();
}

Vantage::Vantage(const ResultStore& store, metrics::SelfMetrics& self)
    : store_(store), self_(self) {}

Vantage::~Vantage() = default;

void Vantage::Check(const metrics::SeriesList& list, probe::Time now) {
  if (judge_ == nullptr) {
    judge_ = std::make_unique<VantageJudge>(store_, now);
    slot_ = 0;
  }
  for (std::size_t looked_at = 0; slot_ < list.size() && !judge_->Finished();
       ++slot_) {
    if (looked_at++ == kVantageSlice) return;
    if (list[slot_] != nullptr) judge_->Add(*list[slot_]);
  }
  Tell(judge_->Verdicts());
  judge_ = nullptr;
}

void Vantage::Tell(const VantageVerdicts& verdicts) {
  const VantageVerdicts before = std::exchange(verdicts_, verdicts);
  for (std::size_t i = 0; i < kVantageChecks; ++i) {
    const std::optional<bool> ok = verdicts_.ok[i];
    if (ok == before.ok[i]) continue;
    self_.SetVantage(kVantageCheckNames[i], ok);
    if (!ok || *ok != warned_[i]) continue;
    warned_[i] = !*ok;
    const LogField check("check", kVantageCheckNames[i]);
    if (*ok) {
      LogInfo(kSentences[i].over, {check});
    } else if (i == static_cast<std::size_t>(VantageCheck::kOutbound25)) {
      LogWarn(kSentences[i].failed,
              {check,
               {"reason", std::string(Name(*verdicts_.outbound_25_reason))}});
    } else {
      LogWarn(kSentences[i].failed, {check});
    }
  }
}

std::vector<std::string> Vantage::Notices() const {
  std::vector<std::string> notices;
  for (std::size_t i = 0; i < kVantageChecks; ++i) {
    if (verdicts_.ok[i] == false) notices.emplace_back(kSentences[i].failed);
  }
  return notices;
}

}  // namespace exporter
