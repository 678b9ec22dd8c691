// The connections of a server: how many there may be, how long each may take,
// and which one has to go when there is no room for another.
#ifndef EXPORTER_HTTP_CLIENTS_H_
#define EXPORTER_HTTP_CLIENTS_H_

#include <sys/socket.h>
#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "exporter/http/connection.h"
#include "exporter/http/listen_socket.h"
#include "probe/net/uv_handle.h"

namespace exporter::http {

class Clients {
 public:
  // `service` outlives this.
  explicit Clients(const Connection::Service& service);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Whether another connection may come: there is a place, or one that can be
  // spared.
  bool HasRoom() const;
  // Ends one that can be spared, for the sake of its descriptor.
  bool EndOne();
  // Ends another one for it when there is no place: of those without a whole
  // request the one that is so for longest. A client that sends its request at
  // once so gets in past any number of others that do not. Closes `fd` when its
  // address has its share and can spare none.
  void Add(Descriptor fd, const sockaddr* peer);

 private:
  using Activity = Connection::Activity;
  static constexpr std::size_t kActivities = 5;

  struct Client;
  using List = std::list<Client>;  // In the order of `since`.
  struct Client final : Connection::Owner {
    explicit Client(Clients& of) : clients(of) {}
    ~Client() override = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    void OnActivity(Activity to) override { clients.Move(self, to); }
    void OnEnd() override { clients.Remove(self); }

    Clients& clients;
    List::iterator self;
    Activity activity = Activity::kHead;
    std::uint64_t since = 0;  // uv_now(), in milliseconds.
    std::string share;        // Whose share of all it takes.
    std::optional<Connection> connection;
  };

  List& ListOf(Activity activity) {
    return lists_.at(static_cast<std::size_t>(activity));
  }
  std::size_t count() const;
  void Move(List::iterator client, Activity to);
  void Remove(List::iterator client);
  // Ends one that took too long.
  void Break(List::iterator client);
  // Whether one was ended; only of `share` if that is given.
  bool Spare(const std::string* share);
  // 0: no limit.
  std::uint64_t LimitOf(Activity activity) const;
  void EndLate();
  // Sees to it that EndLate runs in time.
  void SetTimer();

  const Connection::Service& service_;
  std::array<List, kActivities> lists_;
  std::unordered_map<std::string, unsigned> shares_;
  probe::net::Handle<uv_timer_t> timer_;
  std::uint64_t timer_due_ = 0;  // uv_now(); 0: not set.
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_CLIENTS_H_
