#!/usr/bin/env python3
"""Hosts: every address of a name, of both families, as DNS changes."""

import unittest

from harness import Prober
from mail_site import IP6, REFUSED, SILENT, Site, common, quirks, verdicts

REFUSES = ("connect", "refused")
NOT_FOUND = ("resolve", "dns_not_found")
NO_ADDRESS = ("resolve", "no_address")

ZONES = {
    "example": """
both     A %12
both     A %11
both     AAAA ::1
other    CNAME both
empty    TXT nothing
half     CNAME half.invalid.
private  A %14
""" + "".join(f"crowd A %{number}\n" for number in range(60, 250)),
    "changing.example": "",
    "leaving.example": "",
    "failing.example": "$TTL 1\nhost A %11\n",
}
SERVERS = {
    11: {"profile": {}},
    12: {"refused": True},
    13: {"profile": {}},
    14: {"profile": {}},  # Nobody may come here.
    IP6: {"profile": {}},
}
SETTINGS = f"""
  local-zone: "silent.example." {SILENT}
  local-zone: "refused.example." {REFUSED}
  # A is known here; AAAA is asked of the zone, where it leads to SERVFAIL.
  local-zone: "half.example." typetransparent
  local-data: "half.example. A %11"
"""
ALL = {11: None, 12: REFUSES, IP6: None}

# Label `case`, the target's host, its other keys, {server: failure} (None: a
# series without address), quirks.
CASES = [
    ("all", "both.example", {}, ALL, set()),
    ("first", "both.example", {"addresses": "first"}, {IP6: None}, set()),
    ("ip4", "both.example", {"ip_protocol": "ip4"}, {11: None, 12: REFUSES},
     set()),
    ("ip6", "both.example", {"ip_protocol": "ip6"}, {IP6: None}, set()),
    ("first4", "both.example", {"ip_protocol": "ip4", "addresses": "first"},
     {11: None}, set()),
    ("source4", "both.example", {"source_address": "127.0.0.1"},
     {11: None, 12: REFUSES}, set()),
    # Only an MX must not be a CNAME.
    ("cname", "other.example", {}, ALL, set()),
    ("spelling", "OTHER.Example.", {}, ALL, set()),
    ("half", "half.example", {}, {11: None}, set()),
    ("none6", "half.example", {"ip_protocol": "ip6"},
     {None: ("resolve", "dns_failure")}, set()),
    ("crowd", "crowd.example", {},
     dict.fromkeys(range(60, 80), REFUSES), {"too_many_addresses"}),
    ("nothing", "nothing.example", {}, {None: NOT_FOUND}, set()),
    ("empty", "empty.example", {}, {None: NO_ADDRESS}, set()),
    ("servfail", "x.invalid", {}, {None: ("resolve", "dns_failure")}, set()),
    ("refused", "refused.example", {}, {None: ("resolve", "dns_failure")},
     set()),
    ("silent", "silent.example", {}, {None: ("resolve", "dns_timeout")},
     set()),
    ("skip", "private.example", {"private_addresses": "skip"},
     {None: NO_ADDRESS}, set()),
]


class AddressesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ZONES, SERVERS, SETTINGS)
        cls.site.__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def places(self, servers):
        return {("", "" if server is None else self.site.address(server)):
                failure for server, failure in servers.items()}

    def until(self, prober, servers, what, **labels):
        """The first page on which the series are `servers`, {number:
        failure}."""
        return prober.scrape_until(
            lambda page: verdicts(page, **labels) == self.places(servers),
            what)

    def test_every_address(self):
        site = self.site
        # One per module: targets of one name would have the same series.
        modules = {case[0]: {"role": "mx"} for case in CASES}
        targets = [site.host(host, case=name, module=name, **keys)
                   for name, host, keys, _, _ in CASES]
        with Prober(site.config(*targets, modules=modules)) as prober:
            try:
                page = prober.scrape_until(
                    lambda page: all(
                        len(page.all("smtp_reachable", case=case[0])) ==
                        len(case[3]) for case in CASES), "all hosts")
            except AssertionError:
                page = prober.scrape()  # Shows which ones are missing.
            for name, _, _, servers, flags in CASES:
                with self.subTest(name):
                    self.assertEqual(verdicts(page, case=name),
                                     self.places(servers))
                    self.assertEqual(quirks(page, case=name), flags)
            # Those that agree in address, port, name and settings are one.
            for family in ("smtp_probes_total",
                           "smtp_probe_timestamp_seconds"):
                for address in (11, IP6):
                    common(page, family, address=site.address(address),
                           case="all")
            for case, a, aaaa in [("all", 1, 1), ("half", 1, 0),
                                  ("nothing", 1, 1), ("empty", 1, 1),
                                  ("silent", 0, 0), ("servfail", 0, 0)]:
                with self.subTest(f"answers: {case}"):
                    for record, known in [("a", a), ("aaaa", aaaa)]:
                        self.assertEqual(
                            page.value("smtp_dns_success", case=case,
                                       record=record), known, record)
                    self.assertEqual(
                        page.all("smtp_dns_success", case=case, record="mx"),
                        {})
            # A domain's families are no host's.
            for family in ("smtp_mx_hosts", "smtp_null_mx",
                           "smtp_domain_reachable"):
                self.assertEqual(page.all(family), {}, family)
            self.assertIsNone(page.value("smtp_dns_success", case="ip4",
                                         record="aaaa"))
        self.assertEqual(site.conversations(14), [])

    def test_addresses_that_leave_dns_leave_the_page(self):
        site, zone = self.site, "changing.example"
        site.edit(zone, "$TTL 1\nhost A %11\nhost A %12\n")
        with Prober(site.config(site.host("host." + zone))) as prober:
            self.until(prober, {11: None, 12: REFUSES}, "two addresses")
            site.edit(zone, "$TTL 1\nhost A %11\nhost A %13\nhost AAAA ::1\n")
            page = self.until(prober, {11: None, 13: None, IP6: None},
                              "other addresses")
            self.assertNotIn(site.address(12) + '"', page.text)
            # Who stayed was not probed anew: its counter went on.
            self.assertGreater(page.value("smtp_probes_total",
                                          address=site.address(11)), 1)
            site.edit(zone, "$TTL 1\nhost AAAA ::1\n")
            self.until(prober, {IP6: None}, "one family less")
            self.assertEqual(prober.scrape().value("smtp_prober_endpoints"),
                             1)

    def test_a_name_that_leaves_dns_keeps_its_addresses(self):
        site, zone = self.site, "leaving.example"
        with_host = "$TTL 1\nhost A %11\nhost A %13\n"
        site.edit(zone, "$TTL 1\n")
        with Prober(site.config(site.host("host." + zone))) as prober:
            self.until(prober, {None: NOT_FOUND}, "no such name")
            site.edit(zone, with_host)
            page = self.until(prober, {11: None, 13: None}, "its addresses")
            # The series without address is gone, not stale.
            self.assertEqual(len(page.all("smtp_probes_total")), 2)

            site.edit(zone, "$TTL 1\n")
            page = self.until(prober, {11: NOT_FOUND, 13: NOT_FOUND},
                              "no such name any more")
            self.assertEqual(common(page, "smtp_probe_success"), 0)
            # What was seen of the servers is still said.
            self.assertEqual(common(page, "smtp_esmtp"), 1)
            self.assertEqual(page.value("smtp_dns_success", record="a"), 1)
            # A series is no probe: nobody connects for it.
            talks = len(site.conversations(13))
            probes = page.value("smtp_probes_total",
                                address=site.address(13))
            prober.probed(probes + 2, address=site.address(13))
            self.assertLessEqual(len(site.conversations(13)), talks + 1)

            site.edit(zone, with_host)
            self.until(prober, {11: None, 13: None}, "the name is back")

    def test_an_answer_that_fails_to_come(self):
        site, name = self.site, "host.failing.example"
        with Prober(site.config(site.host(name))) as prober:
            self.until(prober, {11: None}, "one address")
            site.break_name(name + ".", SILENT)
            self.addCleanup(site.mend_name, name + ".")
            page = self.until(prober, {11: ("resolve", "dns_timeout")},
                              "time-outs in a row")
            self.assertEqual(page.value("smtp_dns_success", record="a"), 0)
            for record in ("a", "aaaa"):
                # One is not enough for a verdict.
                self.assertGreaterEqual(
                    page.value("smtp_prober_dns_lookup_failures_total",
                               record=record), 2)
                self.assertGreater(
                    page.value("smtp_prober_dns_lookups_total",
                               record=record),
                    page.value("smtp_prober_dns_lookup_failures_total",
                               record=record))

    def test_answers_are_kept_for_their_time(self):
        site, zone = self.site, "changing.example"
        site.edit(zone, "".join(f"ttl{ttl} {ttl} A %11\n"
                                for ttl in (0, 1, 300)))
        names = [f"ttl{ttl}.{zone}" for ttl in (0, 1, 300)]

        def queries():
            return [site.dns.resolver.queries(name, "A") for name in names]

        with Prober(site.config(*map(site.host, names))) as prober:
            # No answer is kept for less than 5 seconds.
            prober.until(lambda: queries()[1] >= 3, "questions anew")
            page = prober.scrape()
            zero, _, long = queries()
            self.assertEqual(long, 1)
            with self.subTest("TTL 0"):
                self.assertGreaterEqual(zero, 2)
            self.assertGreaterEqual(
                page.value("smtp_probes_total", case="ttl1"), 8)


if __name__ == "__main__":
    unittest.main()
