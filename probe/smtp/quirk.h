// Oddities of a server that do not stop a conversation but explain trouble
// that other software may have with it. A closed set: the names are values of
// the label `quirk` of `smtp_quirk`.
#ifndef PROBE_SMTP_QUIRK_H_
#define PROBE_SMTP_QUIRK_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <string_view>

namespace probe::smtp {

enum class Quirk {
  kMixedCodes,       // Lines of one reply carry different codes (postscreen's
                     // teaser before a 521); the last line counts.
  kBareLf,           // A line ended in LF without CR, or in several CRs.
  kNonupperKeyword,  // An EHLO keyword in lower case: legal (RFC 5321 4.1.1.1),
                     // but Exim and OpenSMTPD as senders do not see it.
  kMiddleboxMasked,  // A firewall replaced text by '*' or 'X' (Cisco "inspect
                     // esmtp"): the server itself may well offer STARTTLS.
  kNonconformantGreeting,  // A 2xx greeting other than 220, or a greeting with
                           // bytes outside printable ASCII and tab.
  kEhloCode,               // A 2xx answer to EHLO other than 250.
  kStarttlsCode,           // A 2xx answer to STARTTLS other than 220.
  kBadSize,   // A SIZE that cannot be read, or more than one SIZE line.
  kLongEhlo,  // An EHLO reply beyond 2048 bytes: Postfix as a sender
              // stops storing there and loses the tail.
  kStarttlsInsideTls,  // STARTTLS still listed inside TLS (RFC 3207 4.2).
  kRequiretlsInClear,  // REQUIRETLS listed before TLS (RFC 8689 section 2).
  kInvalidLines,       // EHLO lines that hold no keyword a sender can use.
  kTooManyAddresses,   // The name has more addresses than are probed.
  // Of a domain's MX records, or of what they name:
  kMxIsCname,       // The host is a CNAME (RFC 2181 10.3, RFC 5321 5.1).
  kImplicitMx,      // No MX record: the domain is its own exchanger.
  kNullMxMixed,     // A null MX beside others (RFC 7505 3): it is ignored.
  kMxInvalid,       // An MX that is an address or no host name: it is skipped.
  kTooManyMx,       // More hosts than are probed.
  kTooManyPlaces,   // More addresses of hosts than one test on demand probes.
  kPrivateAddress,  // An address that is not public.
};
inline constexpr std::size_t kQuirkCount = 20;

// In the order of the enumerators.
inline constexpr std::array<std::string_view, kQuirkCount> kQuirkNames = {
    "mixed_codes",
    "bare_lf",
    "nonupper_keyword",
    "middlebox_masked",
    "nonconformant_greeting",
    "ehlo_code",
    "starttls_code",
    "bad_size",
    "long_ehlo",
    "starttls_inside_tls",
    "requiretls_in_clear",
    "invalid_lines",
    "too_many_addresses",
    "mx_is_cname",
    "implicit_mx",
    "null_mx_mixed",
    "mx_invalid",
    "too_many_mx",
    "too_many_places",
    "private_address",
};

class Quirks {
 public:
  void Add(Quirk quirk) { bits_.set(static_cast<std::size_t>(quirk)); }
  void Add(const Quirks& others) { bits_ |= others.bits_; }
  bool Has(Quirk quirk) const {
    return bits_.test(static_cast<std::size_t>(quirk));
  }
  bool Empty() const { return bits_.none(); }
  friend bool operator==(const Quirks&, const Quirks&) = default;

 private:
  std::bitset<kQuirkCount> bits_;
};

}  // namespace probe::smtp

#endif  // PROBE_SMTP_QUIRK_H_
