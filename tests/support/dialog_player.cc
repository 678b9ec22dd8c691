#include "tests/support/dialog_player.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "tests/support/dialog_driver.h"

namespace tests {
namespace {

using probe::smtp::Capabilities;
using Kind = DialogStep::Kind;

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text.empty() ? "none" : text;
}

std::string QuirkNames(const probe::smtp::Quirks& quirks) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < probe::smtp::kQuirkCount; ++i) {
    if (quirks.Has(static_cast<probe::smtp::Quirk>(i))) {
      names.emplace_back(probe::smtp::kQuirkNames[i]);
    }
  }
  return Joined(names);
}

const char* YesNo(bool value) { return value ? "yes" : "no"; }

std::string SizeText(const Capabilities& capabilities) {
  if (!capabilities.size) return "not listed";
  if (!capabilities.size_limit) return "unknown";
  if (std::isinf(*capabilities.size_limit)) return "unlimited";
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.0f", *capabilities.size_limit);
  return text.data();
}

void Deliver(DialogDriver& driver, std::string_view bytes, const Cut& cut,
             std::size_t step) {
  if (cut.kind == Cut::Kind::kBytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      driver.Bytes(bytes.substr(i, 1));
    }
  } else if (cut.kind == Cut::Kind::kOnce && cut.step == step) {
    driver.Bytes(bytes.substr(0, cut.position));
    driver.Bytes(bytes.substr(cut.position));
  } else {
    driver.Bytes(bytes);
  }
}

void Perform(DialogDriver& driver, const DialogStep& step, const Cut& cut,
             std::size_t index) {
  switch (step.kind) {
    case Kind::kServer:
      Deliver(driver, step.text, cut, index);
      break;
    case Kind::kEof:
      driver.Eof();
      break;
    case Kind::kError:
      driver.Error(step.reason, step.text);
      break;
    case Kind::kWait:
      driver.Advance(step.wait);
      break;
    case Kind::kShutdown:
      driver.Shutdown();
      break;
    case Kind::kTlsOpen:
      driver.TlsOpen(step.handshake);
      break;
    case Kind::kTlsError:
      driver.TlsError(step.tls_error);
      break;
    case Kind::kClient:
    case Kind::kClose:
      break;
  }
}

}  // namespace

Play PlayDialog(const DialogScript& script, const Cut& cut) {
  Play play;
  probe::Conversation conversation = TestConversation();
  conversation.tls = script.tls;
  DialogDriver driver(conversation);
  if (script.connects) {
    driver.Connect();
    driver.Take();  // TLS may begin here.
  }
  std::string said;  // What the client said and no step has named yet.
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    const DialogStep& step = script.steps[i];
    const auto problem = [&play, &step](const std::string& text) {
      play.problems.push_back("line " + std::to_string(step.line) + ": " +
                              text);
    };
    if (step.kind == Kind::kClient) {
      if (said != step.text) {
        problem("due: \"" + step.text + "\", said: \"" + said + "\"");
      }
      said.clear();
      continue;
    }
    if (!said.empty()) problem("before it came \"" + said + "\"");
    said.clear();
    if (driver.closed() != (step.kind == Kind::kClose)) {
      problem(driver.closed() ? "the client has closed already"
                              : "the client has not closed");
      break;
    }
    Perform(driver, step, cut, i);
    said = driver.Take();
  }
  play.result = driver.Finish();
  play.commands = driver.commands();
  play.problems.insert(play.problems.end(), driver.violations().begin(),
                       driver.violations().end());
  return play;
}

namespace {

void AppendCapabilities(std::string& text, std::string_view layer,
                        const Capabilities& seen) {
  const auto line = [&](std::string_view name, const std::string& value) {
    ((text += '\n') += layer) += name;
    (text += ": ") += value;
  };
  line("esmtp", YesNo(seen.esmtp));
  line("starttls", YesNo(seen.starttls));
  line("auth", YesNo(seen.auth));
  line("mechanisms", Joined(seen.auth_mechanisms));
  line("size", SizeText(seen));
  line("keywords", Joined(seen.keywords));
}

// Only what was observed, so that a dialogue without TLS says nothing of it.
void AppendTls(std::string& text, const probe::ProbeResult& result) {
  if (result.starttls_success) {
    text +=
        std::string("\nstarttls_success: ") + YesNo(*result.starttls_success);
  }
  if (result.plaintext_after_starttls) {
    text += std::string("\nplaintext_after_starttls: ") +
            YesNo(*result.plaintext_after_starttls);
  }
  if (result.handshake) {
    text += "\nhandshake: " + std::string(Name(result.handshake->version));
  }
  if (result.inside) AppendCapabilities(text, "inside ", *result.inside);
}

}  // namespace

std::string Conclusion(const probe::ProbeResult& result) {
  std::string text = "failure: ";
  if (result.failure) {
    text += probe::Name(result.failure->phase);
    text += ' ';
    text += probe::Name(result.failure->reason);
    text += "\ndetail: " + result.failure->detail;
  } else {
    text += "none";
  }
  text += std::string("\nreachable: ") + YesNo(result.reachable);
  text += std::string("\nquit_ok: ") + YesNo(result.quit_ok);
  probe::smtp::Quirks quirks = result.quirks;
  if (result.banner) {
    quirks.Add(result.banner->quirks);
    text += "\nbanner: " + std::to_string(result.banner->code) + " \"" +
            result.banner->hostname + '"';
  } else {
    text += "\nbanner: unknown";
  }
  if (result.clear) {
    quirks.Add(result.clear->quirks);
    AppendCapabilities(text, "", *result.clear);
  } else if (!result.inside) {
    text += "\ncapabilities: unknown";
  }
  if (result.inside) quirks.Add(result.inside->quirks);
  AppendTls(text, result);
  return text + "\nquirks: " + QuirkNames(quirks) + '\n';
}

std::string WholeText(const probe::ProbeResult& result) {
  std::string text = Conclusion(result);
  text += "duration: " + std::to_string(result.duration.count()) + '\n';
  for (std::size_t i = 0; i < probe::kPhaseCount; ++i) {
    if (!result.phase_durations[i]) continue;
    text += std::string(probe::Name(static_cast<probe::Phase>(i))) + ": " +
            std::to_string(result.phase_durations[i]->count()) + '\n';
  }
  if (result.banner) {
    text += "banner text: " + result.banner->text +
            "\nbanner quirks: " + QuirkNames(result.banner->quirks) + '\n';
  }
  if (result.clear) {
    text += "ehlo quirks: " + QuirkNames(result.clear->quirks) + '\n';
  }
  text += "other quirks: " + QuirkNames(result.quirks) + '\n';
  for (const probe::TranscriptLine& line : result.transcript) {
    text += "CSN"[static_cast<std::size_t>(line.speaker)];
    text += ' ' + std::to_string(line.at.count()) + ' ' + line.text + '\n';
  }
  return text;
}

}  // namespace tests
