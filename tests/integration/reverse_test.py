#!/usr/bin/env python3
"""Reverse names: whether they lead back, and whatever else they may say."""

import json
import unittest

from dns_servers import reverse_name
from harness import Prober
from mail_site import IP6, REFUSED, SILENT, Site

ZONES = {
    "%REVERSE": """
11 PTR mx11.example.
13 PTR elsewhere.example.
; RFC 2317: the customer's zone is beside the provider's.
14 CNAME 14.0-63
14.0-63 PTR mx14.example.
15 PTR elsewhere.example.
15 PTR nothing.example.
15 PTR mx15.example.
16 CNAME ptr.invalid.
17 PTR a\\034\\010\\<b\\>.example.
19 TXT nothing
20 PTR nothing.example.
21 PTR mx21.invalid.
22 PTR a\\034\\010\\<b\\>.example.
22 PTR mx22.example.
24 PTR MX24.Example.
""" + "".join(f"23 PTR mx23.n{number}.example.\n" for number in range(200)),
    reverse_name(IP6): "@ PTR six.example.",
    "example": """
mx11 A %11
elsewhere A %99
mx14 A %14
mx15 A %98
mx15 A %15
mx22 A %22
mx24 A %24
six AAAA ::1
six A %99
""",
}
# Server, what it calls itself, whether its reverse name leads back, whether
# the greeting has that name, whether DNS has answered.
CASES = [
    (11, "mx11.example", 1, 1, 1),
    (12, "mx12.example", 0, 0, 1),  # No such name,
    (19, "mx19.example", 0, 0, 1),  # and a name without PTR.
    (13, "mx13.example", 0, 0, 1),
    (14, "mx14.example", 1, 1, 1),
    (15, "mx15.example", 1, 1, 1),
    (16, "mx16.example", None, None, 0),
    (17, "mx17.example", 0, 0, 1),
    (18, "mx18.example", None, None, 0),
    (20, "nothing.example", 0, 1, 1),
    # There is a name; who it belongs to is not known.
    (21, "mx21.invalid", None, 1, 1),
    (22, "mx22.example", 1, 1, 1),
    (23, "mx23.example", 0, 0, 1),
    (24, "mx24.EXAMPLE.", 1, 1, 1),
    (IP6, "six.example", 1, 1, 1),
]


class ReverseTest(unittest.TestCase):
    def test_reverse_names(self):
        servers = {server: {"profile": {"hostname": hostname}}
                   for server, hostname, _, _, _ in CASES}
        settings = f'  local-zone: "18.%REVERSE." {SILENT}\n'
        with Site(ZONES, servers, settings) as site:
            targets = [site.host(site.address(case[0]), case=str(case[0]))
                       for case in CASES]
            with Prober(site.config(*targets)) as prober:
                try:
                    page = prober.scrape_until(
                        lambda page:
                        len(page.all("smtp_reachable")) == len(CASES) and
                        len(page.all("smtp_dns_success", record="ptr")) ==
                        len(CASES), "all reverse names")
                except AssertionError:
                    page = prober.scrape()  # Shows which ones are missing.
                for server, _, match, banner, known in CASES:
                    with self.subTest(server):
                        self.check(page, site.address(server), match, banner,
                                   known)
            # A stranger chose those bytes.
            self.assertNotIn("<b>", page.text)
            self.assertNotIn("<b>", prober.run.errors())

    def test_what_nobody_confirms_is_not_known_any_more(self):
        zones = {"%REVERSE": "$TTL 1\n11 PTR mx11.example.\n",
                 "example": "$TTL 1\nmx11 A %11\n"}
        servers = {11: {"profile": {"hostname": "mx11.example"}}}
        families = ("smtp_reverse_dns_match", "smtp_banner_reverse_dns_match")
        with Site(zones, servers) as site, Prober(site.config(
                site.host(site.address(11)), stale_after="3s")) as prober:
            prober.scrape_until(
                lambda page: [page.value(name) for name in families] == [1, 1],
                "the name")
            reverse = site.text("%REVERSE") + "."
            site.break_name(reverse, REFUSED)
            page = prober.scrape_until(
                lambda page: [page.value(name) for name in families] ==
                [None, None], "nothing is known")
            self.assertEqual(page.value("smtp_dns_success", record="ptr"), 0)
            # Unknown is no failure either.
            self.assertEqual(page.value("smtp_probe_success"), 1)

    def test_what_became_of_a_name_is_told(self):
        ttl = "$TTL 1\n"
        zones = {"%REVERSE": ttl + "11 PTR other.example.\n"
                 "11 PTR nothing.example.\n",
                 "example": ttl + "mx11 A %11\nother A %12\n"}
        with Site(zones, {11: {"profile": {}}}) as site, \
                Prober(site.config(site.host(site.address(11)))) as prober:
            address, zone = site.address(11), site.text("%REVERSE")
            prober.run.wait_for_line(
                'msg="Reverse name does not lead back to the address" '
                f'address={address} names="nothing.example other.example"')
            self.until_names(prober, ["nothing.example", "other.example"])
            site.edit(zone, ttl + "11 PTR mx11.example.\n")
            prober.run.wait_for_line(
                'msg="Reverse name leads back to the address now" '
                f"address={address} names=mx11.example")
            self.until_names(prober, ["mx11.example"])
            site.edit(zone, ttl)
            prober.run.wait_for_line(
                f'msg="Address has no reverse name" address={address}')
            self.until_names(prober, [])
            self.assertEqual(
                len([line for line in prober.run.errors().splitlines()
                     if "everse name" in line]), 3)

    def until_names(self, prober, wanted):
        """Until the only place's names are these."""
        def found():
            targets = json.loads(prober.get("/api/v1/targets").text)["targets"]
            target = json.loads(prober.get(
                "/api/v1/targets/" + targets[0]["id"]).text)["target"]
            return target["places"][0].get("reverse_names") == wanted
        prober.until(found, wanted)

    def check(self, page, address, match, banner, known):
        # That a name leads nowhere is no failure: mail comes all the same.
        self.assertEqual(page.value("smtp_probe_success", address=address), 1)
        self.assertEqual(
            page.value("smtp_reverse_dns_match", address=address), match)
        self.assertEqual(
            page.value("smtp_banner_reverse_dns_match", address=address),
            banner)
        self.assertEqual(
            page.value("smtp_dns_success", record="ptr", address=address),
            known)


if __name__ == "__main__":
    unittest.main()
