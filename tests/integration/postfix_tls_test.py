#!/usr/bin/env python3
"""Postfix and TLS: smtpd with STARTTLS and in wrapper mode, and tlsproxy
behind postscreen."""

import re
import unittest

import tls_facts
from harness import Prober, config
from pki import pki
from sasl_stub import SaslStub
from servers import Postfix
from tls_facts import clear_target, tls_target

DISCONNECT = "disconnect from localhost[127.0.0.1] "
CLEAN = DISCONNECT + "ehlo=2 starttls=1 quit=1 commands=4"
CLEAN_WRAPPED = DISCONNECT + "ehlo=1 quit=1 commands=2"
# What a client leaves in the log that is rude, in TLS or in SMTP.
RUDE = re.compile("lost connection|PREGREET|HANGUP|pipelining|timeout after|"
                  "SSL_accept|TLS library problem|abort: TLS|"
                  "non-SMTP command|BARE NEWLINE|COMMAND TIME LIMIT")
KEYWORDS = ["8BITMIME", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "ETRN",
            "PIPELINING", "SIZE", "SMTPUTF8", "VRFY"]
MECHANISMS = ["LOGIN", "PLAIN"]
EXPIRED = ("10", "cert_has_expired")


def postfix(name="good", settings=None, **keys):
    return Postfix(settings, identities=[pki().identity(name)], **keys)


class PostfixTlsTest(unittest.TestCase):
    def probe(self, *targets, **settings):
        with Prober(config(*targets, **settings)) as prober:
            return prober.probed()

    def assert_polite(self, server, *endings):
        """Every conversation ended by QUIT, and each of `endings` was seen.
        For after the daemon's end, which cuts the last ones short."""
        def ended(log):
            return (log.count(": connect from") ==
                    log.count(": disconnect from") > 0)
        log = server.log_until(ended)
        self.assertTrue(ended(log), log)
        self.assertNotRegex(log, RUDE)
        for line in log.splitlines():
            if ": disconnect from" in line:
                self.assertIn(" quit=1 ", line, log)
        for ending in endings:
            self.assertIn(ending + "\n", log)

    def test_both_ways_into_tls(self):
        with SaslStub() as sasl, postfix(settings=sasl.settings() | {
                "smtpd_tls_auth_only": "yes"}) as server:
            clear, tls = clear_target(server), tls_target(server)
            page = self.probe(clear, tls)
            inside = sorted(KEYWORDS + ["AUTH"])

            labels = {"target": tls_facts.name(clear), "module": "smtp",
                      "address": server.address}
            tls_facts.check_handshake(self, page, **labels)
            self.assertEqual(
                page.value("smtp_starttls_advertised", **labels), 1)
            self.assertEqual(
                tls_facts.capabilities(page, "no", **labels),
                sorted(KEYWORDS + ["STARTTLS"]))
            self.assertEqual(
                tls_facts.capabilities(page, "yes", **labels), inside)
            self.assertEqual(tls_facts.mechanisms(page, "no", **labels), [])
            self.assertEqual(tls_facts.mechanisms(page, "yes", **labels),
                             MECHANISMS)
            # Offered inside TLS only, it is offered all the same.
            self.assertEqual(page.value("smtp_auth_on_25", **labels), 1)

            labels |= {"target": tls_facts.name(tls),
                       "module": "submissions"}
            tls_facts.check_handshake(self, page, starttls=False, **labels)
            self.assertIsNone(page.value("smtp_starttls_advertised", **labels))
            self.assertEqual(tls_facts.capabilities(page, "no", **labels), [])
            self.assertEqual(
                tls_facts.capabilities(page, "yes", **labels), inside)
            self.assertEqual(tls_facts.mechanisms(page, "yes", **labels),
                             MECHANISMS)
            self.assertEqual(page.all("smtp_quirk"), {})
            self.assert_polite(server, CLEAN, CLEAN_WRAPPED)
            self.assertIn("TLS connection established", server.log())

    def test_a_bad_certificate(self):
        for name, verdict, name_match, reason in [
                ("good", tls_facts.OK, 1, None),
                ("expired", EXPIRED, 1, "certificate_untrusted"),
                ("wrong-name", tls_facts.OK, 0, "certificate_name")]:
            with self.subTest(name), postfix(name) as server:
                def check_facts(page, **labels):
                    self.assertEqual(page.value("smtp_reachable", **labels), 1)
                    self.assertEqual(
                        tls_facts.capabilities(page, "yes", **labels),
                        KEYWORDS)
                    tls_facts.check_certificate(self, page, name, verdict,
                                                name_match, **labels)

                # A fact, and no more than that.
                page = self.probe(clear_target(server))
                self.assertIsNone(page.failure())
                self.assertEqual(page.value("smtp_probe_success"), 1)
                check_facts(page)

                # Where a good one is demanded, a failure. The rest is asked as
                # ever.
                verify = {"verify": True}
                targets = [clear_target(server, tls=verify),
                           tls_target(server, tls=verify)]
                page = self.probe(*targets)
                for target in targets:
                    labels = {"target": tls_facts.name(target)}
                    self.assertEqual(page.failure(**labels),
                                     reason and ("tls", reason))
                    self.assertEqual(
                        page.value("smtp_probe_success", **labels),
                        0 if reason else 1)
                    check_facts(page, **labels)
                self.assertEqual(page.value("smtp_starttls_success"), 1)
                self.assert_polite(server, CLEAN, CLEAN_WRAPPED)

    def test_expectations(self):
        expect = {"tls_min_version": "TLS1.2", "certificate_days": 14}
        for name, days in [("good", 1), ("expiring", 0)]:
            with self.subTest(name), postfix(name) as server:
                page = self.probe(clear_target(server, expect=expect))
                for expectation, met in [("tls_min_version", 1),
                                         ("certificate_days", days)]:
                    self.assertEqual(
                        page.value("smtp_expectation_met",
                                   expectation=expectation), met, expectation)
                self.assertEqual(page.value("smtp_probe_success"), 1)

    def test_rsa_and_ecdsa(self):
        both = [pki().identity("good"), pki().identity("good-rsa")]
        with Postfix(identities=both) as server:
            target = clear_target(
                server, tls={"certificate_types": ["ecdsa", "rsa"]})
            with Prober(config(target)) as prober:
                family = "smtp_tls_certificate_not_after_timestamp_seconds"
                # Three conversations, in any order.
                page = prober.scrape_until(
                    lambda page: len(page.all(family)) >= 2 and
                    page.all("smtp_reachable"), "both certificates")
                self.assertEqual(page.label_values(family, "key"),
                                 ["ecdsa256", "rsa2048"])
                for name in ("good", "good-rsa"):
                    tls_facts.check_certificate(self, page, name)
                # Of all else there is only what the first conversation saw.
                self.assertEqual(page.value("smtp_reachable"), 1)
                self.assertEqual(len(page.all("smtp_tls_info")), 1)
            self.assert_polite(server, CLEAN)
            log = server.log()
            for algorithm in ("ECDSA (prime256v1)", "RSA-PSS (2048 bits)"):
                self.assertIn(f"server-signature {algorithm}", log)

    def check_version(self, server, tls, version, failure=None):
        page = self.probe(clear_target(server, tls=tls))
        self.assertEqual(page.failure(), failure)
        self.assertEqual(page.label_values("smtp_tls_info", "version"),
                         [version])
        tls_facts.check_certificate(self, page, "good")

    def test_versions(self):
        with postfix(settings={"smtpd_tls_protocols": "TLSv1.2"}) as server:
            self.check_version(server, {}, "TLS1.2")
            self.check_version(server, {"min_version": "TLS1.2"}, "TLS1.2")
            # Too old: told when the handshake is over, with all it showed.
            self.check_version(server, {"min_version": "TLS1.3"}, "TLS1.2",
                               ("tls", "tls_local_policy"))
            self.assert_polite(server, CLEAN)
        with postfix() as server:
            self.check_version(server, {"min_version": "TLS1.3"}, "TLS1.3")
            self.check_version(server, {"max_version": "TLS1.2"}, "TLS1.2")
            self.assert_polite(server, CLEAN)

    def test_no_version_in_common(self):
        with postfix(settings={"smtpd_tls_protocols": ">=TLSv1.3"}) as server:
            self.check_version(server, {}, "TLS1.3")
            self.assert_polite(server, CLEAN)
            page = self.probe(
                clear_target(server, tls={"max_version": "TLS1.2"}))
            # It says protocol_version (70).
            self.assertEqual(page.failure(), ("tls", "tls_alert"))
            self.assertEqual(page.value("smtp_starttls_advertised"), 1)
            self.assertEqual(page.value("smtp_starttls_success"), 0)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertEqual(page.all("smtp_tls_info"), {})

    @staticmethod
    def client_certificate():
        return {"cert_file": str(pki().certificate("client")),
                "key_file": str(pki().key("client"))}

    def test_a_client_certificate_may_be_asked_for(self):
        with postfix(settings={"smtpd_tls_ask_ccert": "yes"},
                     client_roots=pki().roots) as server:
            for tls, known_as in [({}, "Anonymous"),
                                  (self.client_certificate(), "Trusted")]:
                page = self.probe(clear_target(server, tls=tls))
                tls_facts.check_handshake(self, page)
                self.assertIn(known_as + " TLS connection established",
                              server.log())
            self.assert_polite(server, CLEAN)

    def test_a_client_certificate_may_be_demanded(self):
        with postfix(settings={"smtpd_tls_security_level": "encrypt",
                               "smtpd_tls_req_ccert": "yes"},
                     client_roots=pki().roots) as server:
            def probe(tls):
                clear = clear_target(server, module="submission", tls=tls)
                wrapped = tls_target(server, tls=tls)
                page = self.probe(clear, wrapped)
                for target in (clear, wrapped):
                    tls_facts.check_certificate(
                        self, page, "good", target=tls_facts.name(target))
                self.assertEqual(page.value("smtp_starttls_success"), 1)
                return (page.failure(target=tls_facts.name(clear)),
                        page.failure(target=tls_facts.name(wrapped)))

            self.assertEqual(probe(self.client_certificate()), (None, None))
            self.assert_polite(server, CLEAN, CLEAN_WRAPPED)
            # smtpd finishes the handshake without one too, and says 421 where
            # it has to speak next: to EHLO, or in place of the greeting.
            self.assertEqual(probe({}), (("ehlo_tls", "service_closing"),
                                         ("greeting", "service_closing")))

    def test_too_many_tls_sessions(self):
        with postfix(settings={"smtpd_client_new_tls_session_rate_limit": "1",
                               "anvil_rate_time_unit": "600s"}) as server:
            with Prober(config(clear_target(server))) as prober:
                # The second time smtpd says 421 inside TLS at once and closes
                # while our EHLO is on its way: what is reset or merely closed
                # then has often lost the 421.
                match = prober.run.wait_for_line(
                    "phase=ehlo_tls reason=(closed|reset|service_closing) ")
                self.assertIsNotNone(match)
                # From the third time on it refuses STARTTLS.
                refused = ("starttls", "rejected_temporary")
                page = prober.scrape_until(
                    lambda page: page.failure() == refused, refused)
                self.assertEqual(page.value("smtp_starttls_advertised"), 1)
                self.assertEqual(page.value("smtp_starttls_success"), 0)
                self.assertEqual(page.value("smtp_reachable"), 1)
                # What the first time showed remains.
                self.assertEqual(tls_facts.capabilities(page, "yes"),
                                 KEYWORDS)
                tls_facts.check_certificate(self, page, "good")

    def test_a_server_without_its_certificate(self):
        with postfix(settings={
                "smtpd_tls_chain_files": "",
                "smtpd_tls_cert_file": "/mnt/none.pem"}) as server:
            page = self.probe(clear_target(server))
            self.assertEqual(page.failure(),
                             ("starttls", "rejected_temporary"))
            self.assertEqual(page.value("smtp_starttls_advertised"), 1)
            self.assertEqual(page.value("smtp_starttls_success"), 0)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assert_polite(
                server, DISCONNECT + "ehlo=1 starttls=0/1 quit=1 commands=2/3")

    def test_starttls_that_is_not_offered(self):
        with Postfix() as server:
            page = self.probe(clear_target(server, module="submission"))
            self.assertEqual(page.failure(),
                             ("starttls", "starttls_not_advertised"))
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertEqual(page.value("smtp_probe_success"), 0)
            self.assertEqual(page.value("smtp_starttls_advertised"), 0)
            self.assertIsNone(page.value("smtp_starttls_success"))
            self.assert_polite(server, CLEAN_WRAPPED)

    def test_the_wrong_port(self):
        with postfix() as server:
            page = self.probe(tls_target(server, port=server.port))
            self.assertEqual(page.failure(), ("tls", "plain_on_tls_port"))
            self.assertEqual(page.value("smtp_reachable"), 0)
            # The other way round both wait for each other.
            page = self.probe(clear_target(server, port=server.tls_port),
                              timeouts={"greeting": "1s"})
            self.assertEqual(page.failure(), ("greeting", "timeout"))

    def test_tlsproxy_behind_postscreen(self):
        with postfix(settings={
                "postscreen_greet_wait": "1s", "postscreen_dnsbl_sites": "",
                "postscreen_access_list": "",
                # With this test postscreen plays the server itself. Every
                # probe is a first contact.
                "postscreen_pipelining_enable": "yes",
                "postscreen_greet_ttl": "1s",
                "postscreen_pipelining_ttl": "1s",
                "mynetworks": "192.0.2.0/24"}, postscreen=True) as server:
            target = clear_target(server)
            page = self.probe(target, interval="2s")
            labels = {"target": tls_facts.name(target)}
            tls_facts.check_handshake(self, page, **labels)
            inside = sorted(set(KEYWORDS) - {"PIPELINING"})
            self.assertEqual(tls_facts.capabilities(page, "yes"), inside)
            self.assertEqual(tls_facts.capabilities(page, "no"),
                             sorted(inside + ["STARTTLS"]))

            def ended(log):
                return all(log.count(f"{service}: CONNECT") ==
                           log.count(f"{service}: DISCONNECT") > 0
                           for service in ("postscreen", "tlsproxy"))
            log = re.sub(r"\[\d+\]:", ":", server.log_until(
                lambda log: ended(re.sub(r"\[\d+\]:", ":", log))))
            self.assertTrue(ended(log), log)
            self.assertNotRegex(log, RUDE)


if __name__ == "__main__":
    unittest.main()
