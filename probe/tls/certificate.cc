#include "probe/tls/certificate.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "probe/smtp/text.h"
#include "probe/tls/hexadecimal.h"
#include "probe/tls/openssl_ptr.h"
#include "probe/tls/x509_time.h"

namespace probe::tls {
namespace {

// RFC 5280 section 4.1.2.2: a serial number has at most 20 octets.
constexpr std::size_t kMaxSerialBytes = 20;

std::string_view Bytes(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(std::max(ASN1_STRING_length(text), 0))};
}

std::string Fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), bytes.data(), &size) != 1) {
    return std::string();
  }
  return Hexadecimal(bytes.data(), size);
}

std::string DistinguishedName(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  // UTF-8 stays as it is: what may not be shown goes in Printable.
  if (out == nullptr ||
      X509_NAME_print_ex(out.get(), name, 0,
                         XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return std::string();
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  if (size <= 0) return std::string();
  return smtp::Printable({text, static_cast<std::size_t>(size)},
                         kMaxDistinguishedName);
}

std::string Serial(const X509* certificate) {
  const std::string_view bytes = Bytes(X509_get0_serialNumber(certificate));
  return Hexadecimal(reinterpret_cast<const unsigned char*>(bytes.data()),
                     std::min(bytes.size(), kMaxSerialBytes));
}

std::string Key(const X509* certificate) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key == nullptr) return "unknown";
  const std::string bits = std::to_string(EVP_PKEY_get_bits(key));
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "rsa" + bits;
    case EVP_PKEY_EC:
      return "ecdsa" + bits;
    case EVP_PKEY_ED25519:
      return "ed25519";
    case EVP_PKEY_ED448:
      return "ed448";
    case EVP_PKEY_DSA:
      return "dsa" + bits;
    default:
      break;
  }
  const char* const type = EVP_PKEY_get0_type_name(key);
  std::string name(type == nullptr ? "unknown" : type);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name + bits;
}

std::optional<IpAddress> Address(std::string_view bytes) {
  if (bytes.size() == 4) {
    std::array<std::uint8_t, 4> ip4{};
    std::copy(bytes.begin(), bytes.end(), ip4.begin());
    return IpAddress::FromIp4(ip4);
  }
  if (bytes.size() == 16) {
    std::array<std::uint8_t, 16> ip6{};
    std::copy(bytes.begin(), bytes.end(), ip6.begin());
    return IpAddress::FromIp6(ip6);
  }
  return std::nullopt;
}

void ReadNames(const X509* certificate, Certificate& facts) {
  const GeneralNamesPtr all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const int count = all == nullptr ? 0 : sk_GENERAL_NAME_num(all.get());
  for (int i = 0; i < count; ++i) {
    int type = 0;
    const void* const value =
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &type);
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    if (facts.names.size() == kMaxNames) {
      ++facts.more_names;
    } else if (type == GEN_DNS) {
      facts.names.push_back(smtp::Printable(
          Bytes(static_cast<const ASN1_STRING*>(value)), kMaxNameLength));
    } else {
      const std::optional<IpAddress> address =
          Address(Bytes(static_cast<const ASN1_STRING*>(value)));
      if (address) facts.names.push_back(address->ToString());
    }
  }
}

}  // namespace

Certificate ReadCertificate(X509* certificate) {
  Certificate facts;
  facts.fingerprint_sha256 = Fingerprint(certificate);
  facts.subject = DistinguishedName(X509_get_subject_name(certificate));
  facts.issuer = DistinguishedName(X509_get_issuer_name(certificate));
  facts.serial = Serial(certificate);
  facts.key = Key(certificate);
  ReadNames(certificate, facts);
  facts.not_before = ReadTime(X509_get0_notBefore(certificate));
  facts.not_after = ReadTime(X509_get0_notAfter(certificate));
  // A part that cannot be decoded leaves its complaint.
  ERR_clear_error();
  return facts;
}

bool MatchesName(X509* certificate, const ServerName& name) {
  int match = 0;
  if (name.ip) {
    match = X509_check_ip(certificate, name.ip->bytes().data(),
                          name.ip->is_ip6() ? 16 : 4, 0);
  } else if (!name.dns.empty() && name.dns.front() != '.') {
    // OpenSSL takes ".example.com" for every name below it.
    match = X509_check_host(certificate, name.dns.data(), name.dns.size(),
                            X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr);
  }
  ERR_clear_error();
  return match == 1;
}

}  // namespace probe::tls
