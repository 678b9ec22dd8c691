#include "tests/support/mailsim/scenario_reader.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "tests/support/mailsim/player.h"
#include "tests/support/mailsim/yaml_fields.h"

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
    if (word == "reset") return Reset{};
    if (word == "never") return Never{};
    field.Fail("unknown step \"" + word + "\"; known: close, reset, never");
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
  } else if (auto send = ReadSend(fields)) {
    step = *std::move(send);
  }
  fields.Done();
  if (!step) field.Fail("empty step");
  return *std::move(step);
}

Script ReadScript(const Field& field) {
  Script script;
  for (const Field& step : field.List()) script.push_back(ReadStep(step));
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
                   const std::string& server_name) {
  Fields fields(entry);
  Behaviour behaviour;
  if (const auto count = fields.Take("connections")) {
    behaviour.connections = count->Number(1, kForever - 1);
  }
  if (!scripted) {
    behaviour.play = ReadProfile(fields, server_name);
    return behaviour;
  }
  behaviour.play = ReadScript(fields.Need("script"));
  fields.Done();
  return behaviour;
}

std::vector<Behaviour> ReadBehaviours(const Field& entry, Fields& fields,
                                      const std::string& name) {
  std::vector<Behaviour> behaviours;
  int ways = 0;
  if (const auto script = fields.Take("script")) {
    ++ways;
    behaviours.push_back({1, ReadScript(*script)});
  }
  if (const auto profile = fields.Take("profile")) {
    ++ways;
    Fields keys(*profile);
    behaviours.push_back({1, ReadProfile(keys, name)});
  }
  for (const bool scripted : {false, true}) {
    const auto turns = fields.Take(scripted ? "scripts" : "profiles");
    if (!turns) continue;
    ++ways;
    for (const Field& turn : turns->List()) {
      behaviours.push_back(ReadTurn(turn, scripted, name));
    }
    if (behaviours.empty()) turns->Fail("empty");
  }
  if (ways != 1) {
    entry.Fail("needs one of script, scripts, profile, profiles, refused");
  }
  return behaviours;
}

// "127.0.0.1:0" or "[::1]:2525".
void ReadListen(const Field& field, Server& server) {
  const std::string text = field.Text();
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  server.ip6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (server.ip6) host = host.substr(1, host.size() - 2);
  in6_addr parsed{};
  if (colon == std::string::npos ||
      inet_pton(server.ip6 ? AF_INET6 : AF_INET, host.c_str(), &parsed) != 1) {
    field.Fail("\"" + text + "\" is not like 127.0.0.1:2525 or [::1]:2525");
  }
  server.address = host;
  const char* const end = text.data() + text.size();
  const auto [stop, error] =
      std::from_chars(text.data() + colon + 1, end, server.port);
  if (error != std::errc() || stop != end) {
    field.Fail("\"" + text.substr(colon + 1) +
               "\" is not a port from 0 to 65535");
  }
}

std::string AddressPlus(const std::string& address, std::uint32_t offset) {
  in_addr ip{};
  inet_pton(AF_INET, address.c_str(), &ip);
  ip.s_addr = htonl(ntohl(ip.s_addr) + offset);
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &ip, text, sizeof text);
}

struct Spread {
  std::uint64_t count = 1;
  bool by_address = false;
};

Spread ReadSpread(Fields& fields, const Server& first) {
  Spread spread;
  if (const auto by = fields.Take("spread")) {
    if (by->Text() != "address" && by->Text() != "port") {
      by->Fail("expected port or address");
    }
    spread.by_address = by->Text() == "address";
    if (spread.by_address && first.ip6) by->Fail("needs an IPv4 address");
  }
  if (const auto count = fields.Take("count")) {
    spread.count = count->Number(1, kMaxServers);
    if (!spread.by_address && first.port != 0 &&
        first.port + spread.count - 1 > 65535) {
      count->Fail("runs out of ports");
    }
  }
  return spread;
}

void ReadServer(const Field& entry, Scenario& scenario) {
  Fields fields(entry);
  Server first;
  first.name = fields.Need("name").Text();
  ReadListen(fields.Need("listen"), first);
  const Spread spread = ReadSpread(fields, first);
  std::vector<Behaviour> behaviours;
  const auto refused = fields.Take("refused");
  first.refused = refused && refused->Flag();
  if (!first.refused) behaviours = ReadBehaviours(entry, fields, first.name);
  fields.Done();
  if (scenario.servers.size() + spread.count > kMaxServers) {
    entry.Fail("more than " + std::to_string(kMaxServers) + " servers");
  }
  first.behaviours =
      std::make_shared<const std::vector<Behaviour>>(std::move(behaviours));
  for (std::uint64_t i = 0; i < spread.count; ++i) {
    Server server = first;
    server.index = i;
    if (spread.count > 1) server.name += "-" + std::to_string(i + 1);
    if (spread.by_address) {
      server.address =
          AddressPlus(first.address, static_cast<std::uint32_t>(i));
      server.same_port_as_previous = i > 0 && first.port == 0;
    } else if (first.port != 0) {
      server.port = static_cast<std::uint16_t>(first.port + i);
    }
    scenario.servers.push_back(std::move(server));
  }
}

std::string Located(const std::string& name, const YAML::Mark& mark,
                    const std::string& message) {
  // yaml-cpp counts from 0, editors from 1.
  return name + ":" + std::to_string(std::max(mark.line, 0) + 1) + ":" +
         std::to_string(std::max(mark.column, 0) + 1) + ": " + message;
}

}  // namespace

std::expected<Scenario, std::string> ParseScenario(std::string_view text,
                                                   const std::string& name) {
  try {
    Fields fields({YAML::Load(std::string(text)), ""});
    Scenario scenario;
    for (const Field& entry : fields.Need("servers").List()) {
      ReadServer(entry, scenario);
    }
    fields.Done();
    return scenario;
  } catch (const ScenarioError& error) {
    return std::unexpected(Located(name, error.mark, error.what()));
  } catch (const YAML::Exception& error) {
    return std::unexpected(Located(name, error.mark, error.msg));
  }
}

std::expected<Scenario, std::string> LoadScenario(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(path + ": cannot be opened");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad()) return std::unexpected(path + ": cannot be read");
  return ParseScenario(text, path);
}

}  // namespace mailsim
