#!/usr/bin/env python3
"""Targets from elsewhere: files that are replaced, URLs that are polled."""

import base64
import http.server
import json
import os
import pathlib
import ssl
import tempfile
import threading
import unittest

from harness import MailSim, Prober, config
from pki import pki

READ = "smtp_prober_discovery_refreshes_total"
FAILED = "smtp_prober_discovery_failures_total"
TARGETS = "smtp_prober_discovery_targets"
SUCCESS_TIME = "smtp_prober_discovery_last_success_timestamp_seconds"
SCENARIO = {"servers": [
    {"name": "one", "listen": "127.0.0.1:0",
     "profile": {"capabilities": ["STARTTLS"]}, "tls": {}},
    {"name": "two", "listen": "127.0.0.1:0", "profile": {}},
]}
CANARY = "canary-of-a-secret"


def group(*targets, **labels):
    return {"targets": list(targets), "labels": labels}


class Inventory(http.server.ThreadingHTTPServer):
    """Answers each request as the test last said."""

    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server = self.server
            server.seen.append((self.path, dict(self.headers)))
            if server.silent.is_set():
                server.ended.wait()
                return
            if self.path in server.redirects:
                self.send_response(302)
                self.send_header("Location", server.redirects[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(server.status)
            self.send_header("Content-Type", server.content_type)
            self.send_header("Content-Length", str(len(server.body)))
            self.end_headers()
            self.wfile.write(server.body)

        def log_message(self, *unused):
            pass

    def __init__(self, *groups, identity=None):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.scheme = "http"
        if identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*identity)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"
        self.seen = []
        self.silent = threading.Event()
        self.ended = threading.Event()
        self.redirects = {}
        self.good(*groups)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def good(self, *groups):
        self.status = 200
        self.content_type = "application/json; charset=utf-8"
        self.body = json.dumps(groups).encode()

    def handle_error(self, *unused):
        pass  # A client that does not trust us.

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/mail"

    def __exit__(self, *unused):
        self.ended.set()
        self.shutdown()
        self.server_close()


class DiscoveryTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="discovery-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        sim = MailSim(SCENARIO)
        sim.__enter__()
        self.addCleanup(sim.__exit__)
        self.one = sim.targets["one"]
        self.two = sim.targets["two"]

    def write(self, name, text):
        """The way in which such files should be replaced."""
        new = self.directory / (name + ".new")
        new.write_text(text, encoding="utf-8")
        os.rename(new, self.directory / name)
        return str(self.directory / name)

    def pattern(self, name):
        return str(self.directory / name)

    def assert_targets(self, prober, *targets):
        def right(page):
            return set(page.label_values("smtp_probe_interval_seconds",
                                         "target")) == set(targets)
        return prober.scrape_until(right, f"the targets {targets}")

    def until_failed(self, prober, source, times=1):
        before = prober.scrape().value(FAILED, source=source) or 0
        return prober.scrape_until(
            lambda page: (page.value(FAILED, source=source) or 0) >=
            before + times, "a failed read")


class FilesTest(DiscoveryTest):
    def files_config(self, *names, **settings):
        return config(target_files=[self.pattern(name) for name in names],
                      **settings)

    def test_labels_and_options(self):
        self.write("a.json", json.dumps([
            group(self.one, team="mail", __interval="2s", __meta_x="gone"),
            group(self.two, __smtp_expect_starttls="true",
                  __module="submission")]))
        self.write("b.yml", f"""
- targets: ["{self.two}"]
  labels:
    team: post
    __smtp_tls_mode: none
""")
        with Prober(self.files_config("*.json", "*.yml")) as prober:
            prober.probed(target=self.one)
            prober.probed(target=self.two, module="submission")
            page = prober.probed(target=self.two, team="post")
            self.assertEqual(page.value("smtp_reachable", target=self.one,
                                        team="mail"), 1)
            self.assertEqual(page.value("smtp_probe_interval_seconds",
                                        target=self.one), 2)
            self.assertEqual(page.value("smtp_expectation_met",
                                        target=self.two,
                                        expectation="starttls"), 0)
            self.assertNotIn("__", page.text.replace("__name__", ""))
            self.assertNotIn("meta_x", page.text)
            for name, targets in (("a.json", 2), ("b.yml", 1)):
                source = self.pattern(name)
                self.assertEqual(page.value(TARGETS, source=source), targets)
                self.assertGreaterEqual(page.value(READ, source=source), 1)
                self.assertEqual(page.value(FAILED, source=source), 0)
                self.assertGreater(page.value(SUCCESS_TIME, source=source), 0)

    def test_files_come_change_and_go(self):
        with Prober(self.files_config("*.json")) as prober:
            prober.run.wait_for_line("No file of targets there")
            self.write("a.json", json.dumps([group(self.one)]))
            self.assert_targets(prober, self.one)
            b = self.write("b.json", json.dumps([group(self.two)]))
            self.assert_targets(prober, self.one, self.two)
            (self.directory / "a.json").unlink()
            page = self.assert_targets(prober, self.two)
            self.assertEqual(page.label_values(TARGETS, "source"), [b])
            self.write("b.json", "[]")
            page = self.assert_targets(prober)
            self.assertEqual(page.value(TARGETS, source=b), 0)

    def test_folders_come_change_and_go(self):
        for name, target in (("v1", self.one), ("v2", self.two)):
            (self.directory / name).mkdir()
            self.write(f"{name}/a.json", json.dumps([group(target)]))
        link = self.directory / "now"
        with Prober(self.files_config("now/*.json")) as prober:
            prober.run.wait_for_line("No file of targets there")
            link.symlink_to("v1")
            self.assert_targets(prober, self.one)
            fresh = self.directory / "fresh"
            fresh.symlink_to("v2")
            os.rename(fresh, link)
            self.assert_targets(prober, self.two)
            link.unlink()
            self.assert_targets(prober)
            link.mkdir()
            self.write("now/b.json", json.dumps([group(self.one)]))
            self.assert_targets(prober, self.one)

    def test_a_broken_file_keeps_the_last_good_list(self):
        source = self.write("a.json", json.dumps([group(self.one)]))
        with Prober(self.files_config("a.json")) as prober:
            before = prober.probed(target=self.one)
            for text in ("[{", "null", '[{"targets": [], "x": 1}]', "[]\0",
                         json.dumps([group(self.two, __interval="never")])):
                with self.subTest(text):
                    self.write("a.json", text)
                    page = self.until_failed(prober, source)
                    self.assertEqual(page.value(TARGETS, source=source), 1)
                    self.assert_targets(prober, self.one)
            prober.run.wait_for_line("level=WARN.*Cannot read targets")
            self.write("a.json", json.dumps([group(self.one, x="y")]))
            prober.run.wait_for_line("Can read targets again")
            page = prober.probed(target=self.one, x="y")
            self.assertGreaterEqual(
                page.value("smtp_probes_total", target=self.one),
                before.value("smtp_probes_total", target=self.one))

    def test_renames_under_load(self):
        lists = [json.dumps([group(self.one, round=str(i))])
                 for i in range(300)]
        source = self.write("a.json", lists[0])
        with Prober(self.files_config("*.json")) as prober:
            prober.probed(target=self.one)
            def storm():
                for text in lists:
                    self.write("a.json", text)
            writer = threading.Thread(target=storm)
            writer.start()
            while writer.is_alive():
                # There at any time, whatever the round.
                page = prober.scrape(check=False)
                self.assertEqual(
                    len(page.all("smtp_reachable", target=self.one)), 1)
            writer.join()
            page = prober.scrape_until(
                lambda page: page.all("smtp_reachable", round="299"),
                "the last list")
            self.assertEqual(page.value(FAILED, source=source), 0)
            # Bursts are read together.
            self.assertLess(page.value(READ, source=source), 300)

    def test_a_reload_keeps_lists_and_counters(self):
        self.write("a.json", json.dumps([group(self.one)]))
        settings = self.files_config("*.json")
        with Prober(settings) as prober:
            before = prober.probed(times=2, target=self.one)
            # Unreadable now: what was read before the reload stays.
            source = self.write("a.json", "[")
            self.until_failed(prober, source)
            self.assertEqual(
                prober.request("POST", "/-/reload").status, 200)
            page = prober.scrape()
            self.assertGreaterEqual(
                page.value("smtp_probes_total", target=self.one),
                before.value("smtp_probes_total", target=self.one))
            self.until_failed(prober, source, times=0)
            prober.write_config(config(self.two))
            self.assertEqual(
                prober.request("POST", "/-/reload").status, 200)
            page = self.assert_targets(prober, self.two)
            prober.scrape_until(lambda page: not page.all(TARGETS),
                                "no source of targets")


class HttpTest(DiscoveryTest):
    def http_config(self, inventory, **item):
        return config(http_sd=[
            {"url": inventory.url, "refresh_interval": "1s"} | item])

    def test_a_list_that_changes(self):
        with Inventory(group(self.one, team="mail")) as inventory, \
                Prober(self.http_config(inventory)) as prober:
            page = prober.probed(target=self.one, team="mail")
            self.assertEqual(page.value(TARGETS, source=inventory.url), 1)
            _, headers = inventory.seen[0]
            self.assertEqual(headers["Accept"], "application/json")
            self.assertRegex(headers["User-Agent"], r"^smtp_prober/\d")
            self.assertEqual(
                headers["X-Prometheus-Refresh-Interval-Seconds"], "1")
            inventory.good(group(self.two))
            self.assert_targets(prober, self.two)
            inventory.good()
            self.assert_targets(prober)

    def test_bad_answers_keep_the_last_good_list(self):
        with Inventory(group(self.one)) as inventory, \
                Prober(self.http_config(inventory)) as prober:
            prober.probed(target=self.one)
            for name, spoil in [
                    ("status 500", {"status": 500}),
                    ("text/html", {"content_type": "text/html"}),
                    ("not JSON", {"body": b"- targets: []"}),
                    ("null", {"body": b"[null]"}),
                    ("more behind a NUL", {"body": json.dumps(
                        [group(self.two)]).encode() + b"\0[{"})]:
                with self.subTest(name):
                    for key, value in spoil.items():
                        setattr(inventory, key, value)
                    page = self.until_failed(prober, inventory.url)
                    self.assertEqual(
                        page.value(TARGETS, source=inventory.url), 1)
                    self.assert_targets(prober, self.one)
                    inventory.good(group(self.one))
            inventory.silent.set()
            self.until_failed(prober, inventory.url)
            prober.run.wait_for_line("Timeout was reached")
            self.assert_targets(prober, self.one)
            inventory.silent.clear()
            inventory.good(group(self.two))
            self.assert_targets(prober, self.two)

    def test_secrets(self):
        file = self.directory / "secret"
        basic = "Basic " + base64.b64encode(
            f"me:{CANARY}".encode()).decode()
        for item, wanted in [
                ({"basic_auth": {"username": "me",
                                 "password_file": str(file)}}, basic),
                ({"authorization": {"credentials_file": str(file)}},
                 f"Bearer {CANARY}")]:
            with self.subTest(wanted), \
                    Inventory(group(self.one)) as inventory:
                file.write_text(f" {CANARY} \n\n", encoding="ascii")
                inventory.redirects["/mail"] = "/moved"
                with Prober(self.http_config(inventory, **item),
                            "--log.level=debug") as prober:
                    self.assert_targets(prober, self.one)
                    for _, headers in inventory.seen:
                        self.assertEqual(headers["Authorization"], wanted)
                    self.assertEqual([path for path, _ in inventory.seen[:2]],
                                     ["/mail", "/moved"])
                    # Not to another server.
                    with Inventory(group(self.two)) as other:
                        inventory.redirects["/mail"] = other.url
                        self.assert_targets(prober, self.two)
                        self.assertNotIn("Authorization", other.seen[0][1])
                    file.write_text(CANARY + "\nX: y\n", encoding="ascii")
                    self.until_failed(prober, inventory.url)
                    self.assertNotIn(CANARY, prober.scrape().text)
                self.assertNotIn(CANARY, prober.run.errors())

    def test_tls(self):
        roots = {"tls_config": {"ca_file": str(pki().roots)}}
        for name, item, message in [
                ("ip", roots, None),
                ("ip", {}, "certificate"),  # Not trusted by this system.
                ("good", roots, "certificate"),  # For another name.
                ("expired", roots, "certificate")]:
            with self.subTest(name, **item), \
                    Inventory(group(self.one),
                              identity=pki().identity(name)) as inventory, \
                    Prober(self.http_config(inventory, **item)) as prober:
                if message is None:
                    self.assert_targets(prober, self.one)
                else:
                    self.until_failed(prober, inventory.url)
                    prober.run.wait_for_line(
                        "Cannot read targets.*" + message)
                    self.assertEqual(inventory.seen, [])


if __name__ == "__main__":
    unittest.main()
