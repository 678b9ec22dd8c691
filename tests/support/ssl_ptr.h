// Owners of OpenSSL's objects, for the tests' certificates and TLS servers.
#ifndef TESTS_SUPPORT_SSL_PTR_H_
#define TESTS_SUPPORT_SSL_PTR_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probe/tls/openssl_ptr.h"

namespace tests {

using probe::tls::BioPtr;
using probe::tls::KeyPtr;
using probe::tls::SslPtr;
using probe::tls::X509Ptr;
using SslContextPtr =
    std::unique_ptr<SSL_CTX, probe::tls::OpensslFree<SSL_CTX_free>>;

// Aborts, in release builds too, with `what` and OpenSSL's words on stderr:
// for what cannot fail unless the test itself is wrong.
void Must(bool good, const char* what);

// "CN=mx.example.com", as RFC 2253 writes it.
std::string SubjectOf(const X509* certificate);

// Of texts that hold nothing else.
std::vector<X509Ptr> ReadCertificates(std::string_view pem);
KeyPtr ReadKey(std::string_view pem);

// All that the memory BIO holds; it is empty afterwards.
std::string TakeAll(BIO* memory);

}  // namespace tests

#endif  // TESTS_SUPPORT_SSL_PTR_H_
