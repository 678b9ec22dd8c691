// Strict reading of YAML: every value is checked, every key must be known.
// Everything here throws ScenarioError, which the scenario reader catches.
#ifndef TESTS_SUPPORT_MAILSIM_YAML_FIELDS_H_
#define TESTS_SUPPORT_MAILSIM_YAML_FIELDS_H_

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/mailsim/scenario.h"

namespace mailsim {

struct ScenarioError : std::runtime_error {
  ScenarioError(const YAML::Mark& at, const std::string& message)
      : std::runtime_error(message), mark(at) {}
  YAML::Mark mark;
};

// A value and the way to it, for messages: "servers[3].profile".
struct Field {
  YAML::Node node;
  std::string path;

  [[noreturn]] void Fail(const std::string& message) const;

  std::string Text() const;  // May be empty.
  bool Flag() const;
  std::uint64_t Number(std::uint64_t min, std::uint64_t max) const;
  Milliseconds Time() const;  // "500ms", "30s", "5m", "1h"; at most a day.
  std::vector<Field> List() const;
  // One text, or a list of them.
  std::vector<std::string> Texts() const;
};

// A mapping, taken apart key by key.
class Fields {
 public:
  explicit Fields(const Field& map);

  std::optional<Field> Take(const std::string& key);
  Field Need(const std::string& key);
  // What was not taken yet, in the order of the file.
  std::list<std::pair<std::string, Field>> TakeRest();
  // Refuses what nobody took.
  void Done() const;

 private:
  Field map_;
  // Nodes must never be assigned, as a vector would: that changes the document.
  std::list<std::pair<std::string, Field>> left_;
  std::set<std::string> known_;
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_YAML_FIELDS_H_
