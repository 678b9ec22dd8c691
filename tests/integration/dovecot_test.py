#!/usr/bin/env python3
"""Dovecot's submission service."""

import re
import unittest

import tls_facts
from harness import Prober, config
from pki import pki
from servers import Dovecot
from tls_facts import clear_target, tls_target

INSIDE = ["8BITMIME", "AUTH", "BURL", "CHUNKING", "ENHANCEDSTATUSCODES",
          "PIPELINING", "SIZE"]
QUIT = "Aborted login by logging out"


class DovecotTest(unittest.TestCase):
    def probe(self, *targets):
        with Prober(config(*targets)) as prober:
            return prober.probed()

    def assert_polite(self, server):
        log = server.log_until(lambda log: QUIT in log)
        ends = [line for line in log.splitlines()
                if "submission-login" in line]
        self.assertTrue(ends, log)
        for line in ends:
            # It words so what a QUIT ends; else it says "Connection closed",
            # "Inactivity", "TLS handshaking".
            self.assertIn(QUIT, line)
        self.assertNotRegex(log, "SSL_|Error:|Warning:|Panic:")

    def test_both_ways_into_tls(self):
        for name in ("good", "good-rsa"):
            with self.subTest(name), Dovecot(
                    identities=[pki().identity(name)]) as server:
                clear = clear_target(server, module="submission")
                tls = tls_target(server)
                page = self.probe(clear, tls)
                self.assertEqual(page.all("smtp_auth_on_25"), {})

                labels = {"target": tls_facts.name(clear)}
                tls_facts.check_handshake(self, page, name, **labels)
                # In clear it lists AUTH with nothing behind it.
                self.assertEqual(tls_facts.capabilities(page, "no", **labels),
                                 sorted(INSIDE + ["STARTTLS"]))
                self.assertEqual(tls_facts.mechanisms(page, "no", **labels),
                                 [])
                self.assertEqual(tls_facts.capabilities(page, "yes", **labels),
                                 INSIDE)
                self.assertEqual(tls_facts.mechanisms(page, "yes", **labels),
                                 ["LOGIN", "PLAIN"])

                labels = {"target": tls_facts.name(tls)}
                tls_facts.check_handshake(self, page, name, starttls=False,
                                          **labels)
                self.assertEqual(tls_facts.capabilities(page, "no", **labels),
                                 [])
                self.assertEqual(tls_facts.capabilities(page, "yes", **labels),
                                 INSIDE)
                self.assertEqual(tls_facts.mechanisms(page, "yes", **labels),
                                 ["LOGIN", "PLAIN"])
                self.assert_polite(server)
                self.assertRegex(server.log(), re.escape(QUIT) + ".*, TLS,")

    def test_without_starttls(self):
        with Dovecot("disable_plaintext_auth = no") as server:
            page = self.probe(clear_target(server, module="submission"))
            self.assertEqual(page.failure(),
                             ("starttls", "starttls_not_advertised"))
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertEqual(tls_facts.mechanisms(page, "no"),
                             ["LOGIN", "PLAIN"])
            self.assert_polite(server)


if __name__ == "__main__":
    unittest.main()
