#include "exporter/check/text_report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/check/paragraph.h"
#include "exporter/date_text.h"
#include "exporter/findings.h"
#include "exporter/findings/certificate_term.h"
#include "exporter/findings/quantity.h"
#include "probe/reverse_table.h"
#include "probe/smtp/ehlo.h"
#include "probe/smtp/text.h"

namespace exporter::check {
namespace {

using findings::SecondsText;
using findings::SizeText;
using findings::SpanText;
using metrics::Row;
using metrics::TargetRow;
using probe::TranscriptLine;
using probe::smtp::Capabilities;

// "  CRITICAL  ", and as wide for all levels.
constexpr std::size_t kLevelColumns = 12;
// "    before TLS   ", and as wide for all facts.
constexpr std::size_t kFactColumns = 17;

Color ColorOf(Level level) {
  switch (level) {
    case Level::kOk:
      return Color::kGreen;
    case Level::kInfo:
      return Color::kCyan;
    case Level::kWarning:
      return Color::kYellow;
    case Level::kCritical:
      return Color::kRed;
  }
  return Color::kNone;
}

Color ColorOf(Status status) {
  switch (status) {
    case Status::kOk:
      return Color::kGreen;
    case Status::kUnknown:
      return Color::kCyan;
    case Status::kWarning:
      return Color::kYellow;
    case Status::kCritical:
      return Color::kRed;
  }
  return Color::kNone;
}

std::string Joined(const std::vector<std::string>& words,
                   std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

// Appends the report, part by part.
class Writer {
 public:
  explicit Writer(const TextStyle& style) : style_(style) {}

  void Head(const TargetRow& target) {
    const Status status = Summarize(target).status;
    const probe::Target& asked = target.target();
    out_ += Colored(Foreign(asked.name), Color::kBold, style_.colors);
    out_ += " (" + std::string(asked.is_domain ? "domain, " : "") +
            asked.module + "): ";
    out_ += Colored(probe::smtp::UpperCase(Name(status)), ColorOf(status),
                    style_.colors);
    out_ += "\n\n";
  }

  void Add(const Finding& finding, bool tell_place) {
    std::string title = finding.title;
    if (tell_place && !(finding.mx.empty() && finding.address.empty())) {
      const bool both = !finding.mx.empty() && !finding.address.empty();
      title += " [" + finding.mx + (both ? " " : "") + finding.address + "]";
    }
    std::string head = probe::smtp::UpperCase(Name(finding.level));
    const std::string blanks(kLevelColumns - 2 - head.size(), ' ');
    head = "  " + Colored(head, ColorOf(finding.level), style_.colors) + blanks;
    AppendParagraph(out_, head, kLevelColumns, Foreign(title), style_.columns);
    if (finding.advice.empty()) return;
    AppendParagraph(out_, std::string(kLevelColumns, ' '), kLevelColumns,
                    Foreign(finding.advice), style_.columns);
  }

  void Add(const Row& row, const probe::ProbeResult& result) {
    Place(row);
    if (!row.certificate_only()) {
      Banner(row);
      Offer("before TLS", row.clear());
      Offer("inside TLS", row.inside());
    }
    Handshake(row);
    if (!row.certificate_only()) Reverse(row);
    Times(result);
    if (style_.verbose) Conversation(result);
  }

  std::string Take() { return std::move(out_); }

 private:
  static std::string FactHead(std::string_view name) {
    std::string head = "    " + std::string(name);
    head.resize(std::max(head.size() + 1, kFactColumns), ' ');
    return head;
  }

  void Fact(std::string_view name, std::string_view text) {
    AppendParagraph(out_, FactHead(name), kFactColumns, Foreign(text),
                    style_.columns);
  }

  void Place(const Row& row) {
    const probe::Endpoint& endpoint = *row.place().endpoint;
    std::string name = row.place().mx;
    if (!name.empty()) name += ' ';
    name += endpoint.address ? endpoint.address->ToString() : "no address";
    if (row.certificate_only()) {
      name += row.key_type() == probe::tls::KeyType::kRsa
                  ? ", asked for its RSA certificate"
                  : ", asked for its ECDSA certificate";
    }
    out_ += "\n  " + Colored(Foreign(name), Color::kBold, style_.colors) + "\n";
  }

  void Banner(const Row& row) {
    if (row.banner() == nullptr) return;
    std::string_view rest = row.banner()->text;
    std::string_view name = "greeting";
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      Fact(name, line);
      name = "";
    }
  }

  void Offer(std::string_view name, const Capabilities* offer) {
    if (offer == nullptr) return;
    if (!offer->esmtp) return Fact(name, "only HELO, no extensions");
    std::vector<std::string> words;
    for (const std::string& keyword : offer->keywords) {
      std::string& word = words.emplace_back(keyword);
      if (keyword == "SIZE" && offer->size_limit) {
        word += *offer->size_limit == std::numeric_limits<double>::infinity()
                    ? " (no limit)"
                    : " (" + SizeText(*offer->size_limit) + ")";
      } else if (keyword == "AUTH" && !offer->auth_mechanisms.empty()) {
        word += " (" + Joined(offer->auth_mechanisms, " ") + ")";
      }
    }
    Fact(name, words.empty() ? "no extensions" : Joined(words, ", "));
  }

  void Handshake(const Row& row) {
    const probe::tls::Handshake* const handshake = row.handshake();
    if (handshake == nullptr) return;
    std::string text =
        std::string(Name(handshake->version)) + ", " + handshake->cipher;
    if (!handshake->group.empty()) text += ", " + handshake->group;
    Fact("TLS", text);
    if (!handshake->certificate || !handshake->verdict) {
      return Fact("certificate", "none");
    }
    const probe::tls::Certificate& certificate = *handshake->certificate;
    Fact(
        "certificate",
        certificate.key + ", " +
            (certificate.subject.empty() ? "no subject" : certificate.subject));
    Fact("", "issued by " + certificate.issuer);
    std::string names = Joined(certificate.names, ", ");
    if (certificate.more_names > 0) {
      names += " and " + std::to_string(certificate.more_names) + " more";
    }
    Fact("", "for " + (names.empty() ? "no name" : names));
    const findings::CertificateTerm term = findings::TermOf(row, *handshake);
    const std::string left = term.left > std::chrono::seconds(0)
                                 ? "for another " + SpanText(term.left)
                                 : "expired " + SpanText(-term.left) + " ago";
    const std::string dates = "valid from " + DateText(certificate.not_before) +
                              " to " + DateText(certificate.not_after);
    Fact("", term.of_leaf ? dates + ", " + left : dates);
    if (!term.of_leaf) {
      Fact("", "depends on a certificate valid to " +
                   DateText(handshake->verdict->chain_not_after) + ", " + left);
    }
    const probe::tls::Verdict& verdict = *handshake->verdict;
    Fact("", verdict.trust_known ? "trust: " + std::string(verdict.reason) +
                                       " (" + std::to_string(verdict.code) + ")"
                                 : "trust: unknown, no roots here");
    Fact("sha256", certificate.fingerprint_sha256);
  }

  void Reverse(const Row& row) {
    const probe::Reverse* const reverse = row.place().reverse.get();
    if (reverse == nullptr || !reverse->names) return;
    Fact("reverse name",
         reverse->names->empty() ? "none" : Joined(*reverse->names, ", "));
  }

  void Times(const probe::ProbeResult& result) {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < probe::kPhaseCount; ++i) {
      const auto& spent = result.phase_durations[i];
      if (!spent) continue;
      words.push_back(std::string(Name(static_cast<probe::Phase>(i))) + " " +
                      SecondsText(*spent) + ",");
    }
    words.push_back("all " + SecondsText(result.duration));
    AppendWords(out_, FactHead("time"), kFactColumns, words, style_.columns);
  }

  void Conversation(const probe::ProbeResult& result) {
    if (result.transcript.empty()) return;
    out_ += "    conversation\n";
    for (const TranscriptLine& line : result.transcript) {
      std::array<char, 40> at{};
      std::snprintf(at.data(), at.size(), "    %9.3f ",
                    probe::Seconds(line.at));
      out_ += at.data();
      switch (line.speaker) {
        case TranscriptLine::Speaker::kClient:
          out_ += "C: ";
          break;
        case TranscriptLine::Speaker::kServer:
          out_ += "S: ";
          break;
        case TranscriptLine::Speaker::kNote:
          out_ += "-- ";
          break;
      }
      out_ += Foreign(line.text) + "\n";
    }
  }

  const TextStyle style_;
  std::string out_;
};

}  // namespace

std::string TextReport(const TargetRow& target, Results results,
                       const TextStyle& style) {
  Writer writer(style);
  writer.Head(target);
  for (const Finding& finding : FindingsOf(target)) {
    writer.Add(finding, results.size() > 1);
  }
  std::size_t next = 0;
  target.ForEachSeries([&](const Row& row) {
    if (next < results.size()) writer.Add(row, *results[next]);
    ++next;
  });
  return writer.Take();
}

}  // namespace exporter::check
