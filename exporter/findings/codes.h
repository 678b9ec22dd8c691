// The codes of findings, beside the names of reasons and quirks. To rename one
// is a breaking change.
#ifndef EXPORTER_FINDINGS_CODES_H_
#define EXPORTER_FINDINGS_CODES_H_

#include <array>
#include <string_view>

namespace exporter::findings {

inline constexpr std::string_view kNotTested = "not_tested";
inline constexpr std::string_view kNotObserved = "not_observed";
inline constexpr std::string_view kStale = "stale";
inline constexpr std::string_view kBackingOff = "backing_off";
inline constexpr std::string_view kReachable = "reachable";
inline constexpr std::string_view kGreetingSlow = "greeting_slow";
inline constexpr std::string_view kBannerMatch = "banner_match";
inline constexpr std::string_view kBannerMismatch = "banner_mismatch";
inline constexpr std::string_view kStarttlsMissing = "starttls_missing";
inline constexpr std::string_view kStarttlsUnexpected = "starttls_unexpected";
inline constexpr std::string_view kStarttlsFailed = "starttls_failed";
inline constexpr std::string_view kTlsWorks = "tls_works";
inline constexpr std::string_view kTlsVersionOld = "tls_version_old";
inline constexpr std::string_view kCertificateMissing = "certificate_missing";
inline constexpr std::string_view kCertificateTypeMissing =
    "certificate_type_missing";
inline constexpr std::string_view kCertificateValid = "certificate_valid";
inline constexpr std::string_view kCertificateExpiresSoon =
    "certificate_expires_soon";
inline constexpr std::string_view kCertificateExpired = "certificate_expired";
inline constexpr std::string_view kCertificateNotYetValid =
    "certificate_not_yet_valid";
inline constexpr std::string_view kTrustUnknown = "trust_unknown";
inline constexpr std::string_view kAuthOn25 = "auth_on_25";
inline constexpr std::string_view kAuthInClear = "auth_in_clear";
inline constexpr std::string_view kAuthMissing = "auth_missing";
inline constexpr std::string_view kAuthUnexpected = "auth_unexpected";
inline constexpr std::string_view kAuthRight = "auth_right";
inline constexpr std::string_view kSizeLimit = "size_limit";
inline constexpr std::string_view kSizeTooSmall = "size_too_small";
inline constexpr std::string_view kSizeUnknown = "size_unknown";
inline constexpr std::string_view kSizeSmallerInTls = "size_smaller_in_tls";
inline constexpr std::string_view kCapabilityMissing = "capability_missing";
inline constexpr std::string_view kCapabilityLost = "capability_lost_in_tls";
inline constexpr std::string_view kExpectationsMet = "expectations_met";
inline constexpr std::string_view kReverseDnsMatch = "reverse_dns_match";
inline constexpr std::string_view kReverseDnsMismatch = "reverse_dns_mismatch";
inline constexpr std::string_view kDnsUnanswered = "dns_unanswered";
inline constexpr std::string_view kNoRoute = "no_route";
inline constexpr std::string_view kDomainReachable = "domain_reachable";
inline constexpr std::string_view kDomainUnreachable = "domain_unreachable";
inline constexpr std::string_view kBestMxDown = "best_mx_down";
inline constexpr std::string_view kBackupMxDown = "backup_mx_down";

inline constexpr std::array kOwnCodes = {kNotTested,
                                         kNotObserved,
                                         kStale,
                                         kBackingOff,
                                         kReachable,
                                         kGreetingSlow,
                                         kBannerMatch,
                                         kBannerMismatch,
                                         kStarttlsMissing,
                                         kStarttlsUnexpected,
                                         kStarttlsFailed,
                                         kTlsWorks,
                                         kTlsVersionOld,
                                         kCertificateMissing,
                                         kCertificateTypeMissing,
                                         kCertificateValid,
                                         kCertificateExpiresSoon,
                                         kCertificateExpired,
                                         kCertificateNotYetValid,
                                         kTrustUnknown,
                                         kAuthOn25,
                                         kAuthInClear,
                                         kAuthMissing,
                                         kAuthUnexpected,
                                         kAuthRight,
                                         kSizeLimit,
                                         kSizeTooSmall,
                                         kSizeUnknown,
                                         kSizeSmallerInTls,
                                         kCapabilityMissing,
                                         kCapabilityLost,
                                         kExpectationsMet,
                                         kReverseDnsMatch,
                                         kReverseDnsMismatch,
                                         kDnsUnanswered,
                                         kNoRoute,
                                         kDomainReachable,
                                         kDomainUnreachable,
                                         kBestMxDown,
                                         kBackupMxDown};

}  // namespace exporter::findings

#endif  // EXPORTER_FINDINGS_CODES_H_
