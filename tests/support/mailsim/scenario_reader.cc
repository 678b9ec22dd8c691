#include "tests/support/mailsim/scenario_reader.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

#include "tests/support/mailsim/behaviour_reader.h"
#include "tests/support/mailsim/yaml_fields.h"

namespace mailsim {
namespace {

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
