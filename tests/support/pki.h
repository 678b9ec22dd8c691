// Certificates made at run time, with OpenSSL, for tests, the simulator and
// the demo. Nothing here is ever trusted outside a test.
#ifndef TESTS_SUPPORT_PKI_H_
#define TESTS_SUPPORT_PKI_H_

#include <map>
#include <string>
#include <string_view>

namespace tests {

// A certificate with all that its owner needs to use it, as PEM.
struct Identity {
  std::string chain;  // The certificate, then the intermediates that are sent.
  std::string key;
};

// One root and one intermediate, and leaves below it. The names:
//   good           ECDSA P-256, for mx.example.com
//   good-rsa       RSA 2048, likewise
//   expired        ended yesterday         not-yet-valid  begins tomorrow
//   self-signed    by itself               wrong-name     for other.example.net
//   wildcard       for *.example.com       common-name    no alternative names
//   ip             for 127.0.0.1 and ::1 as IP addresses only
//   missing-intermediate   good, sent without its intermediate
//   cross-signed   sent with an expired intermediate of the same name and key
//                  as one that is in cross_roots(): another path is valid
//   expired-intermediate   sent with that one, and no other path in roots()
//   expiring       ends in 5 days          client         for clientAuth
//   expired-client likewise, ended yesterday
//   scraper        for clientAuth, with alternative names of every kind
class Pki {
 public:
  // Makes all of them: about a tenth of a second.
  Pki();

  // `name` is one of the above.
  const Identity& Get(std::string_view name) const;
  const std::map<std::string, Identity, std::less<>>& identities() const {
    return identities_;
  }
  const std::string& roots() const { return roots_; }              // PEM.
  const std::string& cross_roots() const { return cross_roots_; }  // PEM.

 private:
  std::map<std::string, Identity, std::less<>> identities_;
  std::string roots_;
  std::string cross_roots_;
};

// The one of this process, made when first asked for.
const Pki& TestPki();

}  // namespace tests

#endif  // TESTS_SUPPORT_PKI_H_
