// Owners of OpenSSL's objects, for the tests' certificates and TLS servers.
#ifndef TESTS_SUPPORT_SSL_PTR_H_
#define TESTS_SUPPORT_SSL_PTR_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

template <auto Free>
struct SslDelete {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, SslDelete<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, SslDelete<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, SslDelete<X509_free>>;
using SslPtr = std::unique_ptr<SSL, SslDelete<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, SslDelete<SSL_CTX_free>>;

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
