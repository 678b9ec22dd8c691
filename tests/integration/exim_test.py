#!/usr/bin/env python3
"""Exim: a server with a date in its greeting, many ways to say no, and the
TLS of another library (GnuTLS)."""

import re
import unittest

import tls_facts
from harness import Prober, config
from pki import pki
from servers import Exim
from tls_facts import clear_target, tls_target

INSIDE = ["8BITMIME", "CHUNKING", "HELP", "PIPECONNECT", "PIPELINING", "SIZE",
          "SMTPUTF8"]
# AUTH inside TLS only.
USERS = {"settings": "auth_advertise_hosts = ${if def:tls_in_cipher{*}}",
         "authenticators": "plain:\n  driver = plaintext\n"
                           "  public_name = PLAIN\n"
                           "  server_condition = false\n"}
DEMANDING = ("tls_verify_hosts = *\n"
             "tls_verify_certificates = /mnt/clients.pem")


def exim(name="good", **keys):
    return Exim(identities=[pki().identity(name)], **keys)


class EximTest(unittest.TestCase):
    def probe(self, *targets, **settings):
        with Prober(config(*targets, **settings)) as prober:
            return prober.probed()

    def assert_polite(self, server):
        log = server.log_until(lambda log: "closed by QUIT" in log)
        self.assertIn("closed by QUIT", log)
        self.assert_nothing_rude(log)

    def assert_nothing_rude(self, log):
        for rude in ("synchronization error", "lost", "unexpected",
                     "unrecognized command", "syntax or protocol",
                     "TLS error", "closed by EOF"):
            self.assertNotIn(rude, log)

    def test_defaults(self):
        with Exim() as server:
            page = self.probe(server.target)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertEqual(page.value("smtp_starttls_advertised"), 1)
            self.assertEqual(page.value("smtp_auth_on_25"), 0)
            self.assertEqual(page.value("smtp_size_limit_bytes"), 52428800)
            self.assertEqual(
                tls_facts.capabilities(page, "no"),
                sorted(INSIDE + ["STARTTLS"]))
            self.assertEqual(tls_facts.capabilities(page, "yes"), INSIDE)
            # Without a certificate it makes one up as it starts.
            self.assertEqual(page.value("smtp_probe_success"), 1)
            self.assertEqual(page.value("smtp_starttls_success"), 1)
            self.assertEqual(page.value("smtp_tls_certificate_trusted"), 0)
            self.assertEqual(
                page.label_values("smtp_tls_verify_info", "reason"),
                ["depth_zero_self_signed_cert"])
            self.assertEqual(
                page.label_values("smtp_banner_hostname_info", "hostname"),
                ["mail.example.com"])
            self.assert_polite(server)

    def test_greeting_of_several_lines(self):
        with Exim(settings='smtp_banner = "mail.example.com ESMTP\\n'
                           'No UBE here\\nreally"') as server:
            page = self.probe(server.target)
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
            page = self.probe(server.target)
            self.assertEqual(page.value("smtp_starttls_advertised"), 0)
            self.assertEqual(page.value("smtp_auth_on_25"), 1)
            self.assertEqual(
                page.label_values("smtp_auth_mechanism", "mechanism"),
                ["PLAIN"])
            self.assert_polite(server)

    def test_no_message_size_limit(self):
        with Exim(settings="message_size_limit = 0") as server:
            page = self.probe(server.target)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertIsNone(page.value("smtp_size_limit_bytes"))
            self.assertIn("SIZE", tls_facts.capabilities(page, "no"))

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
                page = self.probe(server.target)
                self.assertEqual(page.failure(), failure)
                self.assertEqual(page.value("smtp_reachable"), 0)
                self.assertIsNone(page.value("smtp_starttls_advertised"))
                self.assertIsNone(page.value("smtp_auth_on_25"))
                log = server.log_until(lambda log: "rejected" in log)
                self.assertIn("rejected", log)
                self.assert_nothing_rude(log)

    def test_both_ways_into_tls(self):
        with exim(**USERS) as server:
            clear, tls = clear_target(server), tls_target(server)
            page = self.probe(clear, tls)
            inside = sorted(INSIDE + ["AUTH"])

            labels = {"target": tls_facts.name(clear)}
            tls_facts.check_handshake(self, page, **labels)
            self.assertEqual(tls_facts.capabilities(page, "no", **labels),
                             sorted(INSIDE + ["STARTTLS"]))
            self.assertEqual(tls_facts.capabilities(page, "yes", **labels),
                             inside)
            self.assertEqual(tls_facts.mechanisms(page, "no", **labels), [])
            self.assertEqual(tls_facts.mechanisms(page, "yes", **labels),
                             ["PLAIN"])
            self.assertEqual(page.value("smtp_auth_on_25", **labels), 1)

            labels = {"target": tls_facts.name(tls)}
            tls_facts.check_handshake(self, page, starttls=False, **labels)
            self.assertEqual(tls_facts.capabilities(page, "no", **labels), [])
            self.assertEqual(tls_facts.capabilities(page, "yes", **labels),
                             inside)
            self.assertEqual(page.all("smtp_quirk"), {})
            self.assert_polite(server)
            self.assert_every_one_ended_by_quit(server)
            for commands in ("EHLO,STARTTLS,EHLO,QUIT", "EHLO,QUIT"):
                self.assertRegex(
                    server.log(), rf" X=TLS1\.3:\S+ .*C={commands}\n")
            # The name that was sent as SNI.
            self.assertIn("SNI=mx.example.com", server.log())

    def assert_every_one_ended_by_quit(self, server):
        began = re.compile(r"SMTP connection from \S+ I=\S+ \(TCP")
        log = server.log_until(
            lambda log: len(began.findall(log)) ==
            log.count("closed by QUIT") == log.count("no MAIL in SMTP"))
        self.assertEqual(len(began.findall(log)), log.count("closed by QUIT"),
                         log)

    def test_whom_starttls_is_offered_to(self):
        with exim(settings="tls_advertise_hosts = 192.0.2.1") as server:
            page = self.probe(clear_target(server),
                              tls_target(server))
            labels = {"target": server.target}
            self.assertIsNone(page.failure(**labels))
            self.assertEqual(page.value("smtp_starttls_advertised"), 0)
            self.assertEqual(
                page.all("smtp_tls_certificate_trusted", **labels), {})
            self.assert_polite(server)

    def test_rsa_and_ecdsa(self):
        with Exim(identities=[pki().identity("good"),
                              pki().identity("good-rsa")]) as server:
            target = clear_target(
                server, tls={"certificate_types": ["ecdsa", "rsa"]})
            with Prober(config(target)) as prober:
                page = prober.scrape_until(
                    lambda page: len(page.all("smtp_tls_verify_info")) >= 2,
                    "both certificates")
                for name in ("good", "good-rsa"):
                    tls_facts.check_certificate(self, page, name)
            self.assert_polite(server)

    def test_a_client_certificate_is_demanded(self):
        ours = {"cert_file": str(pki().certificate("client")),
                "key_file": str(pki().key("client"))}
        # With TLS 1.3 the alert comes when the handshake is over for us.
        alert = ("tls", "tls_alert")
        for tls, failure in [({}, alert), ({"max_version": "TLS1.2"}, alert),
                             (ours, None)]:
            with self.subTest(tls), exim(settings=DEMANDING,
                                          client_roots=pki().roots) as server:
                targets = [clear_target(server, tls=tls),
                           tls_target(server, tls=tls)]
                page = self.probe(*targets)
                for target in targets:
                    labels = {"target": tls_facts.name(target)}
                    self.assertEqual(page.failure(**labels), failure)
                labels = {"target": tls_facts.name(targets[0])}
                self.assertEqual(page.value("smtp_reachable", **labels), 1)
                self.assertEqual(page.value("smtp_starttls_success", **labels),
                                 0 if failure else 1)
                log = server.log_until(lambda log: "no MAIL in SMTP" in log)
                if failure:
                    self.assertRegex(log, "Certificate is required|"
                                          "No certificate was found")
                else:
                    self.assert_polite(server)
                    self.assertIn("CV=yes", log)

    def test_slow_connect(self):
        with Exim("acl_smtp_connect = gate",
                  acls="gate:\n  accept delay = 2s\n") as server:
            page = self.probe(server.target)
            self.assertEqual(page.value("smtp_reachable"), 1)
            self.assertGreater(
                page.value("smtp_probe_phase_duration_seconds",
                           phase="greeting"), 2)
            self.assert_polite(server)


if __name__ == "__main__":
    unittest.main()
