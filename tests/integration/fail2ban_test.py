#!/usr/bin/env python3
"""fail2ban's own filters, in their strictest mode, on what mail servers log of
our visits: README says that none of them counts us."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import fetch_servers
from harness import Prober, config, lacking
from pki import pki
from servers import Exim, Postfix

# fail2ban never counts its own host; a stranger's address does for both
# families of log lines.
STRANGER = "192.0.2.7"
ATTACK = {
    "postfix": ("Nov 27 13:38:39 mail postfix/smtpd[174]: warning: "
                "unknown[192.0.2.7]: SASL LOGIN authentication failed: "
                "authentication failure"),
    "exim": ("2026-11-27 13:38:41 login authenticator failed for (x) "
             "[192.0.2.7]: 535 Incorrect authentication data"),
}


class Fail2banTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="fail2ban-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        try:
            packages = fetch_servers.fetch("fail2ban")
        except (fetch_servers.Unavailable, OSError) as error:
            raise lacking(f"no fail2ban: {error}") from error
        for package in packages:
            subprocess.run(["dpkg", "-x", package, cls.folder], check=True)

    def matched(self, filter_name, log):
        """How many lines of `log` the filter counts, with all its options."""
        path = self.folder / "server.log"
        path.write_text(log, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, self.folder / "usr/bin/fail2ban-regex",
             "-c", self.folder / "etc/fail2ban", path,
             f"{filter_name}[mode=aggressive]"],
            env=os.environ | {"PYTHONPATH": str(
                self.folder / "usr/lib/python3/dist-packages")},
            capture_output=True, text=True, check=False)
        match = re.search(r"Lines: \d+ lines, \d+ ignored, (\d+) matched",
                          done.stdout)
        self.assertTrue(match, done.stdout + done.stderr)
        return int(match[1])

    def visit(self, server):
        """What the server logs of two visits, as if from a stranger."""
        target = {"host": server.address, "port": server.port}
        with Prober(config(target)) as prober:
            prober.probed(times=2)
        log = server.log_until(
            lambda log: len(re.findall("disconnect from|QUIT$", log, re.M)) >= 2)
        return log.replace("127.0.0.1", STRANGER)

    def assert_not_counted(self, filter_name, server):
        log = self.visit(server)
        self.assertIn(STRANGER, log)
        self.assertEqual(self.matched(filter_name, log), 0, log)
        # The filter does read this log.
        self.assertEqual(
            self.matched(filter_name, log + ATTACK[filter_name] + "\n"), 1)

    def test_postfix(self):
        with Postfix(identities=[pki().identity("good")]) as server:
            self.assert_not_counted("postfix", server)

    def test_postscreen(self):
        with Postfix(identities=[pki().identity("good")],
                     postscreen=True) as server:
            self.assert_not_counted("postfix", server)

    def test_exim_with_tls(self):
        with Exim(identities=[pki().identity("good")],
                  log_selector="+smtp_connection +smtp_no_mail") as server:
            self.assert_not_counted("exim", server)

    def test_exim_without_tls_that_logs_visits_without_mail(self):
        # The one exception, which README names.
        with Exim(settings="tls_advertise_hosts =",
                  log_selector="+smtp_no_mail") as server:
            log = self.visit(server)
            self.assertEqual(self.matched("exim", log), 2, log)


if __name__ == "__main__":
    unittest.main()
