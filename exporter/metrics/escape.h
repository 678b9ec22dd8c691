// Any bytes -> text that may stand in an exposition page. One label value that
// is no UTF-8 makes Prometheus refuse the whole page.
#ifndef EXPORTER_METRICS_ESCAPE_H_
#define EXPORTER_METRICS_ESCAPE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace exporter::metrics {

enum class Quotes { kPlain, kEscaped };

// Appends `text` with backslash and line feed escaped, and the double quote
// too if asked. Other control characters (C0, DEL, C1) and bytes that are no
// UTF-8 become U+FFFD, so that no terminal obeys them and no parser stumbles.
// What a reader sees after unescaping has at most `limit` bytes, cut on a
// character boundary.
void AppendEscaped(std::string& out, std::string_view text, Quotes quotes,
                   std::size_t limit);

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_ESCAPE_H_
