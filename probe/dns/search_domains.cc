#include "probe/dns/search_domains.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace probe::dns {
namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";

// Takes the next word off `line`; "" at its end.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

std::vector<std::string> Domains(std::string_view line) {
  std::vector<std::string> domains;
  for (std::string_view word = TakeWord(line); !word.empty();
       word = TakeWord(line)) {
    while (word.starts_with('.')) word.remove_prefix(1);
    while (word.ends_with('.')) word.remove_suffix(1);
    // The root ("search .") adds nothing to a name.
    if (!word.empty()) domains.emplace_back(word);
  }
  return domains;
}

}  // namespace

std::vector<std::string> SearchDomains(
    const std::optional<std::string>& local_domain,
    std::string_view resolv_conf, std::string_view host_name) {
  if (local_domain) return Domains(*local_domain);
  std::optional<std::vector<std::string>> listed;
  while (!resolv_conf.empty()) {
    std::string_view line = resolv_conf.substr(0, resolv_conf.find('\n'));
    resolv_conf.remove_prefix(std::min(line.size() + 1, resolv_conf.size()));
    const std::string_view keyword = TakeWord(line);
    if (keyword != "search" && keyword != "domain") continue;
    listed = Domains(line);
    if (keyword == "domain" && listed->size() > 1) listed->resize(1);
  }
  if (listed) return *listed;
  const std::size_t dot = host_name.find('.');
  if (dot == std::string_view::npos) return {};
  return Domains(host_name.substr(dot));
}

std::vector<std::string> HostSearchDomains() {
  std::optional<std::string> local_domain;
  if (const char* set = std::getenv("LOCALDOMAIN")) local_domain = set;
  std::ifstream file("/etc/resolv.conf", std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  std::array<char, 256> host_name{};
  // The last byte stays 0, whatever a name that is too long does.
  if (gethostname(host_name.data(), host_name.size() - 1) != 0) {
    host_name[0] = '\0';
  }
  return SearchDomains(local_domain, text, host_name.data());
}

}  // namespace probe::dns
