#include "probe/conversations.h"

#include <utility>
#include <vector>

#include "probe/net/timer.h"

namespace probe {
namespace {

// A conversation may end so much before our own time is over: those who ask at
// the same moment have not the same to the microsecond.
constexpr Duration kSlack = std::chrono::milliseconds(500);

// What is asked for. How much time one has for all of it makes no other
// conversation of it, nor does who asks.
std::string KeyOf(const Endpoint& endpoint) {
  Conversation untimed = *endpoint.conversation;
  untimed.timeouts.total = {};
  return endpoint.ServerKey() + '\n' + endpoint.server_name + '\n' +
         Fingerprint(untimed);
}

}  // namespace

struct Conversations::Shared {
  std::string key;
  Prober* prober = nullptr;
  Duration total{};  // Its deadline, from the start.
  std::vector<Waiting*> waiting;
  std::shared_ptr<const ProbeResult> result;  // Null while it runs.
  Time finished{};
};

Conversations::Conversations(uv_loop_t* loop, Route route)
    : route_(std::move(route)), mailbox_(loop) {}

Conversations::~Conversations() {
  for (const auto& [ticket, shared] : shared_) {
    for (Waiting* const waiting : shared->waiting) {
      waiting->conversations_ = nullptr;
    }
  }
}

std::unique_ptr<Conversations::Waiting> Conversations::Ask(
    std::shared_ptr<const Endpoint> endpoint, Done done) {
  ForgetOld();
  const Duration total = endpoint->conversation->timeouts.total;
  std::string key = KeyOf(*endpoint);
  const auto known = latest_.find(key);
  if (known == latest_.end() || !Serves(*shared_.at(known->second), total)) {
    const Prober::Ticket ticket = Begin(std::move(key), std::move(endpoint));
    return Join(ticket, std::move(done));
  }
  const Prober::Ticket ticket = known->second;
  if (shared_.at(ticket)->result) {
    // Not inside this call.
    mailbox_.Post([this, ticket] {
      const auto found = shared_.find(ticket);
      if (found != shared_.end()) Finish(ticket, found->second->result);
    });
  }
  return Join(ticket, std::move(done));
}

bool Conversations::Serves(const Shared& shared, Duration total) {
  const bool has_verdict =
      shared.result && (!shared.result->failure ||
                        shared.result->failure->reason != Reason::kTimeout);
  return has_verdict || total <= shared.total + kSlack;
}

Prober::Ticket Conversations::Begin(std::string key,
                                    std::shared_ptr<const Endpoint> endpoint) {
  const Prober::Ticket ticket = ++last_ticket_;
  auto shared = std::make_unique<Shared>();
  Prober& prober = route_(*endpoint);
  shared->key = key;
  shared->prober = &prober;
  shared->total = endpoint->conversation->timeouts.total;
  shared_.emplace(ticket, std::move(shared));
  latest_[std::move(key)] = ticket;
  ++running_;
  prober.ProbeOnce(
      ticket, std::move(endpoint), [this, ticket](ProbeResult result) {
        auto kept = std::make_shared<const ProbeResult>(std::move(result));
        mailbox_.Post(
            [this, ticket, kept = std::move(kept)] { Finish(ticket, kept); });
      });
  return ticket;
}

std::unique_ptr<Conversations::Waiting> Conversations::Join(
    Prober::Ticket ticket, Done done) {
  std::unique_ptr<Waiting> waiting(new Waiting(*this, ticket, std::move(done)));
  shared_.at(ticket)->waiting.push_back(waiting.get());
  return waiting;
}

void Conversations::Finish(Prober::Ticket ticket,
                           const std::shared_ptr<const ProbeResult>& result) {
  const auto ended = shared_.find(ticket);
  if (ended == shared_.end()) return;  // Given up meanwhile.
  if (!ended->second->result) {
    --running_;
    ended->second->result = result;
    ended->second->finished = net::Now();
    finished_.push_back(ticket);
  }
  // Whoever is told may give up others, or ask anew.
  while (true) {
    const auto found = shared_.find(ticket);
    if (found == shared_.end() || found->second->waiting.empty()) return;
    Waiting* const waiting = found->second->waiting.back();
    found->second->waiting.pop_back();
    waiting->conversations_ = nullptr;
    const Done done = std::move(waiting->done_);
    done(result);
  }
}

void Conversations::Leave(Prober::Ticket ticket, const Waiting* waiting) {
  Shared& shared = *shared_.find(ticket)->second;
  std::erase(shared.waiting, waiting);
  if (!shared.waiting.empty() || shared.result) return;
  --running_;
  shared.prober->Cancel(ticket);
  Forget(ticket);
}

void Conversations::ForgetOld() {
  const Time now = net::Now();
  while (!finished_.empty()) {
    const Shared& oldest = *shared_.at(finished_.front());
    if (!oldest.waiting.empty() || now - oldest.finished <= kShared) return;
    Forget(finished_.front());
    finished_.pop_front();
  }
}

void Conversations::Forget(Prober::Ticket ticket) {
  const auto found = shared_.find(ticket);
  const auto latest = latest_.find(found->second->key);
  if (latest != latest_.end() && latest->second == ticket)
    latest_.erase(latest);
  shared_.erase(found);
}

Conversations::Waiting::~Waiting() {
  if (conversations_ != nullptr) conversations_->Leave(ticket_, this);
}

}  // namespace probe
