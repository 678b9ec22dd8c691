#!/usr/bin/env python3
"""Without `dns.servers`: the hosts file and /etc/resolv.conf of this host, of
which others know nothing, and which change."""

import unittest

import netns
import own_etc
from harness import Prober, config
from mail_network import BLOCK, IP6_BLOCK, RESOLVER, MailNetwork
from mail_site import verdicts
from own_etc import Etc

RESOLV_CONF = f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n"


def setUpModule():
    netns.require()
    own_etc.require()


class OwnHostTest(unittest.TestCase):
    def test_the_hosts_file_of_the_mail_host_itself(self):
        # As Debian writes it.
        hosts = "127.0.0.1 localhost\n127.0.1.1 mx11.example mx11\n"
        submission = {"host": "mx11.example", "port": 1,
                      "tls": {"mode": "none"}}
        with MailNetwork(), \
                Etc({"hosts": hosts, "resolv.conf": RESOLV_CONF}) as etc, \
                Prober(config({"domain": "example"}, submission),
                       within=etc.command) as prober:
            # What is written down as a host is where this host finds it;
            # where nobody listens. Senders know of DNS alone.
            wanted = {("mx11.example", f"{BLOCK}11"): None,
                      ("mx11.example", f"{IP6_BLOCK}11"): None,
                      ("mx12.example", f"{BLOCK}12"): None,
                      ("mx12.example", f"{IP6_BLOCK}12"): None}
            prober.scrape_until(
                lambda page: verdicts(page, target="example:25") == wanted and
                ("", "127.0.1.1") in verdicts(page, target="mx11.example:1"),
                wanted)
            page = prober.scrape_until(
                lambda page: page.value("smtp_dns_success", record="ptr",
                                        address=f"{BLOCK}11") == 1,
                "the reverse name")
            self.assertEqual(
                page.value("smtp_reverse_dns_match", address=f"{BLOCK}11"), 1)

    def changes(self, prober):
        return prober.run.errors().count("DNS configuration of this host")

    def test_a_network_that_comes_after_the_start(self):
        found = {("", f"{BLOCK}11"): None, ("", f"{IP6_BLOCK}11"): None}
        with MailNetwork(), Etc({"resolv.conf": ""}) as etc, \
                Prober(config("mx11", "mx11.example", dns={"timeout": "300ms",
                                                           "tries": 1}),
                       within=etc.command) as prober:
            def until(name, wanted, what):
                prober.scrape_until(
                    lambda page: verdicts(page, target=f"{name}:25") == wanted,
                    what)

            def until_changed(times):
                prober.until(lambda: self.changes(prober) >= times,
                             f"{times} changes")
                self.assertEqual(self.changes(prober), times)

            nothing = {("", ""): ("resolve", "dns_failure")}
            until("mx11.example", nothing, "no resolver")
            self.assertEqual(self.changes(prober), 0)

            # As DHCP does; it knows no search domain.
            etc.replace("resolv.conf", RESOLV_CONF)
            until_changed(1)
            until("mx11.example", found, "the resolver")
            until("mx11", {("", ""): ("resolve", "dns_failure")}, "no domain")

            # As systemd-resolved does.
            etc.replace("stub", RESOLV_CONF + "search example\n")
            etc.link("resolv.conf", "stub")
            until_changed(2)
            until("mx11", found, "the search domain")

            # A resolver that is not there any more; the name is still known.
            etc.replace("stub", f"nameserver {BLOCK}99\n")
            until_changed(3)
            prober.scrape_until(
                lambda page: page.value("smtp_dns_success", record="a",
                                        target="mx11.example:25") == 0,
                "the resolver is gone")
            etc.write("stub", RESOLV_CONF + "search example\n")
            until_changed(4)
            prober.scrape_until(
                lambda page: page.value("smtp_dns_success", record="a",
                                        target="mx11.example:25") == 1,
                "the resolver is back")
            until("mx11.example", found, "all is well")

    def test_own_resolvers_do_not_mind(self):
        with MailNetwork(), Etc({"resolv.conf": ""}) as etc, \
                Prober(config("mx11.example", dns={"servers": [RESOLVER]}),
                       within=etc.command) as prober:
            etc.replace("resolv.conf", f"nameserver {BLOCK}99\n")
            # More than the time in which it would be seen.
            prober.probed(10, address=f"{BLOCK}11")
            self.assertEqual(self.changes(prober), 0)


if __name__ == "__main__":
    unittest.main()
