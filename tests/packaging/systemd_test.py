#!/usr/bin/env python3
"""The units, judged by systemd's own tools and run by a systemd that was booted
for it: what they permit, and what becomes of a reload, a hang, a socket."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from booted_systemd import BootedSystemd
from harness import Page, lacking, program

UNITS = pathlib.Path(__file__).resolve().parents[2] / "systemd"
SERVICE = "prometheus-smtp-prober.service"
SOCKET = "prometheus-smtp-prober.socket"
MOST_EXPOSURE = 1.5
DEFAULTS = "/etc/default/prometheus-smtp-prober"
CONFIG = "/etc/prometheus/smtp.yml"
ARGS = f"--config.file {CONFIG}"
URL = "http://127.0.0.1:10125"

MAIL_SERVERS = {"servers": [
    {"name": "tls", "listen": "127.0.0.1:2525", "tls": {},
     "profile": {"capabilities": ["STARTTLS", "SIZE 1000"]}},
    {"name": "six", "listen": "[::1]:2526",
     "profile": {"capabilities": ["SIZE 2000"]}},
]}
# Of a host with both families, by a name.
TARGETS = [{"host": "127.0.0.1", "port": 2525},
           {"host": "localhost", "port": 2526}]

# Answers with a list of one target, after some seconds.
SLOW_SECONDS = 3
SLOW_LIST = f"""
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep({SLOW_SECONDS})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'[{{"targets": ["listed.invalid:25"]}}]')
http.server.HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
"""


def config(*targets, **settings):
    return json.dumps({"ehlo_name": "monitor.example.net", "interval": "1s",
                       "targets": list(targets), **settings})


def analyze(*arguments):
    tool = shutil.which("systemd-analyze")
    if tool is None:
        raise lacking("no systemd-analyze")
    return subprocess.run([tool, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)


class FilesTest(unittest.TestCase):
    def test_systemd_has_nothing_to_say_against_them(self):
        with tempfile.TemporaryDirectory() as folder:
            units = []
            for name in (SERVICE, SOCKET):
                text = (UNITS / name).read_text(encoding="utf-8")
                # It looks whether the program is there.
                unit = pathlib.Path(folder) / name
                unit.write_text(text.replace("/usr/bin/smtp_prober",
                                             program("SMTP_PROBER")),
                                encoding="utf-8")
                units.append(unit)
            # The man page comes with the package.
            done = analyze("verify", "--man=no", *units)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_exposure(self):
        done = analyze("security", "--offline=true", "--no-pager",
                       UNITS / SERVICE)
        exposure = float(re.search(
            r"Overall exposure level for \S+: ([\d.]+)", done.stdout)[1])
        self.assertLessEqual(exposure, MOST_EXPOSURE, done.stdout)


class BootedTest(unittest.TestCase):
    """One machine for all; each test has the service afresh."""

    @classmethod
    def setUpClass(cls):
        cls.machine = cls.enterClassContext(BootedSystemd())
        machine = cls.machine
        machine.copy(program("SMTP_PROBER"), "/usr/bin/smtp_prober")
        machine.copy(program("MAILSIM"), "/usr/local/bin/mailsim")
        for name in (SERVICE, SOCKET):
            machine.copy(UNITS / name, f"/usr/lib/systemd/system/{name}",
                         mode="644")
        machine.run("sh", "-c", "getent passwd prometheus || useradd "
                    "--system --no-create-home prometheus")
        machine.write("/etc/mailsim.json", json.dumps(MAIL_SERVERS))
        machine.run("systemd-run", "--unit=mailsim", "/usr/local/bin/mailsim",
                    "/etc/mailsim.json")
        machine.write("/etc/slow_list.py", SLOW_LIST)
        machine.run("systemd-run", "--unit=slow-list", "python3",
                    "/etc/slow_list.py")

    def setUp(self):
        self.machine.run("rm", "-rf", DEFAULTS,
                         f"/etc/systemd/system/{SERVICE}.d",
                         f"/etc/systemd/system/{SOCKET}.d")
        self.machine.systemctl("daemon-reload")
        self.machine.write(CONFIG, config(*TARGETS))
        self.addCleanup(self.end)

    def end(self):
        self.machine.systemctl("stop", SOCKET, SERVICE, check=False)
        self.machine.systemctl("reset-failed", check=False)

    def start(self):
        done = self.machine.systemctl("start", SERVICE, check=False)
        self.assertEqual(done.returncode, 0,
                         self.machine.journal(SERVICE)[-4000:])

    def get(self, path):
        """The body; "" if the answer is no 200."""
        return self.machine.run("curl", "--silent", "--fail", "--max-time",
                                "20", URL + path, check=False).stdout

    def page(self):
        return Page(self.get("/metrics"))

    def page_until(self, condition, what):
        def page():
            page = self.page()
            return page if condition(page) else None
        return self.machine.until(page, what)

    def drop_in(self, text):
        self.machine.write(f"/etc/systemd/system/{SERVICE}.d/test.conf",
                           f"[Service]\n{text}\n")
        self.machine.systemctl("daemon-reload")

    def pid(self):
        return self.machine.show(SERVICE, "MainPID")

    def test_it_works_and_may_do_nothing_else(self):
        self.start()
        # Started means ready.
        self.assertEqual(self.get("/-/ready").strip(), "Ready")
        page = self.page_until(
            lambda page: page.value("smtp_starttls_success") == 1 and
            page.value("smtp_size_limit_bytes", address="::1") == 2000,
            "both servers")
        # From /proc, of which little is to be seen.
        started = page.value("process_start_time_seconds")
        self.assertLess(abs(time.time() - started), 60)
        for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds",
                     "threads"):
            self.assertGreater(page.value(f"process_{name}"), 0, name)
        # A thousand conversations and a thousand clients.
        self.assertGreaterEqual(page.value("process_max_fds"), 4096)
        self.assertNotIn("Fewer conversations", self.machine.journal(SERVICE))
        self.machine.until(
            lambda: re.fullmatch(
                r"Targets: 2, endpoints: 3, failing: 1",
                self.machine.show(SERVICE, "StatusText")), "the line")

        status = self.machine.run("cat", f"/proc/{self.pid()}/status").stdout
        self.assertRegex(status, r"(?m)^Seccomp:\s+2$")
        self.assertRegex(status, r"(?m)^NoNewPrivs:\s+1$")
        self.assertRegex(status, r"(?m)^CapEff:\s+0+$")
        self.assertRegex(status, r"(?m)^CapBnd:\s+0+$")
        user = self.machine.run("id", "-u", "prometheus").stdout.strip()
        self.assertRegex(status, rf"(?m)^Uid:\s+{user}\s+{user}\s")

    def test_it_calls_nothing_that_is_forbidden(self):
        # Nothing that it is refused and makes do without, either. Lists come
        # through libcurl, the listen address through getaddrinfo(3).
        self.drop_in("SystemCallErrorNumber=kill")
        self.machine.write(
            DEFAULTS, f'ARGS="{ARGS} --web.listen-address=localhost:10125"\n')
        self.machine.write(CONFIG, config(
            *TARGETS, http_sd=[{"url": "http://localhost:8080/"}]))
        self.start()
        pid = self.pid()
        self.page_until(
            lambda page: page.value("smtp_starttls_success") == 1 and
            page.value("smtp_prober_targets") == 3, "all targets")
        self.machine.systemctl("reload", SERVICE)
        self.assertEqual(self.pid(), pid)
        self.machine.systemctl("stop", SERVICE)
        self.assertEqual(self.machine.show(SERVICE, "Result"), "success")

    def test_a_name_in_the_listen_address(self):
        self.machine.write(
            DEFAULTS, f'ARGS="{ARGS} --web.listen-address=localhost:10125"\n')
        self.start()
        self.assertEqual(self.get("/-/ready").strip(), "Ready")

    def test_a_changed_resolv_conf_is_seen(self):
        self.start()
        self.machine.run("sh", "-c", "echo nameserver 127.0.0.53 >/etc/r && "
                         "mv /etc/r /etc/resolv.conf")
        self.machine.until(
            lambda: "DNS configuration of this host has changed"
            in self.machine.journal(SERVICE), "the new resolv.conf")

    def test_start_fails_with_a_bad_configuration(self):
        self.machine.write(CONFIG, "targetss: []\n")
        done = self.machine.systemctl("start", SERVICE, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('unknown key "targetss"', done.stdout + done.stderr +
                      self.machine.journal(SERVICE))

    def test_reload(self):
        self.start()
        pid = self.pid()
        for count in (1, 2, 1, 2, 1):
            self.machine.write(CONFIG, config(*TARGETS[:count]))
            self.machine.systemctl("reload", SERVICE)
            # In force by now, and not a moment later.
            self.assertEqual(self.page().value("smtp_prober_targets"), count)
        self.assertEqual(self.machine.show(SERVICE, "ActiveState"), "active")
        self.assertEqual(self.pid(), pid)

    def test_reload_waits_for_lists(self):
        self.start()
        self.machine.write(CONFIG, config(
            *TARGETS, http_sd=[{"url": "http://localhost:8080/"}]))
        begin = time.monotonic()
        self.machine.systemctl("reload", SERVICE)
        self.assertGreaterEqual(time.monotonic() - begin, SLOW_SECONDS)
        self.assertEqual(self.page().value("smtp_prober_targets"), 3)

    def test_reload_fails_with_a_bad_configuration(self):
        # Not the one of the unit: it is the one in use that is checked.
        self.machine.write("/etc/prometheus/other.yml", config(*TARGETS))
        self.machine.write(
            DEFAULTS, 'ARGS="--config.file /etc/prometheus/other.yml"\n')
        self.start()
        self.machine.write("/etc/prometheus/other.yml", "targetss: []\n")
        done = self.machine.systemctl("reload", SERVICE, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('unknown key "targetss"', self.machine.journal(SERVICE))
        self.assertEqual(self.machine.show(SERVICE, "ActiveState"), "active")
        # The daemon has heard nothing of it.
        page = self.page()
        self.assertEqual(page.value("smtp_prober_targets"), 2)
        self.assertEqual(
            page.value("smtp_prober_config_last_reload_successful"), 1)

    def test_a_process_that_hangs_is_started_anew(self):
        # Long enough for a machine that is busy with other tests.
        self.drop_in("WatchdogSec=4s\nRestartSec=100ms")
        self.start()
        pid = self.pid()
        # It is left alone while it is well.
        time.sleep(5)
        self.assertEqual(self.pid(), pid)
        self.machine.run("kill", "-STOP", pid)
        self.machine.until(lambda: self.pid() not in ("0", pid) and
                           self.machine.is_active(SERVICE), "another process")
        self.assertGreaterEqual(
            int(self.machine.show(SERVICE, "NRestarts")), 1)
        self.assertIn("Watchdog timeout", self.machine.journal(SERVICE))
        self.assertEqual(self.get("/-/ready").strip(), "Ready")

    def test_the_first_client_of_the_socket_starts_it(self):
        self.machine.write(DEFAULTS,
                           f'ARGS="{ARGS} --web.systemd-socket"\n')
        self.machine.systemctl("start", SOCKET)
        self.assertFalse(self.machine.is_active(SERVICE))
        self.assertEqual(self.get("/-/ready").strip(), "Ready")
        self.assertTrue(self.machine.is_active(SERVICE))
        # No client is turned away while it restarts; not ready, it says so.
        restart = subprocess.Popen(
            self.machine.command("systemctl", "restart", SERVICE))
        try:
            while restart.poll() is None:
                self.assertEqual(self.get("/-/healthy").strip(), "Healthy")
        finally:
            restart.wait()
        self.assertEqual(restart.returncode, 0)

    def test_a_unix_socket_is_for_its_group_alone(self):
        self.machine.write(
            f"/etc/systemd/system/{SOCKET}.d/unix.conf",
            "[Socket]\nListenStream=\nListenStream=/run/smtp-prober.sock\n")
        self.machine.systemctl("daemon-reload")
        self.machine.systemctl("start", SOCKET)
        self.assertEqual(
            self.machine.run("stat", "-c", "%a %U %G",
                             "/run/smtp-prober.sock").stdout.strip(),
            "660 root prometheus")

    def test_stop(self):
        self.start()
        self.machine.systemctl("stop", SERVICE)
        self.assertEqual(self.machine.show(SERVICE, "Result"), "success")
        self.assertEqual(self.machine.show(SERVICE, "ExecMainStatus"), "0")


if __name__ == "__main__":
    unittest.main()
