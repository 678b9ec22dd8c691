#include "exporter/config/suggestion.h"

#include <algorithm>
#include <cctype>

namespace exporter::config {
namespace {

// Longer words are no misspelling of a setting, and the table is quadratic.
constexpr std::size_t kMaxLength = 64;

// Case and the choice between '-' and '_' are no difference.
std::string Folded(std::string_view word) {
  std::string folded(word);
  for (char& c : folded) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (c == '-') c = '_';
  }
  return folded;
}

// Damerau-Levenshtein in its restricted form.
std::size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> cost(
      a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min(
          {cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + other});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string Suggestion(std::string_view word,
                       const std::vector<std::string_view>& known) {
  if (word.size() > kMaxLength) return "";
  const std::string folded = Folded(word);
  std::string_view nearest;
  std::size_t smallest = kMaxLength;
  for (const std::string_view candidate : known) {
    if (candidate.size() > kMaxLength) continue;
    const std::size_t distance = Distance(folded, Folded(candidate));
    const std::size_t allowed = std::max(word.size(), candidate.size()) / 3;
    if (distance <= allowed && distance < smallest) {
      nearest = candidate;
      smallest = distance;
    }
  }
  if (nearest.empty()) return "";
  return ", did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace exporter::config
