#include "exporter/check/nagios_report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/expectations.h"
#include "exporter/findings/certificate_term.h"
#include "exporter/findings/codes.h"
#include "probe/smtp/text.h"

namespace exporter::check {
namespace {

using findings::CertificateTerm;
using metrics::Row;
using metrics::TargetRow;

// The first line goes into mails and SMS.
constexpr std::size_t kMaxHeadline = 300;

std::string_view Word(Status status) {
  switch (status) {
    case Status::kOk:
      return "OK";
    case Status::kWarning:
      return "WARNING";
    case Status::kCritical:
      return "CRITICAL";
    case Status::kUnknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

// A bar begins performance data, wherever it stands, and cannot be escaped.
std::string Plain(std::string_view text, std::size_t most) {
  std::string plain = probe::smtp::Printable(text, most);
  std::ranges::replace(plain, '|', '/');
  return plain;
}

// Without an exponent, which the format does not know, and to a millionth.
std::string Text(double number) {
  std::array<char, 400> text{};  // The largest double has 309 digits.
  std::snprintf(text.data(), text.size(), "%.6f", number);
  std::string_view shown(text.data());
  shown = shown.substr(0, shown.find_last_not_of('0') + 1);
  if (shown.ends_with('.')) shown.remove_suffix(1);
  return std::string(shown);
}

// Performance data, item by item.
class PerformanceData {
 public:
  // `prefix` begins each label.
  explicit PerformanceData(std::string prefix) : prefix_(std::move(prefix)) {}

  // "'label'=value[UOM];[warn];[crit];[min];[max]", without what is empty at
  // the end.
  void Add(std::string_view label, const std::string& value,
           const std::string& warn, const std::string& critical,
           const std::string& least, const std::string& most) {
    out_ += " '";
    for (const char c : prefix_ + std::string(label)) {
      // No label may have these.
      out_ += c == '=' || c == '|' ? '_' : c;
      if (c == '\'') out_ += c;
    }
    out_ += "'=" + value;
    std::string rest = ";" + warn + ";" + critical + ";" + least + ";" + most;
    rest.erase(rest.find_last_not_of(';') + 1);
    out_ += rest;
  }

  std::string Take() { return std::move(out_); }

 private:
  const std::string prefix_;
  std::string out_;
};

// What the numbers of a target's places come to, so that the labels do not
// change with its addresses.
struct Figures {
  std::size_t places = 0;
  std::size_t reachable = 0;
  std::optional<probe::Duration> slowest;
  std::optional<CertificateTerm> term;  // The shortest.
  std::optional<double> size_limit;     // The lowest; infinite for no limit.
};

template <typename T>
void Least(std::optional<T>& least, const T& value) {
  least = least ? std::min(*least, value) : value;
}

Figures FiguresOf(const TargetRow& target) {
  Figures figures;
  target.ForEachSeries([&](const Row& row) {
    if (const auto* const shown = row.certified()) {
      const CertificateTerm term = findings::TermOf(row, *shown);
      if (!figures.term || term.left < figures.term->left) figures.term = term;
    }
    if (row.certificate_only()) return;
    ++figures.places;
    if (row.verdict() != nullptr) {
      if (row.reachable()) ++figures.reachable;
      figures.slowest = std::max(figures.slowest.value_or(probe::Duration{}),
                                 row.verdict()->duration);
    }
    const auto* const offer =
        EffectiveOffer(row.facts(), row.target().conversation->tls.mode);
    if (offer != nullptr && offer->size_limit) {
      Least(figures.size_limit, *offer->size_limit);
    }
  });
  return figures;
}

// To a hundredth, a quarter of an hour.
double Days(std::chrono::seconds span) {
  using FloatDays = std::chrono::duration<double, std::chrono::days::period>;
  return std::round(FloatDays(span).count() * 100) / 100;
}

// "21:": alerts below.
std::string Below(double least) { return Text(least) + ":"; }

std::string Performance(const TargetRow& target, const std::string& prefix) {
  const Figures figures = FiguresOf(target);
  const probe::Target& asked = target.target();
  PerformanceData data(prefix);
  if (figures.slowest) {
    data.Add("time", Text(probe::Seconds(*figures.slowest)) + "s", "", "", "0",
             Text(probe::Seconds(asked.conversation->timeouts.total)));
  }
  if (figures.places > 0) {
    data.Add("reachable", Text(static_cast<double>(figures.reachable)), "", "",
             "0", Text(static_cast<double>(figures.places)));
  }
  if (figures.term) {
    data.Add(
        "certificate_days",
        Text(static_cast<double>(
            std::chrono::floor<std::chrono::days>(figures.term->left).count())),
        Below(Days(figures.term->warning)), Below(Days(figures.term->critical)),
        "", "");
  }
  // The format has no word for "no limit".
  if (figures.size_limit && std::isfinite(*figures.size_limit)) {
    const auto& expected = asked.expect.size_at_least;
    data.Add("size_limit", Text(*figures.size_limit) + "B",
             expected ? Below(*expected) : "", "", "0", "");
  }
  return data.Take();
}

std::string GoodNews(const std::vector<Finding>& found) {
  using namespace exporter::findings;  // NOLINT: the codes.
  std::string text;
  for (const std::string_view code :
       {kDomainReachable, kReachable, kTlsWorks, kCertificateValid}) {
    const auto news = std::ranges::find(found, code, &Finding::code);
    if (news == found.end()) continue;
    if (!text.empty()) text += "; ";
    text += news->title;
  }
  return text;
}

struct Judged {
  std::string name;
  Status status = Status::kUnknown;
  std::vector<Finding> found;
};

std::string Headline(const Judged& one) {
  std::string text;
  if (one.status == Status::kOk) text = GoodNews(one.found);
  if (text.empty() && !one.found.empty()) text = one.found.front().title;
  return one.name + ": " + text;
}

std::string Headline(const std::vector<Judged>& all, Status worst,
                     std::size_t untested) {
  const auto first = std::ranges::find(all, worst, &Judged::status);
  if (untested > 0) {
    return std::to_string(untested) + " of " +
           std::to_string(all.size() + untested) + " targets were not tested" +
           (worst > Status::kUnknown ? "; " + Headline(*first) : "");
  }
  if (all.size() == 1) return Headline(*first);
  const auto count = std::ranges::count(all, worst, &Judged::status);
  return std::to_string(count) + " of " + std::to_string(all.size()) +
         " targets " + std::string(Name(worst)) +
         (worst == Status::kOk ? "" : "; " + Headline(*first));
}

std::string LongLine(const Judged& one, const Finding& finding) {
  std::string text =
      "[" + probe::smtp::UpperCase(Name(finding.level)) + "] " + one.name;
  for (const std::string* const part : {&finding.mx, &finding.address}) {
    if (!part->empty()) text += " " + *part;
  }
  text += ": " + finding.title + ".";
  if (!finding.advice.empty()) text += " " + finding.advice;
  return Plain(text, kMaxPluginOutput) + "\n";
}

}  // namespace

Status WorstOf(std::span<const TargetRow> targets, std::size_t untested) {
  Status worst = untested > 0 ? Status::kUnknown : Status::kOk;
  for (const TargetRow& target : targets) {
    worst = std::max(worst, Summarize(target).status);
  }
  return worst;
}

int ExitCode(Status status) {
  switch (status) {
    case Status::kOk:
      return 0;
    case Status::kWarning:
      return 1;
    case Status::kCritical:
      return 2;
    case Status::kUnknown:
      return 3;
  }
  return 3;
}

std::string NagiosReport(std::span<const TargetRow> targets,
                         std::size_t untested) {
  std::vector<Judged> all;
  std::string performance;
  for (const TargetRow& target : targets) {
    const std::string& name = target.target().name;
    all.push_back({name, Summarize(target).status, FindingsOf(target)});
    const bool several = targets.size() + untested > 1;
    performance += Performance(target, several ? name + " " : std::string());
  }
  const Status worst = WorstOf(targets, untested);
  std::string out = "SMTP " + std::string(Word(worst)) + " - " +
                    Plain(Headline(all, worst, untested), kMaxHeadline);
  // Half of an item would be none; so many targets need another form anyway.
  if (out.size() + performance.size() + 3 > kMaxPluginOutput) {
    performance.clear();
  }
  if (!performance.empty()) out += " |" + performance;
  out += '\n';
  for (const Judged& one : all) {
    for (const Finding& finding : one.found) {
      const std::string line = LongLine(one, finding);
      if (out.size() + line.size() > kMaxPluginOutput) return out;
      out += line;
    }
  }
  return out;
}

}  // namespace exporter::check
