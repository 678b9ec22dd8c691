#include <openssl/bn.h>
#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probe/tls/certificate.h"
#include "probe/tls/openssl_ptr.h"
#include "probe/tls/pem.h"
#include "probe/tls/x509_time.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"

using probe::IpAddress;
using probe::WallTime;
using probe::tls::Certificate;
using probe::tls::MatchesName;
using probe::tls::ReadCertificate;
using probe::tls::ServerName;
using probe::tls::VerifyReason;
using probe::tls::X509Ptr;
using tests::TestPki;

namespace {

using probe::tls::KeyPtr;

X509Ptr Leaf(std::string_view name) {
  auto chain = probe::tls::ReadCertificates(TestPki().Get(name).chain);
  REQUIRE(chain);
  return std::move(chain->front());
}

// What a hostile or a sloppy certificate is made of.
struct Wish {
  std::string common_name = "mx.example.com";
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;  // Bytes.
  std::string serial_hex = "01";
  const char* not_after = "20300101000000Z";
};

void AddName(GENERAL_NAMES* names, int type, const std::string& bytes) {
  ASN1_STRING* const text = ASN1_STRING_type_new(
      type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
  ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
  GENERAL_NAME* const name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, type, text);
  sk_GENERAL_NAME_push(names, name);
}

void SetSerial(X509* certificate, const std::string& hex) {
  BIGNUM* number = nullptr;
  REQUIRE(BN_hex2bn(&number, hex.c_str()) > 0);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
}

X509Ptr Make(const Wish& wish, EVP_PKEY* key) {
  X509Ptr made(X509_new());
  X509* const certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);
  X509_set_pubkey(certificate, key);
  SetSerial(certificate, wish.serial_hex);
  ASN1_TIME_set_string(X509_getm_notBefore(certificate), "19600101000000Z");
  ASN1_TIME_set_string(X509_getm_notAfter(certificate), wish.not_after);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_NID(
      subject, NID_commonName, V_ASN1_UTF8STRING,
      reinterpret_cast<const unsigned char*>(wish.common_name.data()),
      static_cast<int>(wish.common_name.size()), -1, 0);
  X509_set_issuer_name(certificate, subject);
  const probe::tls::GeneralNamesPtr names(GENERAL_NAMES_new());
  for (const std::string& name : wish.dns_names) {
    AddName(names.get(), GEN_DNS, name);
  }
  for (const std::string& address : wish.addresses) {
    AddName(names.get(), GEN_IPADD, address);
  }
  if (sk_GENERAL_NAME_num(names.get()) > 0) {
    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0);
  }
  return made;
}

X509Ptr Make(const Wish& wish) {
  static const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  X509Ptr made = Make(wish, key.get());
  REQUIRE(X509_sign(made.get(), key.get(), EVP_sha256()) != 0);
  // As a peer's arrives: from bytes.
  unsigned char* der = nullptr;
  const int size = i2d_X509(made.get(), &der);
  const unsigned char* at = der;
  X509Ptr read(d2i_X509(nullptr, &at, size));
  OPENSSL_free(der);
  REQUIRE(read != nullptr);
  return read;
}

ServerName Dns(std::string name) { return {std::move(name), std::nullopt}; }
ServerName Ip(std::string_view text) { return {"", IpAddress::Parse(text)}; }

std::int64_t EpochSeconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch())
      .count();
}

}  // namespace

TEST_CASE("A certificate's facts") {
  const Certificate good = ReadCertificate(Leaf("good").get());
  CHECK(good.subject == "CN=mx.example.com");
  CHECK(good.issuer.starts_with("CN="));
  CHECK(good.issuer != good.subject);
  CHECK(good.key == "ecdsa256");
  CHECK(good.names == std::vector<std::string>{"mx.example.com"});
  CHECK(good.fingerprint_sha256.size() == 64);
  CHECK(good.fingerprint_sha256.find_first_not_of("0123456789abcdef") ==
        std::string::npos);
  CHECK(good.serial.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK_FALSE(good.serial.empty());
  CHECK(good.not_before < good.not_after);

  CHECK(ReadCertificate(Leaf("good-rsa").get()).key == "rsa2048");
  CHECK(ReadCertificate(Leaf("ip").get()).names ==
        std::vector<std::string>{"127.0.0.1", "::1"});
  CHECK(ReadCertificate(Leaf("common-name").get()).names.empty());
}

TEST_CASE("A fingerprint is that of the bytes") {
  const X509Ptr certificate = Make({});
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  unsigned char digest[EVP_MAX_MD_SIZE];
  EVP_Digest(der, static_cast<std::size_t>(size), digest, nullptr, EVP_sha256(),
             nullptr);
  OPENSSL_free(der);
  std::string want;
  for (int i = 0; i < 32; ++i) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned>(digest[i]));
    want += hex;
  }
  CHECK(ReadCertificate(certificate.get()).fingerprint_sha256 == want);
}

TEST_CASE("Kinds of keys") {
  struct Row {
    KeyPtr key;
    const char* want;
  };
  const Row rows[] = {
      {KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384")), "ecdsa384"},
      {KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-521")), "ecdsa521"},
      {KeyPtr(EVP_RSA_gen(1024)), "rsa1024"},
      {KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), "ed25519"},
      {KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448")), "ed448"},
      {KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")), "x25519253"},
  };
  for (const Row& row : rows) {
    CHECK(ReadCertificate(Make({}, row.key.get()).get()).key == row.want);
  }
}

TEST_CASE("Texts that the certificate's maker chose stay printable and short") {
  Wish wish;
  wish.common_name = "mx\n\x1B[31m\xE2\x80\xAE.\xC3\xA4";
  wish.dns_names = {std::string("a\0b", 3), "\x1B]0;x", std::string(500, 'n')};
  wish.addresses = {"abc", std::string("\x7F\0\0\x01", 4)};
  wish.serial_hex = std::string(200, 'F');
  const Certificate facts = ReadCertificate(Make(wish).get());
  CHECK(facts.subject == "CN=mx\\0A\\1B[31m\\xe2\\x80\\xae.\xC3\xA4");
  REQUIRE(facts.names.size() == 4);
  CHECK(facts.names[0] == "a\\x00b");
  CHECK(facts.names[1] == "\\x1b]0;x");
  CHECK(facts.names[2].size() == probe::tls::kMaxNameLength);
  CHECK(facts.names[3] == "127.0.0.1");
  CHECK(facts.serial == std::string(40, 'f'));

  wish.common_name = std::string(2000, 'x');
  CHECK(ReadCertificate(Make(wish).get()).subject.size() ==
        probe::tls::kMaxDistinguishedName);
}

TEST_CASE("Names beyond the limit are left out") {
  Wish wish;
  wish.dns_names.assign(probe::tls::kMaxNames + 50, "mx.example.com");
  const auto many = ReadCertificate(Make(wish).get());
  CHECK(many.names.size() == probe::tls::kMaxNames);
  CHECK(many.more_names == 50);
}

TEST_CASE("A certificate with nothing in it") {
  const X509Ptr certificate(X509_new());
  const Certificate facts = ReadCertificate(certificate.get());
  CHECK(facts.subject.empty());
  CHECK(facts.key == "unknown");
  CHECK(facts.names.empty());
  CHECK(facts.not_after == WallTime{});
  CHECK_FALSE(MatchesName(certificate.get(), Dns("mx.example.com")));
}

TEST_CASE("Times") {
  struct Row {
    const char* text;
    std::int64_t want;
  };
  const std::int64_t last = EpochSeconds(WallTime::max());
  const Row rows[] = {
      {"19700101000000Z", 0},
      {"20380119031408Z", 2147483648},
      {"20240229120000Z", 1709208000},
      {"500101000000Z", -631152000},  // Two digits: 1950 to 2049.
      {"491231235959Z", 2524607999},
      {"22620411234716Z", last},
      {"22620411234717Z", last},
      {"99991231235959Z", last},
      {"00010101000000Z", EpochSeconds(WallTime::min())},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    ASN1_TIME* const time = ASN1_TIME_new();
    REQUIRE(ASN1_TIME_set_string(time, row.text) == 1);
    CHECK(EpochSeconds(probe::tls::ReadTime(time)) == row.want);
    ASN1_TIME_free(time);
  }
}

TEST_CASE("Times that cannot be read count as long past") {
  for (const std::string bytes :
       {"", "never", "20231301000000Z", "20230230000000Z", "2023"}) {
    CAPTURE(bytes);
    ASN1_TIME* const time = ASN1_STRING_type_new(V_ASN1_GENERALIZEDTIME);
    ASN1_STRING_set(time, bytes.data(), static_cast<int>(bytes.size()));
    CHECK(probe::tls::ReadTime(time) == WallTime{});
    ASN1_TIME_free(time);
  }
  CHECK(probe::tls::ReadTime(nullptr) == WallTime{});
}

TEST_CASE("Which names a certificate is for") {
  struct Row {
    std::vector<std::string> in_certificate;
    const char* server;
    bool want;
  };
  const Row rows[] = {
      {{"mx.example.com"}, "mx.example.com", true},
      {{"MX.Example.COM"}, "mx.example.com", true},
      {{"a.example.com", "mx.example.com"}, "mx.example.com", true},
      {{"mx.example.com"}, "example.com", false},
      {{"example.com"}, "mx.example.com", false},
      {{"mx.example.com."}, "mx.example.com", false},
      // A wildcard is the whole leftmost label and stands for one label.
      {{"*.example.com"}, "mx.example.com", true},
      {{"*.example.com"}, "example.com", false},
      {{"*.example.com"}, "a.mx.example.com", false},
      {{"mx*.example.com"}, "mx1.example.com", false},
      {{"*1.example.com"}, "mx1.example.com", false},
      {{"m*1.example.com"}, "mx1.example.com", false},
      {{"mx.*.com"}, "mx.example.com", false},
      {{"*.*.com"}, "mx.example.com", false},
      {{"*.com"}, "example.com", false},
      {{"*"}, "localhost", false},
      {{"*.example.com"}, "xn--mx-via.example.com", true},
      {{"xn--*.example.com"}, "xn--mx-via.example.com", false},
      // Single labels and underscores: as they stand.
      {{"localhost"}, "localhost", true},
      {{"my_host.example.com"}, "my_host.example.com", true},
      {{"*.example.com"}, "my_host.example.com", false},
      // OpenSSL's own extra: a leading dot for every name below.
      {{"mx.example.com"}, ".example.com", false},
      {{std::string("mx.example.com\0.evil.example", 28)},
       "mx.example.com",
       false},
      {{"127.0.0.1"}, "mx.example.com", false},
      {{"mx.example.com"}, "", false},
      {{""}, "", false},
  };
  for (const Row& row : rows) {
    Wish wish;
    wish.common_name = "cn.example.net";
    wish.dns_names = row.in_certificate;
    const X509Ptr certificate = Make(wish);
    CAPTURE(row.in_certificate.front(), row.server);
    CHECK(MatchesName(certificate.get(), Dns(row.server)) == row.want);
    // The common name counts for nothing beside a DNS name.
    CHECK_FALSE(MatchesName(certificate.get(), Dns("cn.example.net")));
  }
}

TEST_CASE("The common name counts where there is no DNS name") {
  CHECK(MatchesName(Leaf("common-name").get(), Dns("mx.example.com")));
  CHECK_FALSE(MatchesName(Leaf("common-name").get(), Dns("mx2.example.com")));
  Wish wish;
  wish.addresses = {std::string("\x7F\0\0\x01", 4)};
  CHECK(MatchesName(Make(wish).get(), Dns("mx.example.com")));
}

TEST_CASE("An address is found among the addresses only") {
  const X509Ptr ip = Leaf("ip");
  CHECK(MatchesName(ip.get(), Ip("127.0.0.1")));
  CHECK(MatchesName(ip.get(), Ip("::1")));
  CHECK_FALSE(MatchesName(ip.get(), Ip("127.0.0.2")));
  CHECK_FALSE(MatchesName(ip.get(), Ip("::2")));
  CHECK_FALSE(MatchesName(ip.get(), Dns("127.0.0.1")));
  CHECK_FALSE(MatchesName(Leaf("good").get(), Ip("127.0.0.1")));
  Wish wish;
  wish.common_name = "127.0.0.1";
  CHECK_FALSE(MatchesName(Make(wish).get(), Ip("127.0.0.1")));
  wish.dns_names = {"127.0.0.1"};
  CHECK_FALSE(MatchesName(Make(wish).get(), Ip("127.0.0.1")));
}

TEST_CASE("Verify codes as words") {
  struct Row {
    int code;
    std::string_view want;
  };
  const Row rows[] = {
      {X509_V_OK, "ok"},
      {X509_V_ERR_CERT_HAS_EXPIRED, "cert_has_expired"},
      {X509_V_ERR_CERT_NOT_YET_VALID, "cert_not_yet_valid"},
      {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "depth_zero_self_signed_cert"},
      {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "self_signed_cert_in_chain"},
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "unable_to_get_issuer_cert"},
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
       "unable_to_get_issuer_cert_locally"},
      {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
       "unable_to_verify_leaf_signature"},
      {X509_V_ERR_INVALID_PURPOSE, "invalid_purpose"},
      {X509_V_ERR_CERT_CHAIN_TOO_LONG, "cert_chain_too_long"},
      {X509_V_ERR_CERT_REVOKED, "cert_revoked"},
      {X509_V_ERR_CA_MD_TOO_WEAK, "ca_md_too_weak"},
      {X509_V_ERR_OUT_OF_MEM, "other"},
      {12345, "other"},
      {-1, "other"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.code);
    CHECK(VerifyReason(row.code) == row.want);
  }
}
