#!/usr/bin/env python3
"""From a mail server that falls sick to the message that somebody gets, and
that nobody gets another one.

All of it is real but time, which runs faster (mail_watch.TIME): Postfix, the
daemon, Prometheus with the shipped rules, Alertmanager with the shipped routes.
Only where the messages go is replaced.
"""

import contextlib
import threading
import unittest

from harness import Prober
from mail_watch import TIME, MailWatch
from pki import pki

PAGER = "smtp-pager"
# From a fault to its message, and from its end to the message about that.
# Only a failing test waits this long.
PATIENCE = 90
# Longer than anything that would still come: what the slowest rules wait for,
# and then Alertmanager.
QUIET = TIME.seconds("15m") + TIME.seconds("5m")


def page(alert, whom, status="firing", times=1):
    """A message to the pager about one alert, seen by so many exporters."""
    return PAGER, status, [(alert, whom, "critical", status)] * times


class PageSomebodyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.watch = cls.enterClassContext(MailWatch(
            "no-starttls", "flapping", "stopped", "auth", "expired", "busy",
            "healthy"))

    def setUp(self):
        self.watch.until(self.watch.healthy, "a healthy beginning")
        self.seen = len(self.watch.told())

    def expect(self, *messages):
        """Waits for these messages, in any order, and takes no others."""
        end = self.seen + len(messages)
        self.watch.receiver.wait_for(lambda all: len(all) >= end, PATIENCE)
        self.assertCountEqual(self.watch.told()[self.seen:], messages,
                              self.watch.report())
        self.seen = end

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
        yield
        enough.set()
        thread.join()

    def test_sick_servers(self):
        servers = self.watch.servers
        with self.flapping("flapping"):
            servers["no-starttls"].change({"smtpd_tls_security_level": "none"})
            servers["stopped"].stop()
            servers["auth"].change({"smtpd_sasl_auth_enable": "yes"})
            servers["expired"].change_identity(*pki().identity("expired"))
            # One connection, and 421 to all others.
            servers["busy"].change({"smtpd_client_connection_rate_limit": "1",
                                    "anvil_rate_time_unit": "600s"})
            self.watch.probed("busy", 4)
            servers["busy"].change({"smtpd_client_connection_rate_limit": "0"})
            sick = [("SMTPStarttlsDisappeared", "no-starttls"),
                    ("SMTPStarttlsDisappeared", "flapping"),
                    ("SMTPHostUnreachable", "stopped"),
                    ("SMTPAuthInClear", "auth"),
                    ("SMTPCertificateExpired", "expired")]
            self.expect(*(page(alert, whom) for alert, whom in sick))
            self.expect_nothing(QUIET)
        servers["no-starttls"].change({"smtpd_tls_security_level": "may"})
        servers["stopped"].__enter__()
        servers["auth"].change({"smtpd_sasl_auth_enable": "no"})
        servers["expired"].change_identity(*pki().identity("good"))
        self.expect(*(page(alert, whom, "resolved") for alert, whom in sick))
        self.expect_nothing(TIME.seconds("5m"))

    def test_a_dead_exporter(self):
        self.watch.prober.run.kill()
        self.expect(page("SMTPExporterDown", "exporter"))
        self.expect_nothing(QUIET)
        self.watch.prober.start_again()
        self.expect(page("SMTPExporterDown", "exporter", "resolved"))
        self.expect_nothing(TIME.seconds("5m"))


if __name__ == "__main__":
    unittest.main()
