#!/usr/bin/env python3
"""The command `check`: what it says in each form, and by its exit code."""

import contextlib
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import tempfile
import time
import unittest

from harness import (MailSim, PATIENCE, POLL_SECONDS, Page, Process,
                     check_page, program)
from mail_site import Site
from pki import pki
from servers import Postfix

OK, WARNING, CRITICAL, UNKNOWN = range(4)
HOST = "mx.example.com"  # Whom the certificates are for.
WELL = {"capabilities": ["PIPELINING", "SIZE 26214400", "STARTTLS"],
        "hostname": HOST}
SERVERS = {
    "well": {"profile": WELL, "tls": {}},
    "expired": {"profile": WELL, "tls": {"identities": "expired"}},
    "plain": {"profile": {"capabilities": ["PIPELINING"], "hostname": HOST}},
    "busy": {"profile": {"closing": "CONNECT"}},
    "silent": {"profile": {"silent": "EHLO"}},
    # What a terminal and a plugin's reader must not obey.
    "hostile": {"script": [
        {"send": "554 \u001b[2J\u001b[31m | 'time'=9s\u202e \u0007 away"},
        {"expect": "QUIT"}, {"send": "221 bye"}]},
}
ESCAPE = "\x1b"
SANITIZER = re.compile(r"Sanitizer|runtime error:|Assertion")

# By the guidelines of the monitoring plugins, strictly.
NUMBER = r"-?\d+(?:\.\d+)?"
RANGE = rf"(?:@?(?:(?:{NUMBER}|~):)?(?:{NUMBER})?)"
ITEM = re.compile(
    rf" '((?:[^'=|]|'')+)'=({NUMBER})(s|us|ms|%|B|KB|MB|TB|c)?"
    rf"(?:;({RANGE}))?(?:;({RANGE}))?(?:;({NUMBER})?)?(?:;({NUMBER})?)?")


def run(*arguments, environment=None):
    done = subprocess.run(
        [program("SMTP_PROBER"), "check", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PATIENCE, check=False, env=os.environ | (environment or {}))
    assert not SANITIZER.search(done.stderr), done.stderr
    return done


def read_plugin(text):
    """(status, headline, {label: item}, the other lines)."""
    first, *more = text.splitlines()
    assert text.endswith("\n") and len(text) <= 8192, text
    assert not any("|" in line for line in more), text
    line, bar, rest = first.partition(" |")
    match = re.fullmatch(r"SMTP (OK|WARNING|CRITICAL|UNKNOWN) - (\S.*\S)", line)
    assert match, first
    items = {}
    position = 0
    while position < len(rest):
        item = ITEM.match(rest, position)
        assert item, f"no performance data: {rest[position:]!r}"
        assert item[1] not in items, f"twice: {item[1]}"
        items[item[1]] = item
        position = item.end()
    assert bool(bar) == bool(items), first
    return match[1], match[2], items, more


class Terminal:
    """Runs the command with its output, or its errors, on a terminal."""

    def __init__(self, *arguments, stdout=False, stderr=False,
                 environment=None):
        main, terminal = pty.openpty()
        self.text = b""
        piped = subprocess.DEVNULL
        with contextlib.closing(os.fdopen(main, "rb", buffering=0)) as reader:
            process = subprocess.Popen(
                [program("SMTP_PROBER"), "check", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=terminal if stdout else piped,
                stderr=terminal if stderr else piped,
                env=os.environ | {"TERM": "xterm"} | (environment or {}))
            os.close(terminal)
            with contextlib.suppress(OSError):  # The end of a terminal.
                while piece := reader.read(65536):
                    self.text += piece
            self.code = process.wait(PATIENCE)
        self.text = self.text.decode("utf-8")


class CheckTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.directory = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory()))
        cls.sim = stack.enter_context(MailSim({"servers": [
            {"name": name, "listen": "127.0.0.1:0"} | server
            for name, server in SERVERS.items()]}, "--pki", cls.directory))
        cls.target = cls.sim.targets

    def config(self, roots, **settings):
        """A file whose modules trust `roots`."""
        file = self.directory / f"{self.id()}.yml"
        modules = {"smtp": {"tls": {"ca_file": str(roots)}}}
        file.write_text(json.dumps(
            {"targets": [], "modules": modules} | settings), encoding="utf-8")
        return f"--config.file={file}"

    def test_exit_codes_and_reports(self):
        for server, code, headline, more in [
                ("plain", CRITICAL, "STARTTLS is not offered", []),
                ("busy", WARNING, "The server is too busy", []),
                ("expired", CRITICAL, "The certificate expired", []),
                ("hostile", CRITICAL, "The server turns this host away", []),
                ("silent", CRITICAL, "The time ran out", ["--timeout=1s"])]:
            with self.subTest(server):
                target = self.target[server]
                done = run(target, *more)
                self.assertEqual(done.returncode, code, done.stdout)
                self.assertEqual(done.stderr, "")
                self.assertRegex(
                    done.stdout,
                    rf"\A{re.escape(target)} \(smtp\): "
                    rf"({'WARNING' if code == WARNING else 'CRITICAL'})\n\n"
                    rf"  \1 +{headline}")
                self.assertRegex(done.stdout, r"\n\n  127\.0\.0\.1\n")
                self.assertRegex(done.stdout, r"\n    time +resolve ")
                self.assertNotIn(ESCAPE, done.stdout)
                self.assertNotIn("\n    conversation\n", done.stdout)

    def test_postfix_is_well(self):
        trust = self.config(pki().roots)
        with Postfix({"message_size_limit": "26214400"},
                     identities=[pki().identity("good")]) as server:
            target = f"{server.address}:{server.port}"
            arguments = [target, trust, f"--hostname={HOST}",
                         "--expect.banner=mail.example.com",
                         "--expect.starttls=true", "--expect.auth=false",
                         "--expect.size_at_least=25MiB",
                         "--expect.capabilities=PIPELINING,8bitmime",
                         "--expect.tls_min_version=TLS1.2",
                         "--expect.certificate_days=14",
                         "--ehlo-name=monitor.example.net"]
            done = run(*arguments, "-v")
            self.assertEqual(done.returncode, OK, done.stdout)
            self.assertEqual(done.stderr, "")
            for words in [r"\A\S+ \(smtp\): OK\n", r"  OK +STARTTLS works: TLS",
                          r"  OK +The certificate is good for \d+ more days",
                          r"  OK +Takes mail up to 25 MiB\n",
                          r"  OK +All is as expected: 7 points\n",
                          r"    before TLS .*PIPELINING",
                          r"    inside TLS .*PIPELINING",
                          r"    certificate +\w+, ",
                          r"\d C: EHLO monitor\.example\.net\n",
                          r"\d S: 220 2\.0\.0 Ready to start TLS\n",
                          r"\d C: QUIT\n.*S: 221 2\.0\.0 Bye\n\Z"]:
                self.assertRegex(done.stdout, words)
            # What another test tells of the same server.
            done = run(*arguments, "--expect.size_at_least=26MiB")
            self.assertEqual(done.returncode, UNKNOWN)  # Given twice.
            done = run(target, trust, f"--hostname={HOST}", "--output=nagios",
                       "--expect.size_at_least=26MiB")
            self.assertEqual(done.returncode, WARNING)
            status, headline, items, _ = read_plugin(done.stdout)
            self.assertEqual(status, "WARNING")
            self.assertIn("only up to 25 MiB", headline)
            self.assertEqual(items["size_limit"][4], "27262976:")
            log = server.log_until(
                lambda text: text.count("disconnect from") >= 2)
            self.assertNotIn("lost connection", log)
            self.assertEqual(log.count("starttls=1 quit=1 commands=4"), 2, log)

    def test_json(self):
        trust = self.config(self.directory / "roots.pem")
        done = run(self.target["well"], self.target["plain"], trust,
                   f"--hostname={HOST}", "--output=json")
        self.assertEqual(done.returncode, CRITICAL)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["level"], "critical")
        self.assertGreater(answer["as_of"], 1.6e9)
        well, plain = answer["targets"]
        self.assertEqual(well["target"], self.target["well"])
        self.assertEqual(well["level"], "ok")
        self.assertNotIn("id", well)
        (place,) = well["places"]
        self.assertEqual(place["smtp_size_limit_bytes"], 26214400)
        self.assertEqual(place["smtp_starttls_success"], 1)
        self.assertIn("QUIT", [
            line["text"] for line in place["transcripts"]["latest"]["lines"]])
        self.assertEqual(plain["level"], "critical")
        self.assertEqual(plain["findings"][0]["code"], "starttls_missing")
        self.assertTrue(plain["findings"][0]["advice"])

    def test_nagios(self):
        trust = [self.config(self.directory / "roots.pem"),
                 f"--hostname={HOST}"]
        done = run(self.target["well"], *trust, "-o", "nagios")
        self.assertEqual(done.returncode, OK)
        status, headline, items, more = read_plugin(done.stdout)
        self.assertEqual(status, "OK")
        self.assertIn("STARTTLS works: TLS1.3", headline)
        self.assertEqual(set(items), {"time", "reachable", "certificate_days",
                                      "size_limit"})
        self.assertEqual(items["reachable"].groups()[1:],
                         ("1", None, "", "", "0", "1"))
        self.assertEqual(items["certificate_days"].groups()[3:5],
                         ("21:", "3:"))
        self.assertEqual(items["time"][3], "s")
        self.assertTrue(more and all(line.startswith("[OK] ")
                                     for line in more), more)

        done = run(*self.target.values(), *trust, "-o", "nagios", "-t", "2s")
        self.assertEqual(done.returncode, CRITICAL)
        status, headline, items, more = read_plugin(done.stdout)
        self.assertEqual(status, "CRITICAL")
        self.assertRegex(headline, r"\A4 of 6 targets critical; ")
        for target in self.target.values():
            self.assertIn(f"{target} time", items)
        self.assertNotIn(ESCAPE, done.stdout)

    def test_prometheus(self):
        done = run(self.target["well"], self.target["plain"],
                   "--output=prometheus")
        self.assertEqual(done.returncode, CRITICAL)
        check_page(done.stdout)
        page = Page(done.stdout)
        for server, advertised in [("well", 1), ("plain", 0)]:
            labels = {"target": self.target[server], "module": "smtp",
                      "address": "127.0.0.1"}
            self.assertEqual(page.value("smtp_reachable", **labels), 1)
            self.assertEqual(
                page.value("smtp_starttls_advertised", **labels), advertised)

    def test_hostile_words_stay_words(self):
        target = self.target["hostile"]
        for output in ("text", "nagios", "json", "prometheus"):
            done = run(target, "-v", "--output", output)
            self.assertEqual(done.returncode, CRITICAL)
            for character in (ESCAPE, "\u202e", "\x07"):
                self.assertNotIn(character, done.stdout)
        _, _, items, _ = read_plugin(run(target, "-o", "nagios").stdout)
        self.assertEqual(set(items), {"time", "reachable"})

    def test_a_wrong_command_line_is_unknown(self):
        for arguments, words in [
                ([], "TARGET"),
                (["--output=xml", "mx"], "xml"),
                (["-4", "-6", "mx"], "-6"),
                (["--module=nope", "mx"], '--module: there is no module "nope"'),
                (["--expect.auth=maybe", "mx"], "--expect.auth: must be true"),
                (["--expect.capabilities=A,_", "mx"], "--expect.capabilities: "),
                (["a..b"], 'TARGET: "a..b" is not a host name'),
                (["--domain", "192.0.2.1"], "TARGET: "),
                (["mx:25", "--port=26"], "--port: "),
                (["mx", "--timeout=soon"], "--timeout: "),
                (["-6", "127.0.0.1"], "IPv6"),
                (["mx", "--config.file=/nonexistent.yml"], "/nonexistent.yml")]:
            with self.subTest(arguments):
                done = run(*arguments)
                self.assertEqual(done.returncode, UNKNOWN)
                self.assertEqual(done.stdout, "")
                self.assertIn("smtp_prober check: error: ", done.stderr)
                self.assertIn(words, done.stderr)
        help_text = run("--help")
        self.assertEqual(help_text.returncode, 0)
        self.assertIn("--expect.certificate_days", help_text.stdout)
        self.assertIn("check --help", subprocess.run(
            [program("SMTP_PROBER"), "--help"], capture_output=True, text=True,
            check=True).stdout)

    def test_colours_and_progress_on_a_terminal(self):
        plain = self.target["plain"]
        shown = Terminal(plain, stdout=True)
        self.assertEqual(shown.code, CRITICAL)
        self.assertIn(f"{ESCAPE}[1;31mCRITICAL{ESCAPE}[0m", shown.text)
        for environment, arguments in [({"NO_COLOR": "1"}, []),
                                       ({"TERM": "dumb"}, []),
                                       ({}, ["--color=never"])]:
            shown = Terminal(plain, *arguments, stdout=True,
                             environment=environment)
            self.assertIn("CRITICAL", shown.text)
            self.assertNotIn(ESCAPE, shown.text)
        done = run(plain, "--color=always", environment={"NO_COLOR": "1"})
        self.assertIn(ESCAPE, done.stdout)

        # Progress is for people who wait for several.
        shown = Terminal(self.target["well"], self.target["silent"],
                         "--timeout=2s", stderr=True)
        self.assertIn("of 2 tested, waiting for ", shown.text)
        self.assertTrue(shown.text.endswith(f"\r{ESCAPE}[K"), shown.text)
        self.assertEqual(Terminal(plain, stderr=True).text, "")

    def test_reports_come_in_the_order_of_the_targets(self):
        order = ["silent", "well", "plain", "well"]
        done = run(*(self.target[name] for name in order), "--timeout=2s")
        self.assertEqual(done.returncode, CRITICAL)
        heads = re.findall(r"(?m)^(127\S+) \(smtp\): ", done.stdout)
        # One that is named twice is tested once.
        self.assertEqual(heads, [self.target[name] for name in order[:3]])

    def test_an_interruption(self):
        code, output = self.interrupted("text", self.target["silent"])
        self.assertEqual((code, output), (UNKNOWN, ""))
        code, output = self.interrupted("nagios", self.target["silent"])
        status, headline, items, more = read_plugin(output)
        self.assertEqual((code, status, headline, items, more),
                         (UNKNOWN, "UNKNOWN",
                          "1 of 1 targets were not tested", {}, []))
        code, output = self.interrupted("json", self.target["silent"])
        answer = json.loads(output)
        self.assertEqual((code, answer["level"], answer["untested"],
                          answer["targets"]), (UNKNOWN, "unknown", 1, []))

    def interrupted(self, output, *targets):
        """(exit code, what was printed)."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
            process = Process([program("SMTP_PROBER"), "check", "-o", output,
                               *targets], stdout=out)
            self.interrupt(process)
            code = process.finish()
            self.assertRegex(process.errors(),
                             r"interrupted, \d of \d targets were not tested")
            self.assertNotRegex(process.errors(), SANITIZER)
            out.seek(0)
            return code, out.read()

    def interrupt(self, process):
        deadline = time.monotonic() + PATIENCE
        connection = re.compile(
            rf":{int(self.target['silent'].split(':')[1]):04X} 01 ")
        # Until it is connected, the signal could come before anybody listens.
        while not connection.search(
                pathlib.Path("/proc/net/tcp").read_text(encoding="ascii")):
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.process.poll())
            time.sleep(POLL_SECONDS)
        process.process.send_signal(signal.SIGINT)


ZONES = {"example": """
plain    MX 10 mx1.plain
plain    MX 20 mx2.plain
mx1.plain A %11
mx2.plain A %12
second   MX 10 mx2.plain
second   MX 20 mx1.plain
null     MX 0 .
private  MX 10 mx1.plain
"""}
SITE = {11: {"profile": {"hostname": "mx1.plain.example",
                         "capabilities": ["PIPELINING", "STARTTLS"]},
             "tls": {}},
        12: {"refused": True}}


class CheckDomainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ZONES, SITE)
        cls.site.__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def check(self, *arguments, private="probe"):
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"targets": [],
                       "modules": {"smtp": {"private_addresses": private}},
                       "dns": {"servers": self.site.dns.servers}}, file)
            file.flush()
            return run(f"--config.file={file.name}", "--domain",
                       f"--port={self.site.port}", *arguments)

    def test_a_dead_backup(self):
        done = self.check("plain.example", "-o", "json")
        self.assertEqual(done.returncode, WARNING, done.stdout + done.stderr)
        (target,) = json.loads(done.stdout)["targets"]
        self.assertEqual(target["kind"], "domain")
        self.assertEqual(target["smtp_domain_reachable"], 1)
        self.assertEqual(
            [(place["mx"], place["address"]) for place in target["places"]],
            [("mx1.plain.example", self.site.address(11)),
             ("mx2.plain.example", self.site.address(12))])
        codes = [finding["code"] for finding in target["findings"]
                 if finding["level"] == "warning"]
        self.assertIn("backup_mx_down", codes)

        done = self.check("plain.example")
        self.assertEqual(done.returncode, WARNING)
        self.assertRegex(done.stdout, r"\A\S+ \(domain, smtp\): WARNING\n\n"
                         "  WARNING   Backup mail servers are down: "
                         r"mx2\.plain\.example\n")
        self.assertIn(f"\n  mx1.plain.example {self.site.address(11)}\n",
                      done.stdout)

    def test_a_dead_best_one(self):
        done = self.check("second.example", "-o", "nagios")
        self.assertEqual(done.returncode, CRITICAL)
        status, headline, items, _ = read_plugin(done.stdout)
        self.assertEqual(status, "CRITICAL")
        self.assertIn("backups do", headline)
        self.assertEqual(items["reachable"][2], "1")
        self.assertEqual(items["reachable"][7], "2")

    def test_what_there_is_not(self):
        for domain, code, words in [
                ("null.example", WARNING, "takes no mail"),
                ("nothing.example", CRITICAL, "does not exist in DNS")]:
            with self.subTest(domain):
                done = self.check(domain)
                self.assertEqual(done.returncode, code, done.stdout)
                self.assertIn(words, done.stdout)

    def test_strangers_do_not_send_us_into_our_own_network(self):
        done = self.check("private.example", private="skip")
        self.assertEqual(done.returncode, CRITICAL)
        self.assertIn("not public", done.stdout)
        self.assertNotIn("greeting ", done.stdout)


if __name__ == "__main__":
    unittest.main()
