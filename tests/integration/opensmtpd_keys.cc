// Preloaded into OpenSMTPD, which keeps private keys in a process of their
// own: it marks the public key of the certificate, and asks that process where
// it meets the mark. OpenSSL 3 hands out a copy to be marked, so that smtpd
// before 7.3 (Debian 12 has 6.8) fails every handshake by internal_error
// (OpenSMTPD issue 1171). Here the copy takes the place of what it was made
// from, which is what later versions of smtpd do themselves.
#include <dlfcn.h>
#include <openssl/evp.h>

namespace {

template <typename Key>
Key* Get(const char* function, EVP_PKEY* from,
         int (*put_back)(EVP_PKEY*, Key*)) {
  using Function = Key* (*)(EVP_PKEY*);
  Key* key = reinterpret_cast<Function>(dlsym(RTLD_NEXT, function))(from);
  if (key != nullptr) put_back(from, key);
  return key;
}

}  // namespace

extern "C" {

RSA* EVP_PKEY_get1_RSA(EVP_PKEY* key) {
  return Get(__func__, key, EVP_PKEY_set1_RSA);
}

EC_KEY* EVP_PKEY_get1_EC_KEY(EVP_PKEY* key) {
  return Get(__func__, key, EVP_PKEY_set1_EC_KEY);
}

}  // extern "C"
