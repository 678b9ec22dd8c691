#include "exporter/http/auth_cache.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace exporter::http {
namespace {

constexpr std::size_t kSecretBytes = 32;
// Of those that go at a time, so that it does not happen for each.
constexpr std::size_t kLeaving = kMaxAuthCache / 10;

}  // namespace

AuthCache::AuthCache() : secret_(kSecretBytes, '\0') {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret_.data()),
                 static_cast<int>(secret_.size())) != 1) {
    throw std::runtime_error("no random bytes");
  }
}

std::string AuthCache::Key(std::string_view user, std::string_view hash,
                           std::string_view password) const {
  std::string all;
  for (const std::string_view part : {user, hash, password}) {
    all += std::to_string(part.size()) + ':';
    all += part;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const unsigned char* const made =
      HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(all.data()), all.size(),
           digest.data(), &size);
  OPENSSL_cleanse(all.data(), all.size());
  if (made == nullptr) throw std::runtime_error("no digest");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::optional<bool> AuthCache::Find(const std::string& key) const {
  const auto found = known_.find(key);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

void AuthCache::Put(const std::string& key, bool is_right) {
  if (known_.size() >= kMaxAuthCache && !known_.contains(key)) MakeRoom();
  known_[key] = is_right;
}

// Nobody can foresee the order of the keys, so that what goes is random.
void AuthCache::MakeRoom() {
  std::size_t left = kLeaving;
  for (const bool of_those : {false, true}) {
    for (auto one = known_.begin(); one != known_.end() && left > 0;) {
      if (one->second == of_those) {
        one = known_.erase(one);
        --left;
      } else {
        ++one;
      }
    }
    if (left < kLeaving) return;
  }
}

}  // namespace exporter::http
