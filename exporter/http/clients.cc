#include "exporter/http/clients.h"

#include <algorithm>
#include <utility>

#include "exporter/http/client_address.h"

namespace exporter::http {
namespace {

// Who can be spared, in this order. Those that wait for us, or whom we answer,
// have done their part.
constexpr std::array<Connection::Activity, 3> kSpared = {
    Connection::Activity::kLingering, Connection::Activity::kHead,
    Connection::Activity::kBody};

}  // namespace

Clients::Clients(const Connection::Service& service)
    : service_(service),
      timer_(probe::net::MakeHandle<uv_timer_t>(this, [&](uv_timer_t* raw) {
        return uv_timer_init(service.loop, raw);
      })) {}

Clients::~Clients() = default;

std::size_t Clients::count() const {
  std::size_t sum = 0;
  for (const List& list : lists_) sum += list.size();
  return sum;
}

bool Clients::HasRoom() const {
  return count() < service_.limits.connections ||
         std::any_of(kSpared.begin(), kSpared.end(), [&](Activity activity) {
           return !lists_.at(static_cast<std::size_t>(activity)).empty();
         });
}

bool Clients::EndOne() { return Spare(/*share=*/nullptr); }

void Clients::Add(Descriptor fd, const sockaddr* peer) {
  std::string share = ClientShare(peer);
  const auto taken = shares_.find(share);
  if (taken != shares_.end() &&
      taken->second >= service_.limits.connections_per_address &&
      !Spare(&share)) {
    return;
  }
  if (count() >= service_.limits.connections) Spare(/*share=*/nullptr);
  List& list = ListOf(Activity::kHead);
  const auto client = list.emplace(list.end(), *this);
  client->self = client;
  client->since = uv_now(service_.loop);
  client->share = std::move(share);
  ++shares_[client->share];
  client->connection.emplace(service_, *client, std::move(fd),
                             ClientAddress(peer));
  if (client->connection->failed()) return Remove(client);
  SetTimer();
}

void Clients::Move(List::iterator client, Activity to) {
  List& list = ListOf(to);
  list.splice(list.end(), ListOf(client->activity), client);
  client->activity = to;
  client->since = uv_now(service_.loop);
  if (to == Activity::kAnswering && list.size() > 1 &&
      list.size() > service_.limits.answers_at_once) {
    Break(list.begin());
  }
  SetTimer();
}

void Clients::Remove(List::iterator client) {
  const auto share = shares_.find(client->share);
  if (--share->second == 0) shares_.erase(share);
  ListOf(client->activity).erase(client);
}

void Clients::Break(List::iterator client) {
  client->connection->EndByReset();
  Remove(client);
}

bool Clients::Spare(const std::string* share) {
  for (const Activity activity : kSpared) {
    List& list = ListOf(activity);
    const auto spared =
        std::find_if(list.begin(), list.end(), [&](const Client& client) {
          return share == nullptr || client.share == *share;
        });
    if (spared == list.end()) continue;
    Remove(spared);
    return true;
  }
  return false;
}

std::uint64_t Clients::LimitOf(Activity activity) const {
  constexpr std::uint64_t kMilliseconds = 1000;
  switch (activity) {
    case Activity::kHead:
      return service_.limits.head_seconds * kMilliseconds;
    case Activity::kBody:
      return service_.limits.body_seconds * kMilliseconds;
    case Activity::kWaiting:
      return 0;
    case Activity::kAnswering:
      return service_.limits.answer_seconds * kMilliseconds;
    case Activity::kLingering:
      return service_.limits.linger_seconds * kMilliseconds;
  }
  return 0;
}

void Clients::EndLate() {
  const std::uint64_t now = uv_now(service_.loop);
  for (std::size_t i = 0; i < kActivities; ++i) {
    const std::uint64_t limit = LimitOf(static_cast<Activity>(i));
    List& list = lists_.at(i);
    while (limit > 0 && !list.empty() && list.front().since + limit <= now) {
      Break(list.begin());
    }
  }
  timer_due_ = 0;
  SetTimer();
}

// Mostly it is set for a time that is early enough already.
void Clients::SetTimer() {
  std::uint64_t due = 0;
  for (std::size_t i = 0; i < kActivities; ++i) {
    const std::uint64_t limit = LimitOf(static_cast<Activity>(i));
    if (limit == 0 || lists_.at(i).empty()) continue;
    const std::uint64_t one = lists_.at(i).front().since + limit;
    if (due == 0 || one < due) due = one;
  }
  if (due == 0 || (timer_due_ != 0 && timer_due_ <= due)) return;
  timer_due_ = due;
  const std::uint64_t now = uv_now(service_.loop);
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        auto* self = static_cast<Clients*>(timer->data);
        if (self != nullptr) self->EndLate();
      },
      due > now ? due - now : 0, /*repeat=*/0);
}

}  // namespace exporter::http
