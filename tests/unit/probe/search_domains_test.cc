#include "probe/dns/search_domains.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace probe::dns {
namespace {

using Domains = std::vector<std::string>;

TEST_CASE("search domains come from where resolv.conf(5) says") {
  struct Case {
    const char* title;
    std::optional<std::string> local_domain;
    const char* resolv_conf;
    const char* host_name;
    Domains want;
  };
  const Case cases[] = {
      {"the file",
       {},
       "nameserver 192.0.2.53\nsearch a.test b.test\n",
       "host.c.test",
       {"a.test", "b.test"}},
      {"without line end", {}, "search a.test", "", {"a.test"}},
      {"blanks of all kinds",
       {},
       "  search\t a.test \t b.test \r\n",
       "",
       {"a.test", "b.test"}},
      {"the last line wins",
       {},
       "search a.test\ndomain b.test\n",
       "",
       {"b.test"}},
      {"a domain is one", {}, "domain a.test b.test\n", "", {"a.test"}},
      {"comments and other words",
       {},
       "#search a.test\n; search b.test\nsearching c.test\noptions ndots:5\n",
       "",
       {}},
      {"dots around",
       {},
       "search a.test. .b.test . ..\n",
       "",
       {"a.test", "b.test"}},
      {"an empty list is one", {}, "search\n", "host.c.test", {}},
      {"the root alone", {}, "search .\n", "host.c.test", {}},
      {"the host's own domain", {}, "", "host.c.test", {"c.test"}},
      {"a host without domain", {}, "", "host", {}},
      {"the environment first",
       "d.test e.test",
       "search a.test\n",
       "host.c.test",
       {"d.test", "e.test"}},
      {"an empty environment", "", "search a.test\n", "host.c.test", {}},
  };
  for (const Case& test : cases) {
    INFO(test.title);
    CHECK(SearchDomains(test.local_domain, test.resolv_conf, test.host_name) ==
          test.want);
  }
}

TEST_CASE("the environment of this process is asked") {
  setenv("LOCALDOMAIN", "d.test", /*overwrite=*/1);
  CHECK(HostSearchDomains() == Domains{"d.test"});
  // Whatever this machine has, it can be read.
  unsetenv("LOCALDOMAIN");
  for (const std::string& domain : HostSearchDomains()) {
    CHECK_FALSE(domain.empty());
  }
}

}  // namespace
}  // namespace probe::dns
