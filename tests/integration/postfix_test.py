#!/usr/bin/env python3
"""Postfix: smtpd, and postscreen in front of it."""

import re
import unittest

from harness import Prober, config
from pki import pki
from sasl_stub import SaslStub
from servers import Postfix

CLEAN = "disconnect from localhost[127.0.0.1] ehlo=1 quit=1 commands=2"
# What a rude client leaves in the log.
RUDE = re.compile("lost connection|PREGREET|HANGUP|pipelining|timeout after|"
                  "non-SMTP command|BARE NEWLINE|COMMAND TIME LIMIT")
KEYWORDS = ["8BITMIME", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "ETRN",
            "PIPELINING", "SIZE", "SMTPUTF8", "VRFY"]


class PostfixTest(unittest.TestCase):
    def target(self, server, **keys):
        return {"host": server.address, "port": server.port} | keys

    def assert_polite(self, server, probes):
        """Every conversation ended by QUIT, and nothing was complained of.
        For after the daemon's end."""
        log = server.log_until(
            lambda log: log.count(": connect from") ==
            log.count(": disconnect from") and log.count(CLEAN) >= probes)
        self.assertNotRegex(log, RUDE)
        self.assertGreaterEqual(log.count(CLEAN), probes, log)
        self.assertEqual(log.count(": connect from"),
                         log.count(": disconnect from"), log)

    def test_smtpd(self):
        with Postfix() as server:
            expect = {"banner": "mail.example.com"}
            with Prober(config(self.target(server, expect=expect))) as prober:
                page = prober.probed(times=2)
                labels = {"target": server.target, "module": "smtp",
                          "address": server.address}
                for name, value in [
                        ("smtp_reachable", 1), ("smtp_probe_success", 1),
                        ("smtp_starttls_advertised", 0),
                        ("smtp_auth_on_25", 0), ("smtp_esmtp", 1),
                        ("smtp_size_limit_bytes", 10240000),
                        ("smtp_banner_match", 1),
                        ("smtp_probe_failures_total", 0)]:
                    self.assertEqual(page.value(name, **labels), value, name)
                self.assertIsNone(page.failure())
                self.assertEqual(
                    page.label_values("smtp_capability", "capability",
                                      tls="no"), KEYWORDS)
                self.assertEqual(
                    page.label_values("smtp_banner_hostname_info",
                                      "hostname"), ["mail.example.com"])
                self.assertEqual(page.all("smtp_auth_mechanism"), {})
                phases = page.label_values(
                    "smtp_probe_phase_duration_seconds", "phase")
                for phase in ("connect", "greeting", "ehlo", "quit"):
                    self.assertIn(phase, phases)
                self.assertEqual(page.value("smtp_probe_interval_seconds"), 1)
            self.assert_polite(server, probes=2)

    def test_a_banner_that_is_not_the_expected_one(self):
        with Postfix({"smtpd_banner": "other.example.com ESMTP"}) as server:
            expect = {"banner": "mail.example.com"}
            with Prober(config(self.target(server, expect=expect))) as prober:
                page = prober.probed()
                self.assertEqual(page.value("smtp_banner_match"), 0)
                self.assertEqual(page.value("smtp_reachable"), 1)
                self.assertEqual(page.value("smtp_probe_success"), 1)
            # Nothing is expected of an address.
            with Prober(config(self.target(server))) as prober:
                page = prober.probed()
                self.assertIsNone(page.value("smtp_banner_match"))
            self.assert_polite(server, probes=2)

    def test_auth_in_both_spellings(self):
        with SaslStub() as sasl, Postfix(sasl.settings() | {
                "broken_sasl_auth_clients": "yes"}) as server:
            with Prober(config(server.target)) as prober:
                page = prober.probed()
                self.assertEqual(page.value("smtp_auth_on_25"), 1)
                self.assertEqual(
                    page.label_values("smtp_auth_mechanism", "mechanism",
                                      tls="no"), ["LOGIN", "PLAIN"])
                self.assertEqual(
                    page.label_values("smtp_capability", "capability"),
                    sorted(KEYWORDS + ["AUTH"]))
            self.assert_polite(server, probes=1)

    def test_a_submission_server_may_offer_auth(self):
        with SaslStub() as sasl, Postfix(sasl.settings()) as server:
            modules = {"users": {"role": "submission"}}
            target = self.target(server, module="users")
            with Prober(config(target, modules=modules)) as prober:
                page = prober.probed()
                self.assertIsNone(page.value("smtp_auth_on_25"))
                self.assertEqual(
                    page.label_values("smtp_auth_mechanism", "mechanism"),
                    ["LOGIN", "PLAIN"])

    def test_no_size_limit(self):
        # Then Postfix sends SIZE without an argument.
        with Postfix({"message_size_limit": "0"}) as server:
            with Prober(config(server.target)) as prober:
                page = prober.probed()
                self.assertEqual(page.value("smtp_reachable"), 1)
                self.assertIsNone(page.value("smtp_size_limit_bytes"))
                self.assertIn("SIZE", page.label_values("smtp_capability",
                                                        "capability"))

    def test_too_many_connections_hide_no_facts(self):
        with Postfix({"smtpd_client_connection_rate_limit": "1",
                      "anvil_rate_time_unit": "600s"},
                     identities=[pki().identity("good")]) as server:
            with Prober(config(server.target)) as prober:
                page = prober.scrape_until(failed, "a 421")
                self.assertEqual(page.failure(),
                                 ("greeting", "service_closing"))
                self.assertEqual(page.value("smtp_reachable"), 0)
                self.assertEqual(page.value("smtp_starttls_advertised"), 1)
                self.assertEqual(page.value("smtp_size_limit_bytes"),
                                 10240000)
                self.assertGreaterEqual(
                    page.value("smtp_probe_failures_total"), 1)
                # It backs off: the next probe is later than the interval.
                self.assertGreater(page.value("smtp_probe_interval_seconds"),
                                   1)

    def test_refused_by_access_list(self):
        with Postfix({"smtpd_delay_reject": "no",
                      "smtpd_client_restrictions":
                          "check_client_access static:reject"}) as server:
            with Prober(config(server.target)) as prober:
                page = prober.probed()
                self.assertEqual(page.failure(),
                                 ("greeting", "rejected_permanent"))
                self.assertEqual(page.value("smtp_reachable"), 0)
                self.assertIsNone(page.value("smtp_starttls_advertised"))
                self.assertIsNone(page.value("smtp_auth_on_25"))
                self.assertIsNone(page.value("smtp_esmtp"))
            # After a 554 greeting the server waits for QUIT (RFC 5321 3.1).
            ended = "disconnect from localhost[127.0.0.1] quit=1 commands=1"
            log = server.log_until(lambda log: ended in log)
            self.assertIn(ended, log)
            self.assertNotRegex(log, RUDE)

    def test_postscreen_waits_before_the_greeting(self):
        with Postfix({"postscreen_greet_wait": "3s",
                      "postscreen_greet_action": "enforce",
                      # Every probe is a first contact.
                      "postscreen_greet_ttl": "1s",
                      "postscreen_dnsbl_sites": "",
                      "postscreen_access_list": "",
                      "mynetworks": "192.0.2.0/24"},
                     postscreen=True) as server:
            with Prober(config(server.target, interval="2s")) as prober:
                page = prober.probed()
                self.assertEqual(page.value("smtp_reachable"), 1)
                self.assertGreater(
                    page.value("smtp_probe_phase_duration_seconds",
                               phase="greeting"), 3)
                self.assertEqual(
                    page.label_values("smtp_banner_hostname_info",
                                      "hostname"), ["mail.example.com"])
                prober.until(lambda: CLEAN in server.log(), "disconnect")
                log = server.log()
            self.assertIn("PASS NEW [127.0.0.1]", log)
            self.assertNotRegex(log, RUDE)


def failed(page):
    return page.failure() is not None


if __name__ == "__main__":
    unittest.main()
