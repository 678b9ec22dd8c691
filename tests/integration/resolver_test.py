#!/usr/bin/env python3
"""`dns:` - resolvers of one's own, and what becomes of a bad one."""

import contextlib
import socket
import unittest

from harness import Prober
from mail_site import IP6, Site, has_ip6, verdicts

ZONES = {"example": "mx A %11\n" +
         "".join(f"crowd A %{number}\n" for number in range(60, 250))}
SERVERS = {11: {"profile": {}}}


@contextlib.contextmanager
def silent_resolver():
    """Takes questions and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        yield "127.0.0.1:{}".format(link.getsockname()[1])


class ResolverTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ZONES, SERVERS, also=[IP6] if has_ip6() else [])
        cls.site.__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def config(self, servers, name="mx.example", **dns):
        return self.site.config(
            self.site.host(name, case="x"),
            dns={"servers": servers, "timeout": "300ms", "tries": 2} | dns)

    def until(self, prober, wanted, what):
        return prober.scrape_until(
            lambda page: verdicts(page, case="x") == wanted, what)

    def resolved(self):
        return {("", self.site.address(11)): None}

    def test_truncated_answers_come_by_tcp(self):
        resolver = self.site.dns.resolver
        before = resolver.statistics()["num.query.tcp"]
        with Prober(self.config([resolver.target], "crowd.example")) as prober:
            # Part of the answer would do for 20 addresses, not for these.
            self.until(prober, {
                ("", self.site.address(number)): ("connect", "refused")
                for number in range(60, 80)}, "the first 20 of 190 addresses")
        self.assertGreaterEqual(resolver.statistics()["num.query.tcp"],
                                before + 1)

    @unittest.skipUnless(has_ip6(), "no ::1 on this machine")
    def test_a_resolver_on_ip6(self):
        with Prober(self.config([f"[{IP6}]:{self.site.dns.port}"])) as prober:
            self.until(prober, self.resolved(), "an answer over IPv6")

    def test_the_next_one_answers_for_a_silent_one(self):
        with silent_resolver() as silent:
            servers = [silent, self.site.dns.resolver.target]
            with Prober(self.config(servers)) as prober:
                self.until(prober, self.resolved(), "an answer")

    def test_the_next_one_answers_for_one_that_is_down(self):
        servers = [f"{self.site.block}99:53", self.site.dns.resolver.target]
        with Prober(self.config(servers)) as prober:
            self.until(prober, self.resolved(), "an answer")

    def test_a_reload_brings_another_resolver(self):
        with silent_resolver() as silent, \
                Prober(self.config([silent])) as prober:
            page = self.until(prober,
                              {("", ""): ("resolve", "dns_timeout")},
                              "a time-out")
            took = page.value("smtp_dns_duration_seconds", record="a")
            # Two tries, the second with more patience.
            self.assertGreater(took, 0.55)
            self.assertLess(took, 5)
            prober.write_config(self.config([self.site.dns.resolver.target]))
            self.assertEqual(prober.request("POST", "/-/reload").status, 200)
            # A failure is not kept for long.
            self.until(prober, self.resolved(), "an answer")

    def test_the_hosts_file_knows_some_names(self):
        # Whatever DNS says: the resolver refuses this one.
        target = {"host": "localhost", "ip_protocol": "ip4", "port": 1}
        with Prober(self.site.config(target)) as prober:
            prober.scrape_until(
                lambda page: verdicts(page, target="localhost:1") ==
                {("", "127.0.0.1"): ("connect", "refused")}, "127.0.0.1")

    def test_a_resolver_that_comes_back(self):
        site = Site(ZONES, SERVERS)
        with site, Prober(site.config(
                site.host("nothing.example", case="x"),
                site.host("mx.example", case="y"))) as prober:
            prober.scrape_until(
                lambda page: verdicts(page, case="y") ==
                {("", site.address(11)): None} and verdicts(page, case="x") ==
                {("", ""): ("resolve", "dns_not_found")}, "both names")
            site.dns.resolver.stop()
            page = prober.scrape_until(
                lambda page: verdicts(page, case="x")[("", "")][1] in
                ("dns_timeout", "dns_failure"), "no resolver")
            # What is known of the other name is still good.
            self.assertEqual(verdicts(page, case="y"),
                             {("", site.address(11)): None})
            site.dns.resolver.__enter__()
            prober.scrape_until(
                lambda page: verdicts(page, case="x") ==
                {("", ""): ("resolve", "dns_not_found")}, "the resolver")


if __name__ == "__main__":
    unittest.main()
