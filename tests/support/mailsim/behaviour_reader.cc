#include "tests/support/mailsim/behaviour_reader.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "tests/support/mailsim/player.h"
#include "tests/support/mailsim/tls_reader.h"

namespace mailsim {
namespace {

std::string Lines(const Field& field) {
  std::string bytes;
  for (const std::string& line : field.Texts()) bytes += line + "\r\n";
  if (bytes.empty()) field.Fail("nothing to send");
  return bytes;
}

std::uint64_t NumberOrForever(const Field& field) {
  if (field.node.IsScalar() && field.Text() == "forever") return kForever;
  return field.Number(1, kForever - 1);
}

Split ReadSplit(Fields& fields, const Field& size) {
  Split split;
  split.bytes = size.Number(0, 1 << 20);
  if (const auto delay = fields.Take("split_delay"))
    split.delay = delay->Time();
  return split;
}

Random ReadRandom(const Field& field) {
  Fields fields(field);
  Random random;
  random.bytes = NumberOrForever(fields.Need("bytes"));
  if (const auto seed = fields.Take("seed")) {
    random.seed = seed->Number(0, kForever);
  }
  fields.Done();
  return random;
}

StartTls ReadStartTls(const Field& field) {
  Fields fields(field);
  StartTls step;
  step.cut = fields.Need("cut").Number(0, 1 << 20);
  fields.Done();
  return step;
}

std::string Base64(const Field& field) {
  const std::vector<unsigned char> bytes = YAML::DecodeBase64(field.Text());
  if (bytes.empty()) field.Fail("not base64, or nothing to send");
  return std::string(bytes.begin(), bytes.end());
}

// "send", "send_raw" or "send_base64", with an optional "repeat".
std::optional<Send> ReadSend(Fields& fields) {
  Send send;
  if (const auto lines = fields.Take("send")) {
    send.bytes = Lines(*lines);
  } else if (const auto raw = fields.Take("send_raw")) {
    send.bytes = raw->Text();
    if (send.bytes.empty()) raw->Fail("nothing to send");
  } else if (const auto base64 = fields.Take("send_base64")) {
    send.bytes = Base64(*base64);
  } else {
    return std::nullopt;
  }
  if (const auto times = fields.Take("repeat")) {
    send.times = NumberOrForever(*times);
  }
  return send;
}

// A command that a profile can misbehave at, or that a script waits for.
std::string ReadCommand(const Field& field, const std::string& word) {
  if (word.empty() || word.find_first_of(" \t\r\n") != std::string::npos) {
    field.Fail("\"" + word + "\" is not a command");
  }
  return CommandOf(word);
}

Step ReadStep(const Field& field) {
  if (field.node.IsScalar()) {
    const std::string word = field.Text();
    if (word == "close") return Close{};
    if (word == "drop") return Close{.abrupt = true};
    if (word == "reset") return Reset{};
    if (word == "never") return Never{};
    if (word == "starttls") return StartTls{};
    field.Fail("unknown step \"" + word +
               "\"; known: close, drop, reset, never, starttls");
  }
  Fields fields(field);
  std::optional<Step> step;
  if (const auto word = fields.Take("expect")) {
    step = Expect{ReadCommand(*word, word->Text())};
  } else if (const auto time = fields.Take("delay")) {
    step = Delay{time->Time()};
  } else if (const auto size = fields.Take("split")) {
    step = ReadSplit(fields, *size);
  } else if (const auto random = fields.Take("random")) {
    step = ReadRandom(*random);
  } else if (const auto faults = fields.Take("starttls")) {
    step = ReadStartTls(*faults);
  } else if (auto send = ReadSend(fields)) {
    step = *std::move(send);
  }
  fields.Done();
  if (!step) field.Fail("empty step");
  return *std::move(step);
}

Script ReadScript(const Field& field, const std::optional<Tls>& tls) {
  Script script;
  bool has_tls = tls && tls->implicit;
  for (const Field& step : field.List()) {
    script.push_back(ReadStep(step));
    if (!std::holds_alternative<StartTls>(script.back())) continue;
    if (!tls) step.Fail("the server has no \"tls\"");
    if (has_tls) step.Fail("TLS inside TLS");
    has_tls = true;
  }
  return script;
}

void ReadFaults(Fields& fields, Profile& profile) {
  constexpr std::pair<const char*, Fault> kFaults[] = {
      {"drop", Fault::kDrop},
      {"reset", Fault::kReset},
      {"closing", Fault::kClosing},
      {"soft_reject", Fault::kSoftReject},
      {"hard_reject", Fault::kHardReject},
      {"silent", Fault::kSilent},
  };
  for (const auto& [key, fault] : kFaults) {
    const auto commands = fields.Take(key);
    if (!commands) continue;
    for (const std::string& text : commands->Texts()) {
      const std::string word = ReadCommand(*commands, text);
      if (!profile.faults.emplace(word, fault).second) {
        commands->Fail(word + " has two faults");
      }
    }
  }
}

void ReadDelays(Fields& fields, Profile& profile) {
  if (const auto time = fields.Take("greeting_delay")) {
    profile.delays["CONNECT"] = time->Time();
  }
  const auto delays = fields.Take("delay");
  if (!delays) return;
  for (const auto& [command, time] : Fields(*delays).TakeRest()) {
    const std::string word = ReadCommand(time, command);
    if (!profile.delays.emplace(word, time.Time()).second) {
      time.Fail(word + " has two delays");
    }
  }
}

void ReadReplies(Fields& fields, Profile& profile) {
  const auto replies = fields.Take("replies");
  if (!replies) return;
  for (const auto& [command, lines] : Fields(*replies).TakeRest()) {
    const std::string word = ReadCommand(lines, command);
    if (!profile.replies.emplace(word, Lines(lines)).second) {
      lines.Fail(word + " has two replies");
    }
  }
}

void ReadGreeting(Fields& fields, Profile& profile) {
  profile.banner = profile.hostname + (profile.lmtp ? " LMTP" : " ESMTP");
  if (const auto pix = fields.Take("pix"); pix && pix->Flag()) {
    // What a Cisco PIX leaves of a greeting; it masks EHLO as well, like
    // smtp-sink -P.
    profile.banner = std::string(40, '*');
    profile.esmtp = false;
  }
  if (const auto text = fields.Take("banner")) profile.banner = text->Text();
  if (const auto code = fields.Take("greeting_code")) {
    profile.greeting_code = static_cast<unsigned>(code->Number(100, 999));
  }
  if (const auto line = fields.Take("teaser")) profile.teaser = line->Text();
}

// Takes the keys of a profile from a mapping that may have others.
Profile ReadProfile(Fields& fields, const std::string& server_name) {
  Profile profile;
  const auto hostname = fields.Take("hostname");
  profile.hostname = hostname ? hostname->Text() : server_name + ".example";
  if (const auto lmtp = fields.Take("lmtp")) profile.lmtp = lmtp->Flag();
  ReadGreeting(fields, profile);
  if (const auto esmtp = fields.Take("esmtp")) profile.esmtp = esmtp->Flag();
  if (const auto list = fields.Take("capabilities")) {
    profile.capabilities = list->Texts();
  }
  if (const auto list = fields.Take("capabilities_tls")) {
    profile.capabilities_tls = list->Texts();
  }
  if (const auto code = fields.Take("ehlo_code")) {
    profile.ehlo_code = static_cast<unsigned>(code->Number(100, 999));
  }
  if (const auto size = fields.Take("split")) {
    profile.split = ReadSplit(fields, *size);
  }
  ReadFaults(fields, profile);
  ReadDelays(fields, profile);
  ReadReplies(fields, profile);
  fields.Done();
  return profile;
}

// One entry of `profiles:` or `scripts:`.
Behaviour ReadTurn(const Field& entry, bool scripted,
                   const std::string& server_name,
                   const std::optional<Tls>& server_tls) {
  Fields fields(entry);
  Behaviour behaviour;
  if (const auto count = fields.Take("connections")) {
    behaviour.connections = count->Number(1, kForever - 1);
  }
  const auto own_tls = fields.Take("tls");
  behaviour.tls = own_tls ? ReadTls(*own_tls) : server_tls;
  if (!scripted) {
    behaviour.play = ReadProfile(fields, server_name);
    return behaviour;
  }
  behaviour.play = ReadScript(fields.Need("script"), behaviour.tls);
  fields.Done();
  return behaviour;
}

}  // namespace

std::vector<Behaviour> ReadBehaviours(const Field& entry, Fields& fields,
                                      const std::string& name) {
  std::vector<Behaviour> behaviours;
  std::optional<Tls> tls;
  if (const auto keys = fields.Take("tls")) tls = ReadTls(*keys);
  int ways = 0;
  if (const auto script = fields.Take("script")) {
    ++ways;
    behaviours.push_back({1, ReadScript(*script, tls), tls});
  }
  if (const auto profile = fields.Take("profile")) {
    ++ways;
    Fields keys(*profile);
    behaviours.push_back({1, ReadProfile(keys, name), tls});
  }
  for (const bool scripted : {false, true}) {
    const auto turns = fields.Take(scripted ? "scripts" : "profiles");
    if (!turns) continue;
    ++ways;
    for (const Field& turn : turns->List()) {
      behaviours.push_back(ReadTurn(turn, scripted, name, tls));
    }
    if (behaviours.empty()) turns->Fail("empty");
  }
  if (ways != 1) {
    entry.Fail("needs one of script, scripts, profile, profiles, refused");
  }
  return behaviours;
}

}  // namespace mailsim
