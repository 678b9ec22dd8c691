// "did you mean": the word that a misspelt one is nearest to.
#ifndef EXPORTER_CONFIG_SUGGESTION_H_
#define EXPORTER_CONFIG_SUGGESTION_H_

#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

// `, did you mean "interval"?`, or "" when none of `known` is near. Words are
// near that differ in a third of their characters at most: one missing, added,
// other or swapped with its neighbour counts one.
std::string Suggestion(std::string_view word,
                       const std::vector<std::string_view>& known);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_SUGGESTION_H_
