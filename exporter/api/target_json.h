// Targets as JSON: what the API, the web page and `check --output=json` show.
// A metric's field has the metric's name: a number, or for a family with
// further labels a list of its samples. Described in openapi.yaml.
#ifndef EXPORTER_API_TARGET_JSON_H_
#define EXPORTER_API_TARGET_JSON_H_

#include <cstddef>
#include <string>

#include "exporter/metrics/row.h"
#include "exporter/target_id.h"

namespace exporter::api {

// Of whom the target is: one that is watched has an id, under which it can be
// asked for; one that somebody named has none.
enum class Kept { kWatched, kAskedOnce };

// "9f86d081884c7d65", of an IdOf.
std::string IdText(TargetId id);

// For a list: the fields that a row of the page needs, some hundred bytes for
// each place. One JSON object, valid UTF-8 whatever servers said.
std::string SummaryJson(const metrics::TargetRow& row);

// Everything, a piece with each call: what is said of the whole target, then
// place after place.
class TargetPieces {
 public:
  // What the row refers to must outlive this.
  TargetPieces(const metrics::TargetRow& row, Kept kept)
      : row_(row), kept_(kept) {}

  // Appends the next piece; false: it was the last.
  bool Next(std::string& out);

 private:
  const metrics::TargetRow row_;
  const Kept kept_;
  bool begun_ = false;
  std::size_t next_ = 0;  // Of the row's entries.
  bool several_ = false;  // A place was written.
};

// The same in one piece.
std::string TargetJson(const metrics::TargetRow& row, Kept kept);

// A JSON text in quotes; what is no UTF-8 becomes U+FFFD.
std::string Quoted(const std::string& text);

}  // namespace exporter::api

#endif  // EXPORTER_API_TARGET_JSON_H_
