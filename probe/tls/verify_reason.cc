#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "probe/tls/certificate.h"

namespace probe::tls {
namespace {

struct Fault {
  int code;
  std::string_view reason;
};

// A closed set, for it becomes a label. What cannot happen here (revocation
// lists, DANE, suite B, OCSP, names, which are judged apart) is "other".
constexpr std::array kFaults = {
    Fault{X509_V_OK, "ok"},
    Fault{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "unable_to_get_issuer_cert"},
    Fault{X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE,
          "unable_to_decrypt_cert_signature"},
    Fault{X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY,
          "unable_to_decode_issuer_public_key"},
    Fault{X509_V_ERR_CERT_SIGNATURE_FAILURE, "cert_signature_failure"},
    Fault{X509_V_ERR_CERT_NOT_YET_VALID, "cert_not_yet_valid"},
    Fault{X509_V_ERR_CERT_HAS_EXPIRED, "cert_has_expired"},
    Fault{X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD,
          "error_in_cert_not_before_field"},
    Fault{X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD,
          "error_in_cert_not_after_field"},
    Fault{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
          "depth_zero_self_signed_cert"},
    Fault{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "self_signed_cert_in_chain"},
    Fault{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
          "unable_to_get_issuer_cert_locally"},
    Fault{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
          "unable_to_verify_leaf_signature"},
    Fault{X509_V_ERR_CERT_CHAIN_TOO_LONG, "cert_chain_too_long"},
    Fault{X509_V_ERR_CERT_REVOKED, "cert_revoked"},
    Fault{X509_V_ERR_NO_ISSUER_PUBLIC_KEY, "no_issuer_public_key"},
    Fault{X509_V_ERR_PATH_LENGTH_EXCEEDED, "path_length_exceeded"},
    Fault{X509_V_ERR_INVALID_PURPOSE, "invalid_purpose"},
    Fault{X509_V_ERR_CERT_UNTRUSTED, "cert_untrusted"},
    Fault{X509_V_ERR_CERT_REJECTED, "cert_rejected"},
    Fault{X509_V_ERR_SUBJECT_ISSUER_MISMATCH, "subject_issuer_mismatch"},
    Fault{X509_V_ERR_AKID_SKID_MISMATCH, "akid_skid_mismatch"},
    Fault{X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH,
          "akid_issuer_serial_mismatch"},
    Fault{X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "keyusage_no_certsign"},
    Fault{X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
          "unhandled_critical_extension"},
    Fault{X509_V_ERR_INVALID_NON_CA, "invalid_non_ca"},
    Fault{X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE,
          "keyusage_no_digital_signature"},
    Fault{X509_V_ERR_INVALID_EXTENSION, "invalid_extension"},
    Fault{X509_V_ERR_INVALID_POLICY_EXTENSION, "invalid_policy_extension"},
    Fault{X509_V_ERR_NO_EXPLICIT_POLICY, "no_explicit_policy"},
    Fault{X509_V_ERR_UNSUPPORTED_EXTENSION_FEATURE,
          "unsupported_extension_feature"},
    Fault{X509_V_ERR_UNNESTED_RESOURCE, "unnested_resource"},
    Fault{X509_V_ERR_PERMITTED_VIOLATION, "permitted_violation"},
    Fault{X509_V_ERR_EXCLUDED_VIOLATION, "excluded_violation"},
    Fault{X509_V_ERR_SUBTREE_MINMAX, "subtree_minmax"},
    Fault{X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE,
          "unsupported_constraint_type"},
    Fault{X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX,
          "unsupported_constraint_syntax"},
    Fault{X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, "unsupported_name_syntax"},
    Fault{X509_V_ERR_PATH_LOOP, "path_loop"},
    Fault{X509_V_ERR_EE_KEY_TOO_SMALL, "ee_key_too_small"},
    Fault{X509_V_ERR_CA_KEY_TOO_SMALL, "ca_key_too_small"},
    Fault{X509_V_ERR_CA_MD_TOO_WEAK, "ca_md_too_weak"},
    Fault{X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM,
          "unsupported_signature_algorithm"},
    Fault{X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH,
          "signature_algorithm_mismatch"},
    Fault{X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY,
          "signature_algorithm_inconsistency"},
    Fault{X509_V_ERR_INVALID_CA, "invalid_ca"},
    Fault{X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, "pathlen_invalid_for_non_ca"},
    Fault{X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN,
          "pathlen_without_ku_key_cert_sign"},
    Fault{X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA,
          "ku_key_cert_sign_invalid_for_non_ca"},
    Fault{X509_V_ERR_ISSUER_NAME_EMPTY, "issuer_name_empty"},
    Fault{X509_V_ERR_SUBJECT_NAME_EMPTY, "subject_name_empty"},
    Fault{X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER,
          "missing_authority_key_identifier"},
    Fault{X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER,
          "missing_subject_key_identifier"},
    Fault{X509_V_ERR_EMPTY_SUBJECT_ALT_NAME, "empty_subject_alt_name"},
    Fault{X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL,
          "empty_subject_san_not_critical"},
    Fault{X509_V_ERR_CA_BCONS_NOT_CRITICAL, "ca_bcons_not_critical"},
    Fault{X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL,
          "authority_key_identifier_critical"},
    Fault{X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL,
          "subject_key_identifier_critical"},
    Fault{X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, "ca_cert_missing_key_usage"},
    Fault{X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3,
          "extensions_require_version_3"},
    Fault{X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, "ec_key_explicit_params"},
};

}  // namespace

std::string_view VerifyReason(int code) {
  const auto fault =
      std::find_if(kFaults.begin(), kFaults.end(),
                   [code](const Fault& known) { return known.code == code; });
  return fault == kFaults.end() ? "other" : fault->reason;
}

}  // namespace probe::tls
