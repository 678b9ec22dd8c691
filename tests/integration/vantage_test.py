#!/usr/bin/env python3
"""smtp_prober_vantage_ok: whether the fault is where we are."""

import json
import unittest

import netns
from harness import Prober, config
from mail_network import (BLOCK, DROPPED, IP6_BLOCK, IP6_DROPPED, NEAR_IP4,
                          NUMBERS, RESOLVER, MailNetwork)
from mail_site import common, verdicts

setUpModule = netns.require

DNS = {"servers": [RESOLVER], "timeout": "300ms", "tries": 1}
TIMEOUTS = {"connect": "300ms"}
NAMES = [f"mx{number}.example" for number in NUMBERS]
HOSTS = [f"{BLOCK}{number}" for number in NUMBERS]
DROPPED_HOSTS = [f"{DROPPED}{number}" for number in NUMBERS]
IP6_DROPPED_HOSTS = [f"[{IP6_DROPPED}{number}]:25" for number in NUMBERS]


def checks(page):
    """{check: whether all is well}."""
    return {dict(key)["check"]: value for key, value
            in page.all("smtp_prober_vantage_ok").items()}


class VantageTest(unittest.TestCase):
    def config(self, *targets):
        return config(*targets, dns=DNS, timeouts=TIMEOUTS)

    def until(self, prober, series=1, **wanted):
        """The first page with so many series or more on which the checks are
        as `wanted`; None: unknown, which has no series."""
        return prober.scrape_until(
            lambda page: len(page.all("smtp_reachable")) >= series and
            {name: checks(page).get(name) for name in wanted} == wanted,
            wanted)

    def notices(self, prober):
        """What the web page says above all else."""
        return json.loads(prober.get("/api/v1/status").text)["notices"]

    def warnings(self, prober):
        return [line for line in prober.run.errors().splitlines()
                if "level=WARN" in line and "EHLO name" not in line]

    def test_all_is_well(self):
        with MailNetwork(), Prober(self.config(*NAMES)) as prober:
            self.until(prober, series=6, ipv4_route=1, ipv6_route=1,
                       resolver=1, outbound_25=1)
            self.assertEqual(self.warnings(prober), [])
            self.assertEqual(self.notices(prober), [])

    def test_port_25_is_blocked(self):
        submission = {"host": f"{BLOCK}11", "port": 587,
                      "tls": {"mode": "none"}}
        with MailNetwork(ports=(25, 587), dns=False) as network, \
                Prober(self.config(*DROPPED_HOSTS, submission)) as prober:
            page = self.until(prober, ipv4_route=1, outbound_25=0)
            self.assertEqual(
                set(verdicts(page, module="smtp").values()),
                {("connect", "timeout")})
            # Nothing is known of what nobody uses.
            self.assertNotIn("ipv6_route", checks(page))
            self.assertNotIn("resolver", checks(page))
            notice, = self.notices(prober)
            self.assertRegex(notice, r"No server .* on port 25: .* firewall")
            # Said once, however often it is seen.
            probes = page.value("smtp_probes_total",
                                address=f"{DROPPED}11")
            prober.probed(probes + 3, address=f"{DROPPED}11")
            warnings = [line for line in self.warnings(prober)
                        if "check=outbound_25" in line]
            self.assertEqual(len(warnings), 1, self.warnings(prober))

            # One of them refuses connections, so not all fail alike.
            with network.far.inside():
                netns.ip(f"addr add {DROPPED}12/32 dev lo")
            self.until(prober, ipv4_route=1, outbound_25=None)
            self.assertEqual(self.notices(prober), [])

    def test_one_that_answers_is_proof(self):
        with MailNetwork(dns=False), Prober(self.config(
                *DROPPED_HOSTS, f"{BLOCK}11")) as prober:
            self.until(prober, series=4, ipv4_route=1, outbound_25=1)

    def test_two_hosts_that_are_down_are_no_proof(self):
        with MailNetwork(dns=False), \
                Prober(self.config(*DROPPED_HOSTS[:2])) as prober:
            prober.probed(times=3)
            # Silence does not even tell that there is a route.
            self.assertEqual(checks(prober.scrape()), {})

    def test_no_way_out(self):
        literals = [*HOSTS, f"[{IP6_BLOCK}11]:25"]
        with MailNetwork(dns=False), \
                Prober(self.config(*literals)) as prober:
            self.until(prober, ipv4_route=1, ipv6_route=1, outbound_25=1)
            netns.ip(f"route del {BLOCK}0/24")
            page = self.until(prober, ipv4_route=0, ipv6_route=1,
                              outbound_25=1)
            self.assertEqual(
                verdicts(page, address=f"{BLOCK}11"),
                {("", f"{BLOCK}11"): ("connect", "unreachable")})
            netns.ip(f"route add {BLOCK}0/24 dev cable")
            self.until(prober, ipv4_route=1, ipv6_route=1, outbound_25=1)

    def test_a_family_that_is_swallowed(self):
        with MailNetwork(dns=False) as network, \
                Prober(self.config(HOSTS[0], *IP6_DROPPED_HOSTS)) as prober:
            page = self.until(prober, ipv4_route=1, ipv6_route=0,
                              outbound_25=1)
            self.assertEqual(
                verdicts(page, address=f"{IP6_DROPPED}11"),
                {("", f"{IP6_DROPPED}11"): ("connect", "timeout")})
            # An answer from beyond, if only a refusal, is a route.
            with network.far.inside():
                netns.ip(f"addr add {IP6_DROPPED}12/128 dev lo")
            self.until(prober, ipv4_route=1, ipv6_route=1, outbound_25=1)

    def test_a_host_without_ip6(self):
        with MailNetwork(near=[NEAR_IP4]), \
                Prober(self.config(*NAMES)) as prober:
            page = self.until(prober, series=3, ipv4_route=1, ipv6_route=0,
                              resolver=1, outbound_25=1)
            self.assertEqual(common(page, "smtp_reachable"), 1)
            self.assertIn("check=ipv6_route", self.warnings(prober)[0])

    def test_the_resolver_is_gone(self):
        with MailNetwork() as network:
            network.dns.resolver.stop()
            with Prober(self.config(*NAMES, f"{BLOCK}11")) as prober:
                self.until(prober, resolver=0, ipv4_route=1, outbound_25=1)
                with network.far.inside():
                    network.dns.resolver.__enter__()
                # What failed is asked again soon.
                self.until(prober, resolver=1, ipv6_route=1)


if __name__ == "__main__":
    unittest.main()
