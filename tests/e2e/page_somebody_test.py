#!/usr/bin/env python3
"""From a mail server that falls sick to the message that somebody gets, and
that nobody gets another one.

All of it is real but time, which runs faster (mail_watch.TIME): Postfix, the
daemon, Prometheus with the shipped rules, Alertmanager with the shipped routes.
Only where the messages go is replaced.
"""

import contextlib
import threading
import time
import unittest

from mail_watch import TIME, MailWatch
from pki import pki

PAGER = "smtp-pager"
# From a fault to its message, and from its end to the message about that.
# Only a failing test waits this long.
PATIENCE = 90
# Longer than anything would take that still came: what the slowest rule waits
# for since the fault (25m), and Alertmanager.
QUIET = TIME.seconds("25m")
GROUP_INTERVAL = TIME.seconds("5m")
# From a fault to its message: what the table of packaging/prometheus/README.md
# says, two minutes for scraping and evaluating, group_wait; and half as much
# again or more, because who is a second late here is a minute late.
SOON = TIME.seconds("14m")
UNREACHABLE = TIME.seconds("20m")


def page(alert, whom, status="firing", times=1):
    """A message to the pager about one alert, seen by so many exporters."""
    return PAGER, status, [(alert, whom, "critical", status)] * times


class PageSomebodyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.watch = cls.enterClassContext(MailWatch(
            "no-starttls", "flapping", "stopped", "auth", "expired", "busy",
            "seen-twice"))

    def setUp(self):
        self.watch.until(self.watch.healthy, "a healthy beginning")
        self.seen = len(self.watch.told())

    def expect(self, *messages):
        """Waits for these messages, in any order. There are to be no others."""
        end = self.seen + len(messages)
        self.watch.receiver.wait_for(lambda all: len(all) >= end, PATIENCE)
        self.assertCountEqual(self.watch.told()[self.seen:], messages,
                              self.watch.report())
        self.seen = end

    def assert_soon(self, broken):
        """The messages came in time after servers were `broken`, {name: when}."""
        for message in self.watch.receiver.notifications():
            for alert, labels, status in message.alerts:
                name = self.watch.whom(labels)
                if status == "resolved" or name not in broken:
                    continue
                limit = UNREACHABLE if "Unreachable" in alert else SOON
                self.assertLess(message.at - broken[name], limit,
                                f"{alert}\n{self.watch.report()}")

    def expect_nothing(self, seconds):
        self.watch.receiver.wait_for(lambda all: len(all) > self.seen, seconds)
        self.assertEqual(self.watch.told()[self.seen:], [],
                         self.watch.report())

    @contextlib.contextmanager
    def flapping(self, server):
        """STARTTLS goes with one probe and comes with the next."""
        enough = threading.Event()

        def flap():
            while not enough.is_set():
                for level in ("none", "may"):
                    self.watch.servers[server].change(
                        {"smtpd_tls_security_level": level})
                    self.watch.probed(server)
        thread = threading.Thread(target=flap)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    def test_sick_servers(self):
        servers = self.watch.servers
        broken = {}
        with self.flapping("flapping"):
            servers["no-starttls"].change({"smtpd_tls_security_level": "none"})
            broken["no-starttls"] = time.monotonic()
            servers["stopped"].stop()
            broken["stopped"] = time.monotonic()
            servers["auth"].change({"smtpd_sasl_auth_enable": "yes"})
            broken["auth"] = time.monotonic()
            servers["expired"].change_identity(*pki().identity("expired"))
            broken["expired"] = time.monotonic()
            # One connection, and 421 to all others.
            servers["busy"].change({"smtpd_client_connection_rate_limit": "1",
                                    "anvil_rate_time_unit": "600s"})
            # With a third 421 it would rightly be unreachable.
            self.watch.probed("busy", 2, "smtp_probe_failures_total")
            servers["busy"].change({"smtpd_client_connection_rate_limit": "0"})
            sick = [("SMTPStarttlsDisappeared", "no-starttls"),
                    ("SMTPStarttlsDisappeared", "flapping"),
                    ("SMTPHostUnreachable", "stopped"),
                    ("SMTPAuthInClear", "auth"),
                    ("SMTPCertificateExpired", "expired")]
            self.expect(*(page(alert, whom) for alert, whom in sick))
            self.assert_soon(broken)
            self.expect_nothing(QUIET)
        servers["no-starttls"].change({"smtpd_tls_security_level": "may"})
        servers["stopped"].__enter__()
        servers["auth"].change({"smtpd_sasl_auth_enable": "no"})
        servers["expired"].change_identity(*pki().identity("good"))
        self.expect(*(page(alert, whom, "resolved") for alert, whom in sick))
        self.expect_nothing(GROUP_INTERVAL)

    def test_a_dead_exporter(self):
        self.watch.prober.run.kill()
        self.expect(page("SMTPExporterDown", "exporter"))
        self.expect_nothing(QUIET)
        self.watch.prober.start_again()
        self.expect(page("SMTPExporterDown", "exporter", "resolved"))
        self.expect_nothing(GROUP_INTERVAL)

    # The last by its name: when the second exporter has gone, the rules miss it.
    def test_two_exporters(self):
        self.enterClassContext(self.watch.exporter("second exporter"))
        self.watch.until(
            lambda: len(self.watch.prometheus.query("up == 1")) == 2 and
            self.watch.healthy(), "a healthy pair")
        server = self.watch.servers["seen-twice"]
        server.change({"smtpd_tls_security_level": "none"})
        name = "SMTPStarttlsDisappeared"
        self.expect(page(name, "seen-twice", times=2))
        self.expect_nothing(2 * GROUP_INTERVAL)
        server.change({"smtpd_tls_security_level": "may"})

        def over(messages):
            return messages[-1].status == "resolved"
        self.watch.receiver.wait_for(over, PATIENCE)
        *updates, end = self.watch.told()[self.seen:]
        self.assertIn(end, [page(name, "seen-twice", "resolved", times)
                            for times in (1, 2)], self.watch.report())
        # One exporter may see it well a turn of Alertmanager earlier.
        self.assertIn(
            [(receiver, status, sorted(alerts, key=str))
             for receiver, status, alerts in updates],
            [[], [(PAGER, "firing",
                   [(name, "seen-twice", "critical", status)
                    for status in ("firing", "resolved")])]],
            self.watch.report())


if __name__ == "__main__":
    unittest.main()
