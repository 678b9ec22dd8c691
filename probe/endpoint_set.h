// The endpoints that targets share: each exists once, as long as any target
// claims it. Part of the Directory.
#ifndef PROBE_ENDPOINT_SET_H_
#define PROBE_ENDPOINT_SET_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probe/clock.h"
#include "probe/endpoint.h"
#include "probe/ip_address.h"
#include "probe/result.h"
#include "probe/target.h"

namespace probe {

class EndpointSet {
 public:
  // What a target claims.
  struct Wanted {
    std::optional<IpAddress> address{};
    std::uint16_t port = 25;
    std::string server_name{};
    // There is no server yet: `server_name` is a domain whose exchangers are
    // not known. Not the same as a host of that name.
    bool is_domain = false;
    std::shared_ptr<const Conversation> conversation{};  // Never null.
    Duration interval{};
    // As in Endpoint. It is unresolved while all who claim it say so: somebody
    // else may find it all the same.
    std::optional<Failure> unresolved{};
    Duration resolve_duration{};
  };

 private:
  struct Key {
    std::optional<IpAddress> address;
    std::uint16_t port = 0;
    std::string server_name;
    bool is_domain = false;
    // The fingerprint of its conversation: its key in conversations_, so that
    // the pointer stands for the text.
    const std::string* conversation = nullptr;

    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Record {
    std::shared_ptr<const Endpoint> endpoint;  // Null until flushed once.
    // What the next flush makes of it.
    std::optional<Failure> unresolved;  // As the latest such claim says.
    std::size_t unresolved_claims = 0;
    Duration resolve_duration{};
    std::multiset<Duration> intervals;  // One for each claim.
    bool dirty = false;
  };
  using Item = std::pair<const Key, Record>;
  struct SharedConversation {
    std::shared_ptr<const Conversation> conversation;
    std::size_t users = 0;
  };
  using ConversationItem = std::pair<const std::string, SharedConversation>;

 public:
  // A claim's place in the set; good until it is released.
  class Claim {
   public:
    const std::optional<IpAddress>& address() const {
      return item_->first.address;
    }
    // Null before PutChanged.
    const std::shared_ptr<const Endpoint>& endpoint() const {
      return item_->second.endpoint;
    }

   private:
    friend class EndpointSet;
    Item* item_ = nullptr;
    Duration interval_{};
    bool unresolved_ = false;
  };

  EndpointSet() = default;
  EndpointSet(const EndpointSet&) = delete;
  EndpointSet& operator=(const EndpointSet&) = delete;

  Claim Take(const Wanted& wanted);
  void Release(const Claim& claim);

  // Makes endpoints of what was taken since the last call; `put` is told those
  // that are new or have changed (same id).
  void PutChanged(
      const std::function<void(std::shared_ptr<const Endpoint>)>& put);
  // Forgets endpoints that nobody claims any more. After PutChanged.
  void RemoveUnclaimed(const std::function<void(EndpointId)>& removed);

  std::size_t size() const { return records_.size(); }

 private:
  ConversationItem& Intern(const std::shared_ptr<const Conversation>& one);
  void MarkDirty(Item& item);
  Endpoint EndpointOf(const Item& item) const;

  // No hash table: with 100,000 records the turn in which it grows would take
  // too long.
  std::map<Key, Record> records_;
  // By fingerprint.
  std::unordered_map<std::string, SharedConversation> conversations_;
  std::vector<Item*> dirty_;
  std::vector<Item*> unclaimed_;
  EndpointId last_id_ = 0;
};

}  // namespace probe

#endif  // PROBE_ENDPOINT_SET_H_
