#!/usr/bin/env python3
"""Domains: every MX host, each of its addresses, and what DNS can do to
them."""

import itertools
import threading
import unittest

from harness import Prober
from jailed_server import PORT
from mail_site import IP6, REFUSED, SILENT, Site, common, quirks, verdicts
from servers import Postfix

REFUSES = ("connect", "refused")
NOT_FOUND = ("resolve", "dns_not_found")
NO_ADDRESS = ("resolve", "no_address")
DNS_FAILURE = ("resolve", "dns_failure")

ZONES = {
    "example": """
plain    MX 10 mx1.plain
plain    MX 20 mx2.plain
mx1.plain A %11
mx2.plain A %12
second   MX 10 mx2.plain
second   MX 20 mx1.plain
equal    MX 10 mx1.plain
equal    MX 10 mx2.plain
; Without MX a domain is its own mail server ...
implicit A %13
; ... but not one whose MX hosts have no address.
stranded A %14
stranded MX 10 gone.stranded
stranded MX 20 empty.stranded
empty.stranded TXT nothing
null     MX 0 .
null     A %14
null10   MX 10 .
mixed    MX 0 .
mixed    MX 10 mx1.plain
aliased  MX 10 mx.aliased
mx.aliased CNAME mx1.plain
alias    CNAME plain
loop     CNAME loop2
loop2    CNAME loop
literal  MX 5 127.0.0.1.
literal  MX 10 mx1.plain
useless  MX 5 127.0.0.1.
useless  MX 10 a\\010b\\032c
useless  A %14
underscore MX 10 mx_1.underscore
mx_1.underscore A %11
twice    MX 20 mx1.plain
twice    MX 10 mx1.plain
private  MX 10 mx.private
mx.private A %14
half     MX 10 mx.half
mx.half  CNAME mx.half.invalid.
both     MX 10 mx.both
mx.both  A %11
mx.both  AAAA ::1
xn--grn-ioa MX 10 mx1.plain
xn--bcher-kva MX 10 mx1.plain
shared   MX 10 a.shared
shared   MX 20 b.shared
a.shared A %18
b.shared A %18
crowd    MX 10 mx.crowd
farm     MX 10 mx10.farm
""" + "".join(f"mx.crowd A %{number}\n" for number in range(60, 250)) +
    "".join(f"farm MX {number} mx{number}.farm\nmx{number}.farm A %19\n"
            for number in range(10, 40)),
    "changing.example": """
$TTL 1
domain MX 10 mx1
domain MX 20 mx2
mx1 A %15
mx2 A %15
""",
    "many.example": "".join(f"d{number} MX 10 mx\n" for number in range(50)),
}
SERVERS = {
    11: {"profile": {"hostname": "MX1.Plain.Example"}},
    12: {"refused": True},
    13: {"profile": {"hostname": "implicit.example."}},
    14: {"profile": {}},  # Nobody may come here.
    15: {"profile": {}},
    # Slow, so that two clients that did not wait would meet.
    18: {"profile": {"capabilities": ["STARTTLS"], "greeting_delay": "1s"},
         "tls": {}},
    19: {"profile": {}},
    IP6: {"profile": {}},
}
SETTINGS = f"""
  local-zone: "silent.example." {SILENT}
  local-zone: "refused.example." {REFUSED}
  # A is known here; AAAA is asked of the zone, where it leads to SERVFAIL.
  local-zone: "mx.half.example." typetransparent
  local-data: "mx.half.example. A %11"
"""
MX1 = {("mx1.plain.example", 11): None}
MX2 = {("mx2.plain.example", 12): REFUSES}

# Domain, {mx: preference}, {(mx, server): failure}, whether it is reachable,
# quirks beside private_address, which all addresses of loopback have.
CASES = [
    # One dead backup is no dead domain.
    ("plain", {"mx1.plain": 10, "mx2.plain": 20}, MX1 | MX2, 1, set()),
    ("second", {"mx1.plain": 20, "mx2.plain": 10}, MX1 | MX2, 0, set()),
    ("equal", {"mx1.plain": 10, "mx2.plain": 10}, MX1 | MX2, 1, set()),
    ("implicit", {"implicit": 0}, {("implicit.example", 13): None}, 1,
     {"implicit_mx"}),
    ("stranded", {"gone.stranded": 10, "empty.stranded": 20},
     {("gone.stranded.example", None): NOT_FOUND,
      ("empty.stranded.example", None): NO_ADDRESS}, 0, set()),
    ("mixed", {"mx1.plain": 10}, MX1, 1, {"null_mx_mixed"}),
    ("aliased", {"mx.aliased": 10}, {("mx.aliased.example", 11): None}, 1,
     {"mx_is_cname"}),
    ("alias", {"mx1.plain": 10, "mx2.plain": 20}, MX1 | MX2, 1, set()),
    ("literal", {"mx1.plain": 10}, MX1, 1, {"mx_invalid"}),
    ("underscore", {"mx_1.underscore": 10},
     {("mx_1.underscore.example", 11): None}, 1, set()),
    ("twice", {"mx1.plain": 10}, MX1, 1, set()),
    ("half", {"mx.half": 10}, {("mx.half.example", 11): None}, 1, set()),
    ("both", {"mx.both": 10},
     {("mx.both.example", 11): None, ("mx.both.example", IP6): None}, 1,
     set()),
    ("xn--bcher-kva", {"mx1.plain": 10}, MX1, 1, set()),
    ("shared", {"a.shared": 10, "b.shared": 20},
     {("a.shared.example", 18): None, ("b.shared.example", 18): None}, 1,
     set()),
    # As many addresses and hosts as the limits allow, of those the first.
    ("crowd", {"mx.crowd": 10},
     {("mx.crowd.example", number): REFUSES for number in range(60, 80)}, 0,
     {"too_many_addresses"}),
    ("farm", {f"mx{number}.farm": number for number in range(10, 30)},
     {(f"mx{number}.farm.example", 19): None for number in range(10, 30)}, 1,
     {"too_many_mx"}),
]
# Domains without exchangers: the name, why.
FAILURES = [
    ("nothing.example", NOT_FOUND),
    ("loop.example", DNS_FAILURE),
    ("servfail.invalid", DNS_FAILURE),
    ("refused.example", DNS_FAILURE),
    ("silent.example", ("resolve", "dns_timeout")),
    ("useless.example", NO_ADDRESS),
]
NULLS = ["null", "null10"]
MX_FAILURES = "smtp_prober_dns_lookup_failures_total"


def series_of(page, target):
    """{(name, labels but `team`): value} of a target."""
    return {(name, frozenset(labels - {("team", dict(labels).get("team"))})):
            value for (name, labels), value in page.samples.items()
            if ("target", target) in labels}


class DomainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ZONES, SERVERS, SETTINGS)
        cls.site.__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def places(self, wanted):
        return {(mx, "" if server is None else self.site.address(server)):
                failure for (mx, server), failure in wanted.items()}

    def settled(self, page):
        return (all(len(page.all("smtp_reachable", case=name)) == len(wanted)
                    for name, _, wanted, _, _ in CASES) and
                all(page.all("smtp_reachable", target=self.label(name))
                    for name, _ in FAILURES) and
                all(page.all("smtp_null_mx", case=name) for name in NULLS))

    def label(self, domain):
        return f"{domain}:{self.site.port}"

    def test_what_dns_says_of_a_domain(self):
        site = self.site
        domains = [site.domain(f"{case[0]}.example") for case in CASES]
        domains += [site.domain(name) for name, _ in FAILURES]
        domains += [site.domain(f"{name}.example") for name in NULLS]
        # As people write it.
        domains.append(site.domain("Gr\u00fcn.Example.", case="idn"))
        # Where others' domains point is no business of ours by default.
        domains.append({"domain": "private.example", "port": site.port})
        with Prober(site.config(*domains)) as prober:
            try:
                page = prober.scrape_until(self.settled, "all domains")
            except AssertionError:
                page = prober.scrape()  # Shows which ones are missing.
            for case in CASES:
                with self.subTest(case[0]):
                    self.check_case(page, *case)
            for name, failure in FAILURES:
                with self.subTest(name):
                    self.check_failure(page, name, failure)
            for name in NULLS:
                with self.subTest(name):
                    self.check_null(page, name)
            with self.subTest("private"):
                self.check_private(page)
            with self.subTest("idn"):
                self.assertEqual(verdicts(page, case="idn"),
                                 self.places(MX1))
            with self.subTest("half: A is known, AAAA is not"):
                for record, known in [("mx", 1), ("a", 1), ("aaaa", 0)]:
                    self.assertEqual(
                        common(page, "smtp_dns_success", case="half",
                               record=record), known, record)
            with self.subTest("banners"):
                self.check_banners(page)
        self.assertEqual(site.conversations(14), [])
        with self.subTest("shared"):
            self.check_shared(site.conversations(18))

    def check_case(self, page, name, preferences, places, reachable, flags):
        labels = {"case": name, "target": self.label(f"{name}.example")}
        self.assertEqual(verdicts(page, **labels), self.places(places))
        self.assertEqual(page.value("smtp_mx_hosts", **labels),
                         len(preferences))
        found = {dict(key)["mx"]: value for key, value
                 in page.all("smtp_mx_preference", **labels).items()}
        self.assertEqual(found, {f"{mx}.example": value
                                 for mx, value in preferences.items()})
        self.assertEqual(page.value("smtp_null_mx", **labels), 0)
        self.assertEqual(page.value("smtp_domain_reachable", **labels),
                         reachable)
        if any(server is not None for _, server in places):
            flags = flags | {"private_address"}
        self.assertEqual(quirks(page, **labels), flags)
        self.assertEqual(
            common(page, "smtp_dns_success", record="mx", **labels), 1)
        self.assertIsNotNone(
            page.value("smtp_dns_duration_seconds", record="mx", **labels))

    def check_failure(self, page, domain, failure):
        labels = {"target": self.label(domain)}
        self.assertEqual(verdicts(page, **labels), {("", ""): failure})
        self.assertEqual(page.all("smtp_mx_preference", **labels), {})
        # What is not known is not said: no hosts, no null MX.
        known = failure in (NOT_FOUND, NO_ADDRESS)
        if not known:
            self.assertIsNone(page.value("smtp_mx_hosts", **labels))
            self.assertIsNone(page.value("smtp_null_mx", **labels))
        self.assertNotEqual(page.value("smtp_null_mx", **labels), 1)
        self.assertNotEqual(page.value("smtp_domain_reachable", **labels), 1)
        self.assertEqual(
            page.value("smtp_dns_success", record="mx", **labels),
            1 if known else 0)
        self.assertEqual(page.value("smtp_probe_success", **labels), 0)

    def check_null(self, page, name):
        labels = {"case": name}
        self.assertEqual(page.value("smtp_null_mx", **labels), 1)
        self.assertEqual(page.value("smtp_mx_hosts", **labels), 0)
        # It takes no mail: that is neither up nor down.
        for family in ("smtp_reachable", "smtp_probe_success",
                       "smtp_probe_failure_info", "smtp_mx_preference"):
            self.assertEqual(page.all(family, **labels), {}, family)
        self.assertNotEqual(page.value("smtp_domain_reachable", **labels), 1)

    def check_private(self, page):
        labels = {"target": self.label("private.example")}
        self.assertEqual(verdicts(page, **labels),
                         {("mx.private.example", ""): NO_ADDRESS})
        self.assertEqual(page.value("smtp_domain_reachable", **labels), 0)
        self.assertEqual(quirks(page, **labels), {"private_address"})

    def check_banners(self, page):
        # The greeting says MX1.Plain.Example.
        for case, mx, match in [("plain", "mx1.plain", 1),
                                ("aliased", "mx.aliased", 0),
                                ("implicit", "implicit", 1)]:
            self.assertEqual(
                page.value("smtp_banner_match", case=case,
                           mx=f"{mx}.example"), match, case)

    def check_shared(self, talks):
        # Two names are two certificates, but never two clients at once.
        self.assertEqual({talk["sni"] for talk in talks if talk["tls"]},
                         {"a.shared.example", "b.shared.example"})
        talks = sorted(talks, key=lambda talk: talk["opened"])
        for talk, following in zip(talks, talks[1:]):
            self.assertGreaterEqual(
                following["opened"], talk["opened"] + talk["seconds"] - 0.3)

    def test_domains_that_share_a_host_share_its_probes(self):
        site, zone = self.site, "many.example"
        domains = [site.domain(f"d{number}.{zone}", case="many", port=PORT)
                   for number in range(50)]
        with Postfix({"smtpd_banner": f"MX.{zone}. ESMTP"}) as server:
            site.edit(zone, ZONES[zone] + f"mx A {server.address}\n")
            with Prober(site.config(*domains, interval="2s")) as prober:
                page = prober.scrape_until(
                    lambda page: len(page.all(
                        "smtp_probes_total", case="many", mx=f"mx.{zone}")) ==
                    50 and common(page, "smtp_probes_total") >= 3,
                    "50 domains")
                log = server.log()
                self.assertEqual(common(page, "smtp_reachable"), 1)
                self.assertEqual(common(page, "smtp_banner_match"), 1)
                self.assertEqual(common(page, "smtp_domain_reachable"), 1)
                probes = common(page, "smtp_probes_total")
                # The next one may have come meanwhile.
                connects = log.count(": connect from")
                self.assertLessEqual(connects, probes + 1, log)
                self.assertGreaterEqual(connects, probes, log)
                self.assertEqual(page.value("smtp_prober_endpoints"), 1)
                self.assertEqual(page.value("smtp_prober_targets"), 50)
            self.assertNotRegex(server.log(), "lost connection|pipelining")

    def test_a_domain_that_changes(self):
        site, name = self.site, "domain.changing.example"
        zone = "changing.example"
        hosts = "mx1 A %15\nmx2 A %15\n"
        kept = ("mx1.changing.example", site.address(15))
        left = ("mx2.changing.example", site.address(15))
        site.edit(zone, ZONES[zone])
        with Prober(site.config(site.domain(name, case="x"))) as prober:
            def until(wanted, what):
                return prober.scrape_until(
                    lambda page: verdicts(page, case="x") == wanted, what)

            until({kept: None, left: None}, "two hosts")
            site.edit(zone, f"$TTL 1\ndomain MX 10 mx1\n{hosts}")
            page = until({kept: None}, "one host less")
            self.assertNotIn("mx2.changing", page.text)
            self.assertEqual(page.value("smtp_mx_hosts", case="x"), 1)

            # Nobody finds the server any more, however well it is.
            site.edit(zone, f"$TTL 1\n{hosts}")
            page = until({kept: NOT_FOUND}, "no such domain")
            self.assertEqual(page.value("smtp_probe_success", case="x"), 0)
            self.assertEqual(page.value("smtp_domain_reachable", case="x"), 0)
            self.assertEqual(
                page.value("smtp_dns_success", case="x", record="mx"), 1)

            site.edit(zone, f"$TTL 1\ndomain MX 10 mx1\n{hosts}")
            page = until({kept: None}, "the domain is back")
            self.assertEqual(page.value("smtp_domain_reachable", case="x"), 1)

            site.edit(zone, f"$TTL 1\ndomain MX 0 .\n{hosts}")
            page = until({}, "a null MX")
            self.assertEqual(page.value("smtp_null_mx", case="x"), 1)
            self.assertEqual(page.all("smtp_reachable"), {})

    def test_a_resolver_that_stops_answering(self):
        site, name = self.site, "domain.changing.example"
        site.edit("changing.example", ZONES["changing.example"])
        places = [(f"mx{number}.changing.example", site.address(15))
                  for number in (1, 2)]
        with Prober(site.config(site.domain(name, case="x"))) as prober:
            prober.scrape_until(
                lambda page: verdicts(page, case="x") ==
                dict.fromkeys(places), "two hosts")
            site.break_name(name + ".", REFUSED)
            self.addCleanup(site.mend_name, name + ".")
            page = prober.scrape_until(
                lambda page: verdicts(page, case="x") ==
                dict.fromkeys(places, DNS_FAILURE), "a failure that counts")
            # What was known of the domain is still said.
            self.assertEqual(page.value("smtp_mx_hosts", case="x"), 2)
            self.assertEqual(page.value("smtp_domain_reachable", case="x"), 0)
            self.assertEqual(
                page.value("smtp_dns_success", case="x", record="mx"), 0)

    def test_reloads_keep_a_domain(self):
        site, name = self.site, "plain.example"
        target = self.label(name)
        # Each differs from the one before: in a label, or in the interval of
        # all targets.
        configs = [site.config(site.domain(name, labels={"team": team}),
                               interval=interval)
                   for interval, team in [("1s", "a"), ("1s", "b"),
                                          ("2s", "b"), ("2s", "a")]]

        def whole(page):
            return (verdicts(page, target=target) == self.places(MX1 | MX2) and
                    len(page.all("smtp_dns_success", target=target,
                                 record="ptr")) == 2 and
                    min(page.all("smtp_probes_total").values()) >= 2)

        with Prober(configs[0]) as prober:
            seen = series_of(prober.scrape_until(whole, "two hosts"), target)
            asked = site.dns.resolver.queries(name, "MX")
            stop = threading.Event()
            statuses = []

            def reload_again_and_again():
                for text in itertools.cycle(configs[1:] + configs[:1]):
                    if stop.wait(0.05):
                        break
                    prober.write_config(text)
                    statuses.append(prober.request("POST", "/-/reload").status)

            reloads = threading.Thread(target=reload_again_and_again)
            reloads.start()
            try:
                while len(statuses) < 60 and reloads.is_alive():
                    page = prober.scrape(check=False)
                    seen = self.assert_kept(page, target, seen)
            finally:
                stop.set()
                reloads.join()
            self.assertEqual(set(statuses), {200})
            # The answer was good for longer than this took.
            self.assertEqual(site.dns.resolver.queries(name, "MX"), asked)
            prober.write_config(configs[2])
            self.assertEqual(prober.request("POST", "/-/reload").status, 200)
            page = prober.scrape()
            self.assert_kept(page, target, seen)
            self.assertEqual(len(page.all("smtp_reachable", team="b")), 2)
            # The threads that probe learn of it a moment later.
            prober.scrape_until(
                lambda page: set(page.all("smtp_probe_interval_seconds")
                                 .values()) == {2}, "the new interval")

    def assert_kept(self, page, target, seen):
        """That no series of the target has gone and no counter has gone back
        since `seen`; the series that the page has of it."""
        now = series_of(page, target)
        self.assertEqual(set(seen) - set(now), set())
        for series, value in now.items():
            if series[0].endswith("_total"):
                self.assertGreaterEqual(value, seen[series], series)
        teams = {dict(labels)["team"] for _, labels in page.samples
                 if ("target", target) in labels}
        self.assertEqual(len(teams), 1, teams)
        return now

    def test_a_null_mx_outlives_a_failing_resolver(self):
        site, name = self.site, "domain.changing.example"
        zone = "changing.example"
        site.edit(zone, "$TTL 1\ndomain MX 0 .\ndomain A %14\n")
        self.addCleanup(site.edit, zone, ZONES[zone])
        with Prober(site.config(site.domain(name, case="x"))) as prober:
            prober.scrape_until(
                lambda page: page.value("smtp_null_mx", case="x") == 1,
                "a null MX")
            # The alias leads to where nobody answers.
            site.edit(zone, "$TTL 1\ndomain CNAME gone.invalid.\n")
            self.assertEqual(site.dns.ask(name, "MX")[0], "SERVFAIL")

            def failed(page, times):
                self.assertEqual(page.value("smtp_null_mx", case="x"), 1)
                self.assertEqual(page.all("smtp_reachable"), {})
                return page.value(MX_FAILURES, record="mx") >= times

            # A failure that counts, and one after it.
            page = prober.scrape_until(lambda page: failed(page, times=3),
                                       "three failures", seconds=90)
            self.assertEqual(
                common(page, "smtp_dns_success", case="x", record="mx"), 0)
            self.assertEqual(page.value("smtp_mx_hosts", case="x"), 0)
            # Nor does a reload forget it.
            prober.write_config(site.config(site.domain(name, case="y")))
            self.assertEqual(prober.request("POST", "/-/reload").status, 200)
            page = prober.scrape()
            self.assertEqual(page.value("smtp_null_mx", case="y"), 1)
            self.assertEqual(page.all("smtp_reachable"), {})


if __name__ == "__main__":
    unittest.main()
