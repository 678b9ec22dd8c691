// The key `tls` of a server.
#ifndef TESTS_SUPPORT_MAILSIM_TLS_READER_H_
#define TESTS_SUPPORT_MAILSIM_TLS_READER_H_

#include "tests/support/mailsim/scenario.h"
#include "tests/support/mailsim/yaml_fields.h"

namespace mailsim {

// The certificates are those of tests::TestPki(). Throws ScenarioError.
Tls ReadTls(const Field& field);

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_TLS_READER_H_
