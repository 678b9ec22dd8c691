#!/usr/bin/env python3
"""Postfix's smtp-sink with each of its faults, all probed at once."""

import contextlib
import unittest

from harness import Prober, config
from servers import SmtpSink

ALL = {"PIPELINING", "8BITMIME", "AUTH", "XCLIENT", "XFORWARD",
       "ENHANCEDSTATUSCODES", "DSN"}
HELO_ONLY = {"smtp_esmtp": 0, "smtp_starttls_advertised": 0,
             "smtp_auth_on_25": 0}

# Options, the latest failure, gauges, capabilities (None: not looked at).
CASES = [
    ([], None, {"smtp_esmtp": 1, "smtp_auth_on_25": 1,
                "smtp_starttls_advertised": 0,
                "smtp_size_limit_bytes": None}, ALL),
    # A PIX firewall: stars in the greeting, no EHLO.
    (["-P"], None, HELO_ONLY, set()),
    (["-e"], None, HELO_ONLY, set()),
    (["-f", "EHLO"], None, HELO_ONLY, set()),
    (["-L"], ("ehlo", "rejected_permanent"), {}, None),
    # A 5xx greeting, and EHLO would be answered by 250.
    (["-f", "CONNECT"], ("greeting", "rejected_permanent"), {}, None),
    (["-r", "CONNECT"], ("greeting", "rejected_temporary"), {}, None),
    (["-Q", "CONNECT"], ("greeting", "service_closing"), {}, None),
    (["-q", "CONNECT"], ("greeting", "closed"), {}, None),
    (["-r", "EHLO"], ("ehlo", "rejected_temporary"), {}, None),
    (["-Q", "EHLO"], ("ehlo", "service_closing"), {}, None),
    (["-q", "EHLO"], ("ehlo", "closed"), {}, None),
    # A failing QUIT is no failed probe.
    (["-q", "QUIT"], None, {"smtp_esmtp": 1}, ALL),
    (["-Q", "QUIT"], None, {"smtp_esmtp": 1}, ALL),
    (["-f", "QUIT"], None, {"smtp_esmtp": 1}, ALL - {"PIPELINING"}),
    (["-W", "CONNECT:2"], None, {"smtp_esmtp": 1}, ALL),
    (["-a"], None, {"smtp_auth_on_25": 0}, ALL - {"AUTH"}),
    (["-8"], None, {}, ALL - {"8BITMIME"}),
    (["-p"], None, {}, ALL - {"PIPELINING"}),
    (["-E"], None, {}, ALL - {"ENHANCEDSTATUSCODES"}),
    (["-N"], None, {}, ALL - {"DSN"}),
    (["-F"], None, {}, ALL - {"XFORWARD"}),
    (["-C"], None, {}, ALL - {"XCLIENT"}),
    (["-h", "sink.example.com"], None, {}, ALL),
]
FACTS = ["smtp_esmtp", "smtp_starttls_advertised", "smtp_auth_on_25",
         "smtp_observed_timestamp_seconds"]


class SmtpSinkTest(unittest.TestCase):
    def check(self, page, target, failure, gauges, capabilities):
        self.assertEqual(page.failure(target=target), failure)
        well = 1 if failure is None else 0
        self.assertEqual(page.value("smtp_reachable", target=target), well)
        self.assertEqual(page.value("smtp_probe_success", target=target),
                         well)
        for name, value in gauges.items():
            self.assertEqual(page.value(name, target=target), value, name)
        found = page.label_values("smtp_capability", "capability",
                                  target=target)
        if failure is not None:
            # Nothing was observed: nothing is claimed.
            self.assertEqual(found, [])
            for name in FACTS:
                self.assertIsNone(page.value(name, target=target), name)
        elif capabilities is not None:
            self.assertEqual(found, sorted(capabilities))

    def test_every_fault(self):
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(SmtpSink(*case[0]))
                       for case in CASES]
            prober = stack.enter_context(
                Prober(config(*(s.target for s in servers))))
            page = prober.probed()
            for server, case in zip(servers, CASES):
                with self.subTest(" ".join(case[0])):
                    self.check(page, server.target, *case[1:])
            by_option = {" ".join(case[0]): server.target
                         for server, case in zip(servers, CASES)}
            self.assertEqual(
                page.value("smtp_quirk", quirk="middlebox_masked",
                           target=by_option["-P"]), 1)
            self.assertGreater(
                page.value("smtp_probe_phase_duration_seconds",
                           phase="greeting",
                           target=by_option["-W CONNECT:2"]), 1.9)
            self.assertEqual(
                page.label_values("smtp_banner_hostname_info", "hostname",
                                  target=by_option["-h sink.example.com"]),
                ["sink.example.com"])


if __name__ == "__main__":
    unittest.main()
