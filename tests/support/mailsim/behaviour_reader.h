// What a server of a scenario file does: its scripts, profiles and its TLS.
#ifndef TESTS_SUPPORT_MAILSIM_BEHAVIOUR_READER_H_
#define TESTS_SUPPORT_MAILSIM_BEHAVIOUR_READER_H_

#include <string>
#include <vector>

#include "tests/support/mailsim/scenario.h"
#include "tests/support/mailsim/yaml_fields.h"

namespace mailsim {

// Takes the keys from `fields`, which are those of `entry`. Throws
// ScenarioError.
std::vector<Behaviour> ReadBehaviours(const Field& entry, Fields& fields,
                                      const std::string& name);

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_BEHAVIOUR_READER_H_
