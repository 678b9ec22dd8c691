#include "probe/inquiry.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "probe/directory.h"
#include "probe/expand.h"
#include "probe/net/timer.h"

namespace probe {
namespace {

// A conversation that ends by its own deadline tells in which phase, so it
// comes before ours.
constexpr Duration kResultGrace = std::chrono::milliseconds(200);

// Whether all names of the target have been looked up once. An expansion with
// a part of them is on its way to that.
bool IsResolved(const Expansion& expansion) {
  if (!expansion.target->is_domain) return !expansion.places.empty();
  if (!expansion.mail) return false;
  return std::ranges::all_of(expansion.mail->hosts, [&](const MxRecord& host) {
    return std::ranges::find(expansion.places, host.host, &Place::mx) !=
           expansion.places.end();
  });
}

// The same endpoint, for a conversation that has only so much time.
std::shared_ptr<const Endpoint> WithLimit(const Endpoint& endpoint,
                                          Duration limit) {
  auto conversation = std::make_shared<Conversation>(*endpoint.conversation);
  conversation->timeouts.total = std::min(conversation->timeouts.total, limit);
  auto limited = std::make_shared<Endpoint>(endpoint);
  limited->conversation = std::move(conversation);
  return limited;
}

std::shared_ptr<const ProbeResult> TimedOut(Failure failure, Duration after) {
  auto result = std::make_shared<ProbeResult>();
  result->finished = net::NowOnBothClocks();
  result->duration = after;
  result->phase_durations[static_cast<std::size_t>(failure.phase)] = after;
  result->failure = std::move(failure);
  return result;
}

Failure NoAnswerFromDns() {
  return {.phase = Phase::kResolve,
          .reason = Reason::kDnsTimeout,
          .detail = "no answer in the time that was given"};
}

// Nothing about the server: it was we who let it wait, or be.
Failure NoTurn() {
  return {.phase = Phase::kConnect,
          .reason = Reason::kBackoff,
          .detail =
              "the time that was given passed while the server was busy "
              "with another conversation of ours"};
}

void CutPlaces(Expansion& expansion) {
  if (expansion.places.size() <= kMaxInquiryPlaces) return;
  expansion.places.resize(kMaxInquiryPlaces);
  for (Place& kept : expansion.places) {
    kept.quirks.Add(smtp::Quirk::kTooManyPlaces);
  }
}

// What a target stands for whose names did not come in time.
std::shared_ptr<Expansion> Unresolved(std::shared_ptr<const Target> target,
                                      Duration after) {
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->port = target->port;
  endpoint->server_name = ServerName(*target);
  endpoint->conversation = target->conversation;
  endpoint->interval = target->interval;
  endpoint->unresolved = NoAnswerFromDns();
  endpoint->resolve_duration = after;
  auto expansion = std::make_shared<Expansion>();
  expansion->target = std::move(target);
  expansion->places.push_back({.endpoint = std::move(endpoint)});
  return expansion;
}

}  // namespace

struct Inquiry::Impl {
  Impl(uv_loop_t* loop, dns::Resolver& resolver,
       Conversations& conversations_in, plan::HasRoute has_route,
       Question question_in, Done done_in)
      : conversations(conversations_in),
        question(std::move(question_in)),
        done(std::move(done_in)),
        start(net::Now()),
        deadline(start + question.limit),
        deadline_timer(loop, [this] { OnDeadline(); }),
        step_timer(loop, [this] { Step(); }),
        directory(loop, Routes(std::move(has_route)), MakeObserver()) {
    deadline_timer.At(deadline + kResultGrace);
    directory.SetResolver(&resolver);
    directory.SetTargets({question.target});
  }

  // Whether there is a route to what is not permitted is nobody's business.
  plan::HasRoute Routes(plan::HasRoute has_route) const {
    if (!question.permits) return has_route;
    return [permits = question.permits,
            has_route = std::move(has_route)](const IpAddress& address) {
      return !permits(address) || has_route(address);
    };
  }

  // What comes from below only notes what there is; Step, in a turn of its own,
  // goes on with it, and may end all.
  Directory::Observer MakeObserver() {
    return {
        .put = [](const auto&) {},
        .removed = [](EndpointId) {},
        .expanded =
            [this](std::size_t, std::shared_ptr<const Expansion> expansion) {
              if (answer.expansion || expansion == nullptr) return;
              if (!IsResolved(*expansion)) return;
              resolved = std::move(expansion);
              Soon();
            },
        .looked_up = [this](RecordType, const Lookup&) { Soon(); },
        .reversed = [](const IpAddress&, const Reverse&, ReverseVerdict) {},
        .taken_over = [](std::size_t, const auto&) {},
    };
  }

  // The directory goes on refreshing what it knows, until it goes.
  void Soon() {
    if (done) step_timer.At(net::Now());
  }

  void Step() {
    if (resolved && !answer.expansion) Converse(*std::exchange(resolved, {}));
    if (answer.expansion && pending == 0) FinishIfReversed();
  }

  void Converse(const Expansion& found) {
    answer.lookup = net::Now() - start;
    auto expansion = std::make_shared<Expansion>(
        question.permits ? PermittedPart(found, question.permits) : found);
    CutPlaces(*expansion);
    answer.expansion = expansion;
    answer.results.resize(expansion->places.size());
    waiting.resize(expansion->places.size());
    pending = expansion->places.size();
    const Duration left = std::max(deadline - net::Now(), Duration(1));
    for (std::size_t i = 0; i < expansion->places.size(); ++i) {
      const Endpoint& endpoint = *expansion->places[i].endpoint;
      if (endpoint.unresolved || !endpoint.address) {
        answer.results[i] =
            std::make_shared<const ProbeResult>(UnresolvedResult(endpoint));
        --pending;
        continue;
      }
      waiting[i] = conversations.Ask(
          WithLimit(endpoint, left),
          [this, i](std::shared_ptr<const ProbeResult> result) {
            answer.results[i] = std::move(result);
            --pending;
            Soon();
          });
    }
  }

  void FinishIfReversed() {
    const Time now = net::Now();
    if (!grace_until) grace_until = std::min(now + kReverseGrace, deadline);
    const bool reversed =
        std::ranges::all_of(answer.expansion->places, [](const Place& place) {
          return place.reverse == nullptr || place.reverse->latest.at != Time();
        });
    if (reversed || now >= *grace_until) return Finish();
    step_timer.At(*grace_until);
  }

  void OnDeadline() {
    const Duration after = net::Now() - start;
    if (!answer.expansion) {
      answer.lookup = after;
      answer.expansion = Unresolved(question.target, after);
      answer.results = {TimedOut(NoAnswerFromDns(), after)};
    }
    for (auto& result : answer.results) {
      if (!result) result = TimedOut(NoTurn(), after);
    }
    Finish();
  }

  void Finish() {
    deadline_timer.Stop();
    step_timer.Stop();
    waiting.clear();
    answer.took = net::Now() - start;
    // It may destroy this object.
    const Done told = std::exchange(done, nullptr);
    told(std::move(answer));
  }

  Conversations& conversations;
  const Question question;
  Done done;
  const Time start;
  const Time deadline;
  std::shared_ptr<const Expansion> resolved;  // Until Step takes it.
  Answer answer;
  std::vector<std::unique_ptr<Conversations::Waiting>> waiting;
  std::size_t pending = 0;
  std::optional<Time> grace_until;
  net::Timer deadline_timer;
  net::Timer step_timer;
  Directory directory;
};

Inquiry::Inquiry(uv_loop_t* loop, dns::Resolver& resolver,
                 Conversations& conversations, plan::HasRoute has_route,
                 Question question, Done done)
    : impl_(std::make_unique<Impl>(loop, resolver, conversations,
                                   std::move(has_route), std::move(question),
                                   std::move(done))) {}

Inquiry::~Inquiry() = default;

void Inquiry::SetResolver(dns::Resolver& resolver) {
  impl_->directory.SetResolver(&resolver);
}

}  // namespace probe
