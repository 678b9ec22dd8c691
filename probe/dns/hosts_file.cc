#include "probe/dns/hosts_file.h"

#include <algorithm>
#include <utility>

namespace probe::dns {
namespace {

// What isspace(3) says in the C locale, but the end of a line.
constexpr std::string_view kBlanks = " \t\r\v\f";
// "0.0.0.0 ads.example.com".
constexpr std::size_t kUsualLine = 24;

char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string Plain(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string plain(name);
  std::transform(plain.begin(), plain.end(), plain.begin(), LowerCase);
  return plain;
}

// Takes the first word off `line`; empty when there is none.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

void ParseLine(std::string_view line, Hosts& hosts) {
  line = line.substr(0, line.find('#'));
  const auto address = IpAddress::Parse(TakeWord(line));
  if (!address) return;
  while (true) {
    const std::string_view name = TakeWord(line);
    if (name.empty()) return;
    // The root is no host.
    if (name != ".") hosts[Plain(name)].push_back(*address);
  }
}

}  // namespace

Hosts ParseHosts(std::string_view text) {
  Hosts hosts;
  // Growing on the way takes a third longer. Not by the lines: they may be
  // empty.
  hosts.reserve(text.size() / kUsualLine);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    ParseLine(line, hosts);
  }
  for (auto& [name, addresses] : hosts) {
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()),
                    addresses.end());
  }
  return hosts;
}

HostsFile::HostsFile(std::string path)
    : file_(std::move(path), kMaxHostsFile) {}

std::vector<IpAddress> HostsFile::Find(std::string_view name,
                                       IpAddress::Family family, Time now) {
  if (!checked_ || now - *checked_ >= kHostsFileCheck) {
    checked_ = now;
    if (const auto text = file_.ReadIfChanged()) hosts_ = ParseHosts(*text);
  }
  std::vector<IpAddress> found;
  const auto known = hosts_.find(Plain(name));
  if (known == hosts_.end()) return found;
  for (const IpAddress& address : known->second) {
    if (address.family() == family) found.push_back(address);
  }
  return found;
}

}  // namespace probe::dns
