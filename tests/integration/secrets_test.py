#!/usr/bin/env python3
"""No secret leaves the daemon: not on a page, not in the log."""

import base64
import http.server
import json
import pathlib
import tempfile
import threading
import unittest

from harness import Prober, config
from pki import pki

CANARY = "CANARY"
# bcrypt of "secret", cost 4.
HASH = "$2y$04$QOauhQNbBCuQDKes6eFzPeVj0cCigtIZ1NEwIggIAOiVqcS6cpIjG"


class Inventory(http.server.ThreadingHTTPServer):
    """Serves a list of targets at /good; anywhere else it sends back what it
    was sent."""

    daemon_threads = True

    class Exchange(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            sent = self.headers.get("Authorization", "")
            self.server.seen.append(sent)
            good = self.path == "/good"
            body = (json.dumps([{"targets": ["127.0.0.1:9"]}]) if good
                    else sent).encode()
            self.send_response(200 if good else 403)
            self.send_header("Content-Type",
                             "application/json" if good else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *unused):
            pass

    def handle_error(self, *unused):
        pass  # The daemon does not read what is refused.

    def __init__(self):
        self.seen = []
        super().__init__(("127.0.0.1", 0), self.Exchange)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:{}".format(self.server_address[1])

    def __exit__(self, *unused):
        self.shutdown()
        self.server_close()


class Guarded(Prober):
    """Its client gives alice's password."""

    def request(self, method, path, headers=None, *options):
        right = base64.b64encode(b"alice:secret").decode()
        return super().request(
            method, path,
            headers or {"Authorization": f"Basic {right}"}, *options)


class SecretsTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = pathlib.Path(directory.name)
        for name in ("password", "token"):
            (self.folder / name).write_text(f"{CANARY}-{name}\n")

    def check(self, text, where):
        for secret in (CANARY, HASH, HASH[7:],
                       base64.b64encode(CANARY.encode()).decode()[:6],
                       "PRIVATE KEY"):
            self.assertNotIn(secret, text, where)

    def test_nothing_shows_a_secret(self):
        certificate, key = pki().identity("client")
        with Inventory() as inventory:
            lists = [
                {"url": f"{inventory.url}/good", "basic_auth": {
                    "username": "me",
                    "password_file": str(self.folder / "password")}},
                {"url": f"{inventory.url}/bad", "authorization": {
                    "credentials_file": str(self.folder / "token")}},
                {"url": "http://127.0.0.1:9/gone", "authorization": {
                    "credentials_file": str(self.folder / "token")}},
            ]
            modules = {"shown": {"role": "mx", "port": 25, "tls": {
                "mode": "required", "cert_file": str(certificate),
                "key_file": str(key)}}}
            target = {"host": "127.0.0.1", "port": 10, "module": "shown"}
            settings = config(target, http_sd=lists, modules=modules)
            web = self.folder / "web.yml"
            web.write_text("basic_auth_users:\n"
                           f"  alice: {HASH}\n", encoding="utf-8")
            prober = Guarded(settings, "--log.level=debug",
                             f"--web.config.file={web}")
            with prober:
                prober.until(lambda: len(inventory.seen) >= 2, "both lists")
                # The secrets are used.
                self.assertIn(f"Bearer {CANARY}-token", inventory.seen)
                prober.run.wait_for_line("level=WARN.*/bad")
                prober.run.wait_for_line("level=WARN.*/gone")
                shown = prober.get("/config").text
                self.assertIn("password_file: ", shown)
                for path in ("/config", "/metrics", "/", "/api/v1/targets",
                             "/api/v1/sd", "/nothing", f"/?{CANARY[:3]}",
                             "/probe?target=127.0.0.1:10&debug=true"):
                    self.check(prober.get(path).text, path)
                # Whoever gives a wrong password does not find it in the log.
                wrong = base64.b64encode(f"alice:{CANARY}".encode()).decode()
                prober.get("/metrics", {"Authorization": f"Basic {wrong}"})
                prober.request("POST", "/-/reload")
            self.check(prober.run.errors(), "log")

    def test_a_refused_configuration_shows_none_either(self):
        bad = [
            {"url": f"http://me:{CANARY}@127.0.0.1:9/"},
            {"url": f"http://{CANARY}@127.0.0.1:9/"},
            {"url": "http://127.0.0.1:9/", "basic_auth": {
                "username": "me", "password": CANARY}},
            {"url": "http://127.0.0.1:9/", "authorization": {
                "credentials": CANARY}},
            {"url": "http://127.0.0.1:9/", "bearer_token": CANARY},
        ]
        with Prober(config("127.0.0.1:9")) as prober:
            before = prober.get("/config").text
            for item in bad:
                prober.write_config(config("127.0.0.1:9", http_sd=[item]))
                answer = prober.request("POST", "/-/reload")
                self.assertEqual(answer.status, 500)
                self.check(answer.text, item)
            self.check(prober.run.errors(), "log")
            self.assertEqual(prober.get("/config").text, before)


if __name__ == "__main__":
    unittest.main()
