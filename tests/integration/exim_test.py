#!/usr/bin/env python3
"""Exim: a server with a date in its greeting and many ways to say no."""

import unittest

from harness import Prober, config
from servers import Exim


class EximTest(unittest.TestCase):
    def probe(self, server, **settings):
        with Prober(config(server.target, **settings)) as prober:
            return prober.probed()

    def assert_polite(self, server):
        log = server.log_until(lambda log: "closed by QUIT" in log)
        self.assertIn("closed by QUIT", log)
        self.assert_nothing_rude(log)

    def assert_nothing_rude(self, log):
        for rude in ("synchronization error", "lost", "unexpected",
                     "unrecognized command", "syntax or protocol"):
            self.assertNotIn(rude, log)

    def test_defaults(self):
        with Exim() as server:
            page = self.probe(server)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertEqual(page.value("smtp_starttls_advertised"), 1)
            self.assertEqual(page.value("smtp_auth_on_25"), 0)
            self.assertEqual(page.value("smtp_size_limit_bytes"), 52428800)
            self.assertEqual(
                page.label_values("smtp_capability", "capability"),
                ["8BITMIME", "CHUNKING", "HELP", "PIPECONNECT", "PIPELINING",
                 "SIZE", "SMTPUTF8", "STARTTLS"])
            self.assertEqual(
                page.label_values("smtp_banner_hostname_info", "hostname"),
                ["mail.example.com"])
            self.assert_polite(server)

    def test_greeting_of_several_lines(self):
        with Exim(settings='smtp_banner = "mail.example.com ESMTP\\n'
                           'No UBE here\\nreally"') as server:
            page = self.probe(server)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertEqual(
                page.label_values("smtp_banner_hostname_info", "hostname"),
                ["mail.example.com"])
            self.assert_polite(server)

    def test_auth_in_clear_and_no_starttls(self):
        with Exim(settings="tls_advertise_hosts =\nauth_advertise_hosts = *",
                  authenticators="plain:\n  driver = plaintext\n"
                                 "  public_name = PLAIN\n"
                                 "  server_condition = false\n") as server:
            page = self.probe(server)
            self.assertEqual(page.value("smtp_starttls_advertised"), 0)
            self.assertEqual(page.value("smtp_auth_on_25"), 1)
            self.assertEqual(
                page.label_values("smtp_auth_mechanism", "mechanism"),
                ["PLAIN"])
            self.assert_polite(server)

    def test_no_message_size_limit(self):
        with Exim(settings="message_size_limit = 0") as server:
            page = self.probe(server)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertIsNone(page.value("smtp_size_limit_bytes"))
            self.assertIn("SIZE", page.label_values("smtp_capability",
                                                    "capability"))

    def test_refusals(self):
        for name, settings, acl, failure in [
                ("drop", "acl_smtp_connect = gate",
                 "drop message = no mail from you",
                 ("greeting", "rejected_permanent")),
                ("defer", "acl_smtp_connect = gate",
                 "defer message = come back later",
                 ("greeting", "rejected_temporary")),
                ("421", "acl_smtp_connect = gate",
                 "defer message = 421 too busy",
                 ("greeting", "service_closing")),
                ("helo", "acl_smtp_helo = gate",
                 "deny message = what a name",
                 ("ehlo", "rejected_permanent"))]:
            with self.subTest(name), Exim(
                    settings, acls=f"gate:\n  {acl}\n") as server:
                page = self.probe(server)
                self.assertEqual(page.failure(), failure)
                self.assertEqual(page.value("smtp_reachable"), 0)
                self.assertIsNone(page.value("smtp_starttls_advertised"))
                self.assertIsNone(page.value("smtp_auth_on_25"))
                log = server.log_until(lambda log: "rejected" in log)
                self.assertIn("rejected", log)
                self.assert_nothing_rude(log)

    def test_slow_connect(self):
        with Exim("acl_smtp_connect = gate",
                  acls="gate:\n  accept delay = 2s\n") as server:
            page = self.probe(server)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertGreater(
                page.value("smtp_probe_phase_duration_seconds",
                           phase="greeting"), 2)
            self.assert_polite(server)


if __name__ == "__main__":
    unittest.main()
