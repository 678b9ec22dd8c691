// Certificates as files, for servers and probers in other processes.
#ifndef TESTS_SUPPORT_PKI_FILES_H_
#define TESTS_SUPPORT_PKI_FILES_H_

#include <expected>
#include <string>

#include "tests/support/pki.h"

namespace tests {

// Makes `directory` unless it is there and writes into it, over what stands
// there: for each identity NAME.crt (the chain, the leaf first) and NAME.key
// (mode 0600), and roots.pem and cross-roots.pem. The error is a sentence that
// begins with a file's name.
std::expected<void, std::string> WritePki(const Pki& pki,
                                          const std::string& directory);

}  // namespace tests

#endif  // TESTS_SUPPORT_PKI_FILES_H_
