#include "exporter/http/basic_auth.h"

#include <crypt.h>

#include <set>
#include <string>
#include <vector>

#include "exporter/http/auth_cache.h"
#include "tests/support/catch.h"

namespace exporter::http {
namespace {

// "$2y$04$...": the cheapest there is.
std::string Hash(const std::string& password,
                 const std::string& prefix = "$2y$04$") {
  crypt_data scratch{};
  const char* const made = crypt_r(
      password.c_str(), (prefix + "QOauhQNbBCuQDKes6eFzPe").c_str(), &scratch);
  REQUIRE(made != nullptr);
  return made;
}

TEST_CASE("credentials are read from the header") {
  struct Row {
    std::string header;
    std::string want;  // "user|password", "-" for none.
  };
  const std::vector<Row> rows = {
      {"Basic YWxpY2U6c2VjcmV0", "alice|secret"},
      {"basic YWxpY2U6c2VjcmV0", "alice|secret"},
      {"BASIC YWxpY2U6YTpi", "alice|a:b"},
      {"Basic Og==", "|"},
      {"Basic YTo=", "a|"},
      {"Basic YWxpY2U=", "-"},  // No colon.
      {"Basic YWxpY2U6c2VjcmV0 ", "-"},
      {"Basic  YWxpY2U6c2VjcmV0", "-"},
      {"Basic YWxpY2U6c2VjcmV", "-"},
      {"Basic YWxpY2U6=2VjcmV0", "-"},
      {"Basic ====", "-"},
      {"Basic YWxpY2U6c2VjcmV0, Basic YWxpY2U6c2VjcmV0", "-"},
      {"Basic ", "-"},
      {"Basic", "-"},
      {"", "-"},
      {"Bearer YWxpY2U6c2VjcmV0", "-"},
      {"Basik YWxpY2U6c2VjcmV0", "-"},
      {"Basic YTpcAA", "-"},
      {"Basic YTpcXAA=", std::string("a|\\\\\0", 5)},
  };
  for (const Row& row : rows) {
    INFO(row.header);
    const auto got = ReadBasicAuth(row.header);
    CHECK((got ? got->user + "|" + got->password : "-") == row.want);
  }
}

TEST_CASE("a password matches its bcrypt hash and no other") {
  for (const char* const prefix : {"$2a$04$", "$2b$04$", "$2y$04$"}) {
    const std::string hash = Hash("secret", prefix);
    INFO(hash);
    CHECK(MatchesBcrypt("secret", hash));
    CHECK_FALSE(MatchesBcrypt("Secret", hash));
    CHECK_FALSE(MatchesBcrypt("", hash));
    CHECK_FALSE(MatchesBcrypt("secret ", hash));
  }
  CHECK(MatchesBcrypt("", Hash("")));
  CHECK(MatchesBcrypt("p\xc3\xa4ss", Hash("p\xc3\xa4ss")));
}

TEST_CASE("what bcrypt would not see is refused") {
  const std::string longest(72, 'x');
  const std::string hash = Hash(longest);
  CHECK(MatchesBcrypt(longest, hash));
  CHECK_FALSE(MatchesBcrypt(longest + "y", hash));
  const std::string with_nul("secret\0more", 11);
  CHECK_FALSE(MatchesBcrypt(with_nul, Hash("secret")));
  CHECK_FALSE(FitsBcrypt(with_nul));
  CHECK_FALSE(FitsBcrypt(longest + "y"));
  CHECK(FitsBcrypt(longest));
}

TEST_CASE("what is no bcrypt hash matches nothing") {
  crypt_data scratch{};
  // crypt(3) would take each of them.
  const std::vector<std::string> hashes = {
      crypt_r("secret", "ab", &scratch),
      crypt_r("secret", "$1$salt$", &scratch),
      crypt_r("secret", "$6$salt$", &scratch),
      "",
      "*0",
      "secret",
      Hash("secret").substr(0, 59),
      Hash("secret") + ".",
  };
  for (const std::string& hash : hashes) {
    INFO(hash);
    CHECK_FALSE(MatchesBcrypt("secret", hash));
    CHECK_FALSE(MatchesBcrypt(hash, hash));
  }
}

TEST_CASE("the parts of a key do not run into each other") {
  const AuthCache cache;
  std::set<std::string> keys;
  const std::vector<std::vector<std::string>> parts = {
      {"alice", "hash", "secret"},
      {"alic", "ehash", "secret"},
      {"alice", "hashs", "ecret"},
      {"alicehash", "", "secret"},
      {"alice", "hashsecret", ""},
      {"", "", "alicehashsecret"},
      {"alice:", "hash", "secret"},
      {"alice", ":hash", "secret"},
      {"1:a", "b", "c"},
      {"1", "a:b", "c"},
      {std::string("alice\0", 6), "hash", "secret"},
  };
  for (const auto& part : parts) {
    keys.insert(cache.Key(part[0], part[1], part[2]));
  }
  CHECK(keys.size() == parts.size());
  CHECK(cache.Key("a", "b", "c") == cache.Key("a", "b", "c"));
  // Of another process it is another one, and it shows no secret.
  CHECK(cache.Key("a", "b", "c") != AuthCache().Key("a", "b", "c"));
  CHECK(cache.Key("a", "b", "secret").find("secret") == std::string::npos);
}

TEST_CASE("the cache is small, and guesses do not push out who knows") {
  AuthCache cache;
  for (int i = 0; i < 50; ++i) cache.Put("right " + std::to_string(i), true);
  for (int i = 0; i < 1000; ++i) {
    cache.Put("wrong " + std::to_string(i), false);
    CHECK(cache.size() <= kMaxAuthCache);
  }
  for (int i = 0; i < 50; ++i) {
    CHECK(cache.Find("right " + std::to_string(i)) == true);
  }
  CHECK(cache.Find("wrong 999") == false);
  CHECK(cache.Find("never") == std::nullopt);
  for (int i = 0; i < 1000; ++i) cache.Put("right " + std::to_string(i), true);
  CHECK(cache.size() <= kMaxAuthCache);
  CHECK(cache.Find("right 999") == true);
  cache.Put("right 999", false);
  CHECK(cache.Find("right 999") == false);
}

}  // namespace
}  // namespace exporter::http
