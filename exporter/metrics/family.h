// What the tables of families are made of: a family is a name, a HELP text for
// whoever is woken by it, and a function that appends the samples of one
// series, or of one target. For families.cc and the tables alone.
#ifndef EXPORTER_METRICS_FAMILY_H_
#define EXPORTER_METRICS_FAMILY_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/metrics/exposition.h"
#include "exporter/metrics/row.h"
#include "probe/clock.h"

namespace exporter::metrics {

inline double UnixSeconds(probe::WallTime time) {
  return probe::Seconds(time.time_since_epoch());
}

// Of a family: its name, its type and what it means.
struct FamilyHead {
  std::string_view name;
  FamilyType type;
  std::string_view help;
};

// Takes the samples of one family, and writes the family's head before the
// first of them: a family without samples leaves no trace.
class Samples {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  // `more` is a buffer, reused so that no sample allocates.
  Samples(ExpositionWriter& writer, const FamilyHead& head, bool& started,
          std::string& more)
      : writer_(writer), head_(head), started_(started), more_(more) {}

  // Those that the following samples share.
  void SetLabels(std::string_view labels) { labels_ = labels; }

  void Add(double value) { Write({}, value); }
  void Add(std::uint64_t value) { Write({}, value); }
  void Add(bool value) { Write({}, std::uint64_t{value}); }
  void Add(std::initializer_list<Label> labels, double value) {
    SetMore(labels);
    Write(more_, value);
  }
  void Add(std::initializer_list<Label> labels, bool value) {
    SetMore(labels);
    Write(more_, std::uint64_t{value});
  }
  // A sample that says all in its labels; its value is 1.
  void Info(std::initializer_list<Label> labels) { Add(labels, true); }

 private:
  void SetMore(std::initializer_list<Label> labels) {
    more_.clear();
    for (const auto& [name, value] : labels) AppendLabel(more_, name, value);
  }
  template <typename Value>
  void Write(std::string_view more, Value value) {
    if (!started_) writer_.Family(head_.name, head_.type, head_.help);
    started_ = true;
    writer_.Sample(labels_, more, value);
  }

  ExpositionWriter& writer_;
  const FamilyHead head_;
  bool& started_;
  std::string& more_;
  std::string_view labels_;
};

struct Family {
  std::string_view name;
  FamilyType type;
  std::string_view help;
  void (*append)(const Row& row, Samples& samples);

  FamilyHead head() const { return {name, type, help}; }
};

struct TargetFamily {
  std::string_view name;
  FamilyType type;
  std::string_view help;
  void (*append)(const TargetRow& row, Samples& samples);

  FamilyHead head() const { return {name, type, help}; }
};

// The tables, in the order of the page. Those of series:
std::span<const Family> VerdictFamilies();  // Of the latest probe.
std::span<const Family> FactFamilies();     // What was said in SMTP.
std::span<const Family> TlsFamilies();      // What TLS showed.
// The certificate: all that the series of one more certificate of a server
// shows. Each sample has the label `key`.
std::span<const Family> CertificateFamilies();
// What the target expects, of its certificates too.
std::span<const Family> ExpectationFamilies();
std::span<const Family> ReverseFamilies();  // Names of the address.
// Those of targets:
std::span<const TargetFamily> DomainFamilies();  // Exchangers of a domain.
std::span<const TargetFamily> LookupFamilies();  // How DNS answers.

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_FAMILY_H_
