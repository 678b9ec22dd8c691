#!/usr/bin/env python3
"""The command line: what a script or a unit file depends on."""

import pathlib
import subprocess
import tempfile
import unittest

from harness import PATIENCE, Prober, Process, program

GOOD = "targets:\n  - mx1.example.com\n  - mx2.example.com:587\n"
EXAMPLE = pathlib.Path(__file__).parents[2] / "config.example.yaml"


def run(*arguments):
    return subprocess.run([program("SMTP_PROBER"), *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=PATIENCE, check=False)


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.file = pathlib.Path(self.directory.name) / "config.yaml"

    def check_config(self, text):
        self.file.write_text(text, encoding="utf-8")
        return run("--config.check", f"--config.file={self.file}")

    def test_version(self):
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(
            done.stdout,
            r"\Asmtp_prober, version \d+\.\d+\.\d+ "
            r"\(branch: \S*, revision: \S*\)\n")
        for key in ("build user", "build date", "compiler", "platform"):
            self.assertRegex(done.stdout, rf"(?m)^  {key}: +\S")
        self.assertEqual(done.stderr, "")

    def test_help(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "")
        for flag in ("--config.file", "--config.check",
                     "--web.listen-address", "--web.config.file",
                     "--web.systemd-socket", "--web.external-url",
                     "--web.route-prefix", "--probe.threads",
                     "--probe.concurrency", "--log.level", "--log.format",
                     "--version"):
            self.assertIn(flag, done.stdout)
        self.assertIn(":10125", done.stdout)

    def test_wrong_flags(self):
        for arguments in [["--no.such.flag"], ["--probe.threads=0"],
                          ["--probe.concurrency=many"], ["--log.level=loud"],
                          ["--log.format=xml"], ["stray"]]:
            with self.subTest(arguments):
                done = run(*arguments)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stdout, "")
                self.assertNotEqual(done.stderr, "")

    def test_config_check(self):
        done = self.check_config(GOOD)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_example_is_valid(self):
        done = run("--config.check", f"--config.file={EXAMPLE}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_config_check_says_where_and_what(self):
        for name, text, message in [
                ("range", "targets:\n  - host: mx1.example.com\n"
                          "    port: 70000\n",
                 f"{self.file}:3:11: targets[0].port: "
                 "70000 is out of range (1-65535)"),
                ("misspelt", "targets:\n  - mx1.example.com\n"
                             "intervall: 60s\n", "interval"),
                ("no such file",
                 "modules:\n  strict:\n    tls:\n"
                 "      ca_file: tls/none.pem\ntargets: []\n",
                 f"{self.file}:4:16: modules.strict.tls.ca_file: "
                 f"{self.file.parent}/tls/none.pem cannot be read: "
                 "No such file or directory"),
                ("twice", "targets:\n  - mx1.example.com\n"
                          "  - mx1.example.com:25\n", ":3:"),
                ("line end", 'targets:\n  - "mx1\\r\\nQUIT"\n', ":2:"),
                ("no YAML", "targets: [\n", str(self.file)),
                ("duration", "interval: soon\ntargets: [mx1.example.com]\n",
                 ":1:11: interval")]:
            with self.subTest(name):
                done = self.check_config(text)
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr)

    def test_no_file(self):
        for flags in (["--config.check"], []):
            done = run(*flags, "--config.file=/nonexistent/smtp.yml")
            self.assertEqual(done.returncode, 1)
            self.assertIn("/nonexistent/smtp.yml", done.stderr)

    def test_a_bad_config_stops_the_start(self):
        self.file.write_text("targets: 5\n", encoding="utf-8")
        done = run(f"--config.file={self.file}",
                   "--web.listen-address=127.0.0.1:0")
        self.assertEqual(done.returncode, 1)

    def test_an_address_in_use_stops_the_start(self):
        with Prober("targets: []\n") as prober:
            self.file.write_text("targets: []\n", encoding="utf-8")
            done = run(f"--config.file={self.file}",
                       f"--web.listen-address={prober.address}")
            self.assertEqual(done.returncode, 1)
            self.assertIn(prober.address, done.stderr)

    def test_several_listen_addresses(self):
        self.file.write_text("targets: []\n", encoding="utf-8")
        process = Process(
            [program("SMTP_PROBER"), f"--config.file={self.file}",
             "--web.listen-address=127.0.0.1:0",
             "--web.listen-address", "127.0.0.2:0"],
            stdout=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        for host in ("127.0.0.1", "127.0.0.2"):
            process.wait_for_line(rf'msg="Listening on" address={host}:\d+')
        process.process.terminate()
        self.assertEqual(process.finish(), 0)

    def test_log_format_json(self):
        self.file.write_text("targets: []\n", encoding="utf-8")
        process = Process(
            [program("SMTP_PROBER"), f"--config.file={self.file}",
             "--web.listen-address=127.0.0.1:0", "--log.format=json"],
            stdout=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        process.wait_for_line(
            r'^\{"time":"\d{4}-.*"level":"INFO".*"msg":"Listening on"')
        process.process.terminate()
        self.assertEqual(process.finish(), 0)

    def test_too_few_descriptors(self):
        for arguments, code in ([], 1), (["check", "127.0.0.1"], 3):
            with self.subTest(arguments):
                run = subprocess.run(
                    ["sh", "-c", 'ulimit -n 32; exec "$0" "$@"',
                     program("SMTP_PROBER"), *arguments],
                    capture_output=True, text=True, timeout=60)
                self.assertEqual(run.returncode, code)
                self.assertEqual(
                    run.stderr, "smtp_prober: error: needs 64 file descriptors "
                    "and may have 32 (ulimit -n)\n")


if __name__ == "__main__":
    unittest.main()
