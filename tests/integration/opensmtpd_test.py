#!/usr/bin/env python3
"""OpenSMTPD: one that closes on clients that talk out of turn."""

import unittest

from harness import Prober, config
from servers import OpenSmtpd


class OpenSmtpdTest(unittest.TestCase):
    def probe(self, server):
        with Prober(config(server.target)) as prober:
            return prober.probed()

    def test_defaults(self):
        with OpenSmtpd() as server:
            page = self.probe(server)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertEqual(page.value("smtp_starttls_advertised"), 0)
            self.assertEqual(page.value("smtp_auth_on_25"), 0)
            self.assertEqual(page.value("smtp_size_limit_bytes"), 36700160)
            self.assertEqual(
                page.label_values("smtp_capability", "capability"),
                ["8BITMIME", "DSN", "ENHANCEDSTATUSCODES", "HELP", "SIZE"])
            log = server.log_until(
                lambda log: "smtp disconnected" in log and
                log.count("smtp connected") == log.count("smtp disconnected"))
            self.assertIn("smtp disconnected reason=quit", log)
            self.assertEqual(log.count("smtp disconnected"),
                             log.count("smtp disconnected reason=quit"), log)
            self.assertNotIn("failed-command", log)

    def test_size(self):
        with OpenSmtpd(settings="smtp max-message-size 25M") as server:
            page = self.probe(server)
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
                page = self.probe(server)
                self.assertEqual(page.failure(), failure, server.log())
                self.assertIsNone(page.value("smtp_starttls_advertised"))


if __name__ == "__main__":
    unittest.main()
