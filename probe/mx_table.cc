#include "probe/mx_table.h"

#include <algorithm>
#include <utility>

namespace probe {
namespace {

// "No MX records" is kept for so many times a failure's time: a minute. Mostly
// it stays true, but who has just got or lost them wants to see it soon.
constexpr int kNoRecordsTimes = 4;

}  // namespace

MxTable::MxTable(uv_loop_t* loop, const CacheTimes& times, Answered answered)
    : times_(times),
      answered_(std::move(answered)),
      refresher_(loop, [this](const std::string& domain, std::uint64_t serial) {
        Ask(domain, serial);
      }) {}

void MxTable::SetResolver(dns::Resolver* resolver) {
  resolver_ = resolver;
  refresher_.Start();
}

void MxTable::Add(const std::string& domain) {
  domains_.try_emplace(domain);
  refresher_.Add(domain);
}

void MxTable::Remove(const std::string& domain) {
  // First, because `domain` may be the record's own key.
  refresher_.Remove(domain);
  domains_.erase(domain);
}

const MxTable::Answer* MxTable::Find(const std::string& domain) const {
  const auto found = domains_.find(domain);
  if (found == domains_.end() || !found->second.answer) return nullptr;
  return &*found->second.answer;
}

void MxTable::Ask(const std::string& domain, std::uint64_t serial) {
  domains_[domain].asked = net::Now();
  resolver_->LookupMx(domain, [this, alive = std::weak_ptr(alive_), domain,
                               serial](dns::Answer<dns::Exchangers> result) {
    if (!alive.expired()) OnAnswer(domain, serial, std::move(result));
  });
}

void MxTable::OnAnswer(const std::string& domain, std::uint64_t serial,
                       dns::Answer<dns::Exchangers> result) {
  if (!refresher_.Accept(domain, serial)) return;
  Domain& record = domains_[domain];
  const bool first = !record.answer;
  if (first) record.answer = Answer{};
  const Answer& answer = *record.answer;
  if (result) std::ranges::sort(result->records);  // Servers rotate them.
  const auto records = answer.records;
  const auto failure = answer.failure;
  const Duration ttl = Fold(record, std::move(result));
  refresher_.Settle(domain, ttl, !answer.latest->answered);
  answered_(domain,
            first || answer.records != records || answer.failure != failure);
}

// Brings a domain up to date.
Duration MxTable::Fold(Domain& record, dns::Answer<dns::Exchangers> result) {
  Answer& answer = *record.answer;
  const bool answered = result || IsCertainlyAbsent(result.error());
  const Time now = net::Now();
  *answer.latest = {.answered = answered,
                    .ever = answered || answer.latest->ever,
                    .took = now - record.asked,
                    .at = now};
  if (answered) record.doubts = 0;
  if (result) {
    answer.records = std::move(result->records);
    answer.failure.reset();
    return std::clamp(result->ttl, times_.min_ttl, times_.max_ttl);
  }
  if (result.error().reason == Reason::kNoAddress) {
    answer.records.emplace();
    answer.failure.reset();
    return std::min(kNoRecordsTimes * times_.failure, times_.max_ttl);
  }
  const bool doubt = !answered && ++record.doubts == 1 && answer.records;
  if (doubt) return times_.min_ttl;
  answer.failure = std::move(result.error());
  return times_.failure;
}

}  // namespace probe
