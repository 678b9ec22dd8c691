// Scenario files: YAML to values. The format is in README.md beside this file.
#ifndef TESTS_SUPPORT_MAILSIM_SCENARIO_READER_H_
#define TESTS_SUPPORT_MAILSIM_SCENARIO_READER_H_

#include <expected>
#include <string>
#include <string_view>

#include "tests/support/mailsim/scenario.h"

namespace mailsim {

// More listeners than a loopback port range has would be a typing error.
inline constexpr std::uint64_t kMaxServers = 60000;

// The error is one line "servers.yaml:12:7: servers[3].listen: ...".
std::expected<Scenario, std::string> LoadScenario(const std::string& path);

// The same for a text; `name` stands where the file name stands in the error.
std::expected<Scenario, std::string> ParseScenario(std::string_view text,
                                                   const std::string& name);

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_SCENARIO_READER_H_
