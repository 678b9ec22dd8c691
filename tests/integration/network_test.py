#!/usr/bin/env python3
"""Mail servers on port 25 and DNS on port 53, over a wire, with and without
IPv6."""

import unittest

import netns
from harness import Prober, config
from mail_network import BLOCK, IP6_BLOCK, NEAR_IP4, RESOLVER, MailNetwork
from mail_site import quirks, verdicts

setUpModule = netns.require

UNREACHABLE = ("connect", "unreachable")
NO_ADDRESS = ("resolve", "no_address")
DNS = {"servers": [RESOLVER], "timeout": "1s"}  # On port 53.


def ip4(number):
    return f"{BLOCK}{number}"


def ip6(number):
    return f"{IP6_BLOCK}{number}"


class NetworkTest(unittest.TestCase):
    def until(self, prober, wanted):
        """The first page with these series, {target: verdicts}."""
        def found(page):
            return all(verdicts(page, target=target) == places
                       for target, places in wanted.items())
        try:
            return prober.scrape_until(found, wanted)
        except AssertionError:
            page = prober.scrape()
            for target, places in wanted.items():
                self.assertEqual(verdicts(page, target=target), places,
                                 target)
            raise

    def test_both_families(self):
        with MailNetwork(), Prober(config(
                "mx11.example", {"domain": "example"}, ip4(12),
                f"[{ip6(12)}]:25", dns=DNS)) as prober:
            page = self.until(prober, {
                "mx11.example:25": {("", ip4(11)): None, ("", ip6(11)): None},
                # Public addresses need no permission.
                "example:25": {
                    (f"mx{number}.example", address(number)): None
                    for number in (11, 12) for address in (ip4, ip6)},
                f"{ip4(12)}:25": {("", ip4(12)): None},
                f"[{ip6(12)}]:25": {("", ip6(12)): None},
            })
            self.assertEqual(quirks(page), set())
            # The host and the domain share what they have in common.
            self.assertEqual(page.value("smtp_prober_endpoints"), 6)
            self.assertEqual(page.value("smtp_prober_targets"), 4)

    def test_a_crowd_of_one_family_hides_no_other(self):
        with MailNetwork(), Prober(config(
                {"host": "crowd.example", "timeouts": {"connect": "300ms"}},
                dns=DNS)) as prober:
            # Nobody has those addresses.
            page = prober.scrape_until(
                lambda page: len(page.all("smtp_reachable")) == 20,
                "20 addresses")
            found = verdicts(page)
            self.assertIsNone(found.pop(("", ip4(11))))
            self.assertEqual(set(found), {("", f"{IP6_BLOCK}1{number:02}")
                                          for number in range(19)})
            self.assertEqual(quirks(page), {"too_many_addresses"})

    def test_a_host_without_ip6(self):
        network = MailNetwork(near=[NEAR_IP4])
        only6 = {"host": "mx12.example", "ip_protocol": "ip6"}
        with network, Prober(config(
                "mx11.example", "six.example", {"domain": "example"}, only6,
                f"[{ip6(13)}]:25", dns=DNS)) as prober:
            # Absent, not down, unless somebody insists.
            by_ip4 = {
                "mx11.example:25": {("", ip4(11)): None},
                "example:25": {(f"mx{number}.example", ip4(number)): None
                               for number in (11, 12)},
                "six.example:25": {("", ""): NO_ADDRESS},
                "mx12.example:25": {("", ip6(12)): UNREACHABLE},
                f"[{ip6(13)}]:25": {("", ip6(13)): UNREACHABLE},
            }
            page = self.until(prober, by_ip4)
            self.assertNotIn(f'"{ip6(11)}"', page.text)

            # IPv6 comes to the house.
            netns.ip(f"addr add {ip6(1)}/64 dev cable nodad")
            self.until(prober, {
                "mx11.example:25": {("", ip4(11)): None, ("", ip6(11)): None},
                "example:25": {
                    (f"mx{number}.example", address(number)): None
                    for number in (11, 12) for address in (ip4, ip6)},
                "six.example:25": {("", ip6(11)): None},
                "mx12.example:25": {("", ip6(12)): None},
                f"[{ip6(13)}]:25": {("", ip6(13)): None},
            })
            # And goes.
            netns.ip(f"addr del {ip6(1)}/64 dev cable")
            self.until(prober, by_ip4 | {
                "six.example:25": {("", ""): NO_ADDRESS}})


if __name__ == "__main__":
    unittest.main()
