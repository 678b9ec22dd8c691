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


if __name__ == "__main__":
    unittest.main()
