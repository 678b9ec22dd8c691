// Something about a server that is not as it was.
#ifndef EXPORTER_CHANGE_H_
#define EXPORTER_CHANGE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter {

// Of the line that people read; the log has all of it.
inline constexpr std::size_t kMaxChangeText = 256;

struct Change {
  enum class Level { kInfo, kWarning };
  using Field = std::pair<std::string_view, std::string>;

  Level level = Level::kInfo;
  std::string_view message;   // Static; says what it is by itself.
  std::vector<Field> fields;  // Names are static, values may be hostile.
  // False: no line of the log is worth it. Some servers give another name in
  // each greeting.
  bool logged = true;

  // One line for people, "message: name value, name value": printable UTF-8, at
  // most kMaxChangeText bytes. Of fingerprints only what tells them apart.
  std::string Text() const;
};

}  // namespace exporter

#endif  // EXPORTER_CHANGE_H_
