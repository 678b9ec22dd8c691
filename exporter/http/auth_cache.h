// What checks of passwords came to, so that a scraper's is checked once and not
// every 15 seconds.
#ifndef EXPORTER_HTTP_AUTH_CACHE_H_
#define EXPORTER_HTTP_AUTH_CACHE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace exporter::http {

inline constexpr std::size_t kMaxAuthCache = 100;

class AuthCache {
 public:
  AuthCache();

  // What stands for a user, the hash that is stored for it now, and a password:
  // two of them are equal only if all three are (in CVE-2022-46146 the parts
  // ran into each other), and they show none of the three.
  std::string Key(std::string_view user, std::string_view hash,
                  std::string_view password) const;

  // Whether the password was right; none when that is not known.
  std::optional<bool> Find(const std::string& key) const;
  // When it is full, failures go first: whoever guesses cannot push out those
  // who know.
  void Put(const std::string& key, bool is_right);
  std::size_t size() const { return known_.size(); }

 private:
  void MakeRoom();

  std::string secret_;  // Of this process; keys mean nothing outside it.
  std::unordered_map<std::string, bool> known_;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_AUTH_CACHE_H_
