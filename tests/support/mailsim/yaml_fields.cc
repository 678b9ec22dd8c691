#include "tests/support/mailsim/yaml_fields.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace mailsim {
namespace {

std::optional<std::uint64_t> ToNumber(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> MillisecondsOf(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1000;
  if (unit == "m") return 60 * 1000;
  if (unit == "h") return 3600 * 1000;
  return std::nullopt;
}

}  // namespace

void Field::Fail(const std::string& message) const {
  throw ScenarioError(node.Mark(),
                      path.empty() ? message : path + ": " + message);
}

std::string Field::Text() const {
  if (!node.IsScalar()) Fail("expected a text");
  return node.Scalar();
}

bool Field::Flag() const {
  bool value = false;
  if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value)) {
    Fail("expected true or false");
  }
  return value;
}

std::uint64_t Field::Number(std::uint64_t min, std::uint64_t max) const {
  const std::optional<std::uint64_t> value = ToNumber(Text());
  if (!value || *value < min || *value > max) {
    Fail("\"" + Text() + "\" is not a number from " + std::to_string(min) +
         " to " + std::to_string(max));
  }
  return *value;
}

Milliseconds Field::Time() const {
  // Longer waits are a typing error, and sums cannot overflow.
  constexpr std::uint64_t kMaxMilliseconds = 24 * 3600 * 1000;
  const std::string text = Text();
  const std::size_t digits =
      std::min(text.find_first_not_of("0123456789"), text.size());
  const auto value = ToNumber(std::string_view(text).substr(0, digits));
  const auto unit = MillisecondsOf(std::string_view(text).substr(digits));
  if (!value || !unit || *value > kMaxMilliseconds / *unit) {
    Fail("\"" + text +
         "\" is not a time like 500ms, 30s, 5m, 1h (at most 24h)");
  }
  return Milliseconds(*value * *unit);
}

std::vector<Field> Field::List() const {
  if (!node.IsSequence()) Fail("expected a list");
  std::vector<Field> items;
  for (const YAML::Node& item : node) {
    items.push_back({item, path + "[" + std::to_string(items.size()) + "]"});
  }
  return items;
}

std::vector<std::string> Field::Texts() const {
  if (!node.IsSequence()) return {Text()};
  std::vector<std::string> texts;
  for (const Field& item : List()) texts.push_back(item.Text());
  return texts;
}

Fields::Fields(const Field& map) : map_(map) {
  if (!map_.node.IsMap()) map_.Fail("expected a mapping");
  std::set<std::string> seen;
  for (const auto& entry : map_.node) {
    const Field key{entry.first, map_.path};
    std::string name = key.Text();
    if (!seen.insert(name).second) key.Fail("\"" + name + "\" stands twice");
    std::string path = map_.path.empty() ? name : map_.path + "." + name;
    left_.emplace_back(std::move(name), Field{entry.second, std::move(path)});
  }
}

std::optional<Field> Fields::Take(const std::string& key) {
  known_.insert(key);
  const auto found =
      std::find_if(left_.begin(), left_.end(),
                   [&](const auto& entry) { return entry.first == key; });
  if (found == left_.end()) return std::nullopt;
  Field value = std::move(found->second);
  left_.erase(found);
  return value;
}

Field Fields::Need(const std::string& key) {
  std::optional<Field> value = Take(key);
  if (!value) map_.Fail("\"" + key + "\" is missing");
  return *std::move(value);
}

std::list<std::pair<std::string, Field>> Fields::TakeRest() {
  return std::exchange(left_, {});
}

void Fields::Done() const {
  if (left_.empty()) return;
  std::string known;
  for (const std::string& key : known_) {
    known += (known.empty() ? "" : ", ") + key;
  }
  left_.front().second.Fail("unknown key; known here: " + known);
}

}  // namespace mailsim
