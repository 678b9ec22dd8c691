#include "tests/support/ssl_ptr.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstdio>
#include <cstdlib>

namespace tests {
namespace {

BioPtr MemoryOf(std::string_view text) {
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Must(bio != nullptr, "BIO_new_mem_buf");
  return bio;
}

}  // namespace

void Must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s failed\n", what);
  ERR_print_errors_fp(stderr);
  std::abort();
}

std::string SubjectOf(const X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  Must(bio && X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate),
                                 0, XN_FLAG_RFC2253) >= 0,
       "X509_NAME_print_ex");
  return TakeAll(bio.get());
}

std::vector<X509Ptr> ReadCertificates(std::string_view pem) {
  const BioPtr bio = MemoryOf(pem);
  std::vector<X509Ptr> certificates;
  while (X509Ptr certificate{
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    certificates.push_back(std::move(certificate));
  }
  ERR_clear_error();  // "No start line" is how the end is told.
  Must(!certificates.empty(), "PEM_read_bio_X509");
  return certificates;
}

KeyPtr ReadKey(std::string_view pem) {
  const BioPtr bio = MemoryOf(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  Must(key != nullptr, "PEM_read_bio_PrivateKey");
  return key;
}

std::string TakeAll(BIO* memory) {
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(memory, &bytes);
  std::string all(bytes, static_cast<std::size_t>(size));
  BIO_reset(memory);
  return all;
}

}  // namespace tests
