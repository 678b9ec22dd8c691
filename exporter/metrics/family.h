// What the tables of families are made of: a family is a name, a HELP text for
// whoever is woken by it, and a function that appends the samples of one
// series, or of one target. For families.cc and the tables alone.
#ifndef EXPORTER_METRICS_FAMILY_H_
#define EXPORTER_METRICS_FAMILY_H_

#include <cstdint>
#include <functional>
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

// Takes the samples of one family of one series, or of one target.
class Samples {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  Samples() = default;
  virtual ~Samples() = default;
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  // The following samples of a target's family are about this place of it.
  virtual void Of(const Row& row) = 0;

  void Add(double value) { Take({}, value); }
  void Add(std::uint64_t value) { Take({}, value); }
  void Add(bool value) { Take({}, std::uint64_t{value}); }
  void Add(std::initializer_list<Label> labels, double value) {
    Take(labels, value);
  }
  void Add(std::initializer_list<Label> labels, bool value) {
    Take(labels, std::uint64_t{value});
  }
  // A sample that says all in its labels; its value is 1.
  void Info(std::initializer_list<Label> labels) { Add(labels, true); }

 private:
  // `labels` are those that the samples of one series differ in.
  virtual void Take(std::span<const Label> labels, double value) = 0;
  virtual void Take(std::span<const Label> labels, std::uint64_t value) = 0;
};

// Writes a page; the family's head before its first sample, so a family without
// samples leaves no trace.
class PageSamples final : public Samples {
 public:
  // `more` is a buffer, reused so that no sample allocates.
  PageSamples(ExpositionWriter& writer, const FamilyHead& head, bool& started,
              std::string& more)
      : writer_(writer), head_(head), started_(started), more_(more) {}

  // Those that the following samples share.
  void SetLabels(std::string_view labels) { labels_ = labels; }
  void Of(const Row& row) override { SetLabels(row.labels()); }

 private:
  void Take(std::span<const Label> labels, double value) override {
    Write(labels, value);
  }
  void Take(std::span<const Label> labels, std::uint64_t value) override {
    Write(labels, value);
  }
  template <typename Value>
  void Write(std::span<const Label> labels, Value value) {
    if (!started_) writer_.Family(head_.name, head_.type, head_.help);
    started_ = true;
    more_.clear();
    for (const auto& [name, text] : labels) AppendLabel(more_, name, text);
    writer_.Sample(labels_, more_, value);
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
  // Not on the page of a test on demand, which has no next one: when that is
  // lies with whoever asks.
  bool of_schedule = false;

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

// All of a series, or of a target as a whole, one after the other: `begin` is
// told of each family and gives who takes its samples.
using BeginFamily = std::function<Samples&(const FamilyHead& family)>;
void AppendFamilies(const Row& row, const BeginFamily& begin);
void AppendFamilies(const TargetRow& row, const BeginFamily& begin);

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_FAMILY_H_
