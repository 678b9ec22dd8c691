#!/usr/bin/env python3
"""OpenSMTPD: one that closes on clients that talk out of turn, and that says
no close_notify."""

import unittest

import tls_facts
from harness import Prober, config
from pki import pki
from servers import OpenSmtpd
from tls_facts import clear_target, tls_target

KEYWORDS = ["8BITMIME", "DSN", "ENHANCEDSTATUSCODES", "HELP", "SIZE"]


class OpenSmtpdTest(unittest.TestCase):
    def probe(self, *targets):
        with Prober(config(*targets)) as prober:
            return prober.probed()

    def assert_polite(self, server):
        log = server.log_until(
            lambda log: "smtp disconnected" in log and
            log.count("smtp connected") == log.count("smtp disconnected"))
        self.assertIn("smtp disconnected reason=quit", log)
        self.assertEqual(log.count("smtp disconnected"),
                         log.count("smtp disconnected reason=quit"), log)
        for rude in ("failed-command", "SSL library error", "io-error"):
            self.assertNotIn(rude, log)

    def test_defaults(self):
        with OpenSmtpd() as server:
            page = self.probe(server.target)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertEqual(page.value("smtp_starttls_advertised"), 0)
            self.assertEqual(page.value("smtp_auth_on_25"), 0)
            self.assertEqual(page.value("smtp_size_limit_bytes"), 36700160)
            self.assertEqual(
                page.label_values("smtp_capability", "capability"),
                KEYWORDS)
            self.assert_polite(server)

    def test_both_ways_into_tls(self):
        for name, starttls in [("good", "tls"), ("good-rsa", "tls"),
                               ("good", "tls-require")]:
            with self.subTest(name, starttls=starttls), OpenSmtpd(
                    identities=[pki().identity(name)], starttls=starttls,
                    listen="auth") as server:
                clear, tls = clear_target(server), tls_target(server)
                page = self.probe(clear, tls)
                inside = sorted(KEYWORDS + ["AUTH"])

                labels = {"target": tls_facts.name(clear)}
                tls_facts.check_handshake(self, page, name, **labels)
                self.assertEqual(tls_facts.capabilities(page, "no", **labels),
                                 sorted(KEYWORDS + ["STARTTLS"]))
                self.assertEqual(tls_facts.capabilities(page, "yes", **labels),
                                 inside)
                self.assertEqual(tls_facts.mechanisms(page, "no", **labels),
                                 [])
                self.assertEqual(tls_facts.mechanisms(page, "yes", **labels),
                                 ["LOGIN", "PLAIN"])

                labels = {"target": tls_facts.name(tls)}
                tls_facts.check_handshake(self, page, name, starttls=False,
                                          **labels)
                self.assertEqual(tls_facts.capabilities(page, "no", **labels),
                                 [])
                self.assertEqual(tls_facts.capabilities(page, "yes", **labels),
                                 inside)
                self.assert_polite(server)
                self.assertIn("smtp tls ciphers=TLSv1.3", server.log())

    def test_size(self):
        with OpenSmtpd(settings="smtp max-message-size 25M") as server:
            page = self.probe(server.target)
            self.assertEqual(page.value("smtp_size_limit_bytes"),
                             25 * 1024 * 1024)

    def test_filters(self):
        for rule, failure in [
                ('connect match src <all> reject "554 no"',
                 ("greeting", "rejected_permanent")),
                ('connect match src <all> disconnect "421 busy"',
                 ("greeting", "service_closing")),
                ('ehlo match src <all> reject "550 what a name"',
                 ("ehlo", "rejected_permanent"))]:
            with self.subTest(rule), OpenSmtpd(
                    settings="table all { 0.0.0.0/0 }\n"
                             f'filter "gate" phase {rule}',
                    listen="filter gate") as server:
                page = self.probe(server.target)
                self.assertEqual(page.failure(), failure, server.log())
                self.assertIsNone(page.value("smtp_starttls_advertised"))


if __name__ == "__main__":
    unittest.main()
