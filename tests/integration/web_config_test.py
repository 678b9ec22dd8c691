#!/usr/bin/env python3
"""--web.config.file, judged by promtool, curl, openssl and Prometheus."""

import base64
import contextlib
import http.client
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from harness import PATIENCE, SANITIZED, Prober, config, lacking, program
from pki import pki
from prometheus_server import Prometheus
from prometheus_test import job

SAMPLES = pathlib.Path(__file__).parents[1] / "config" / "web"
# What exporter-toolkit 0.8 in Debian's promtool does not know yet.
# (rate_limit, client_allowed_sans, certificates inline).
NEW_KEYS = {"valid-sans", "valid-rate", "valid-rate-off", "valid-inline"}
# bcrypt of "secret", at cost 4 and 10.
HASH = "$2y$04$QOauhQNbBCuQDKes6eFzPeVj0cCigtIZ1NEwIggIAOiVqcS6cpIjG"
SLOW_HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeyPuNvFcakVHA4BKvO2N5bbdl8u8T/oK"
OTHER_HASH = "$2y$04$QOauhQNbBCuQDKes6eFzPeHizAQBqCqpmnnITdj5DmdkvJTJL1R2C"
# Port 9 of loopback: nobody listens.
TARGETS = config("127.0.0.1:9")


def basic(user, password):
    text = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


class WebProber(Prober):
    """The daemon behind a web configuration, `text`, in a folder with the
    certificates `server` (for 127.0.0.1) and `ca`. `identity` is what its
    client shows; `headers` go with each request."""

    def __init__(self, text, headers=None, identity=None):
        self._folder = tempfile.TemporaryDirectory(prefix="web-")
        self.folder = pathlib.Path(self._folder.name)
        self.file = self.folder / "web.yml"
        self.write(text)
        self.install("ip")
        shutil.copy(pki().roots, self.folder / "ca.crt")
        self.headers = headers or {}
        self.has_tls = "tls_server_config" in text
        self.context = ssl.create_default_context(cafile=pki().roots)
        if identity:
            self.context.load_cert_chain(*pki().identity(identity))
        super().__init__(TARGETS, f"--web.config.file={self.file}")

    def write(self, text):
        """As an editor does: whole or not at all."""
        new = self.folder / "new"
        new.write_text(text, encoding="utf-8")
        new.rename(self.file)

    def install(self, name):
        """Makes `name` the server's certificate: both files at once, as
        Kubernetes changes a mounted secret."""
        keys = self.folder / f"keys-{time.monotonic_ns()}"
        keys.mkdir()
        shutil.copy(pki().certificate(name), keys / "server.crt")
        shutil.copy(pki().key(name), keys / "server.key")
        link = self.folder / "link"
        link.symlink_to(keys)
        link.rename(self.folder / "keys")

    def request(self, method, path, headers=None, timeout=PATIENCE):
        connection = self.connect(timeout)
        with contextlib.closing(connection):
            connection.request(method, path,
                               headers={**self.headers, **(headers or {})})
            response = connection.getresponse()
            response.body = response.read()
            response.text = response.body.decode("utf-8")
            return response

    def connect(self, timeout=PATIENCE):
        if self.has_tls:
            return http.client.HTTPSConnection(self.address, timeout=timeout,
                                               context=self.context)
        return http.client.HTTPConnection(self.address, timeout=timeout)

    def curl(self, *arguments):
        """What it printed; its exit code where that is not 0."""
        scheme = "https" if self.has_tls else "http"
        done = subprocess.run(
            ["curl", "-sS", "--cacert", pki().roots, *arguments,
             f"{scheme}://{self.address}/-/healthy"],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
        return done.returncode or done.stdout

    def s_client(self, *arguments):
        """What openssl tells of a handshake."""
        done = subprocess.run(
            ["openssl", "s_client", "-connect", self.address, "-CAfile",
             pki().roots, *arguments],
            input=b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"
                  b"Connection: close\r\n\r\n",
            capture_output=True, timeout=PATIENCE, check=False)
        return (done.stdout + done.stderr).decode(errors="replace")

    def __exit__(self, *arguments):
        try:
            super().__exit__(*arguments)
        finally:
            self._folder.cleanup()


TLS = ("tls_server_config:\n"
       "  cert_file: keys/server.crt\n"
       "  key_file: keys/server.key\n")
USERS = f"basic_auth_users:\n  alice: {HASH}\n"
CLIENTS = ("  client_auth_type: RequireAndVerifyClientCert\n"
           "  client_ca_file: ca.crt\n")


class VerdictTest(unittest.TestCase):
    """We and promtool agree about what is valid."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = pathlib.Path(directory.name)
        for name, source in [("server.crt", pki().certificate("good")),
                             ("server.key", pki().key("good")),
                             ("other.key", pki().key("good-rsa")),
                             ("ca.crt", pki().roots)]:
            shutil.copy(source, self.folder / name)
        (self.folder / "keys").mkdir()
        self.targets = self.folder / "smtp.yml"
        self.targets.write_text(TARGETS, encoding="utf-8")

    def ours(self, file):
        done = subprocess.run(
            [program("SMTP_PROBER"), "--config.check",
             f"--config.file={self.targets}", f"--web.config.file={file}"],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertNotIn("CANARY", done.stdout + done.stderr)
        if done.returncode != 0:
            self.assertRegex(done.stderr, rf"(?m)^{file}:\d+:\d+: ")
        return done.returncode == 0

    def promtool(self, file):
        path = shutil.which("promtool")
        if path is None:
            raise lacking("no promtool")
        done = subprocess.run([path, "check", "web-config", file],
                              capture_output=True, timeout=PATIENCE,
                              check=False)
        return done.returncode == 0

    def test_samples(self):
        samples = sorted(SAMPLES.glob("*.yml"))
        self.assertGreater(len(samples), 50)
        for sample in samples:
            name = sample.stem
            with self.subTest(name):
                file = self.folder / sample.name
                shutil.copy(sample, file)
                self.assertEqual(self.ours(file), name.startswith("valid-"))
                if name in NEW_KEYS:
                    self.assertFalse(self.promtool(file))
                elif name in ("strict-sans", "strict-rate"):
                    pass  # It does not know the key at all.
                else:
                    self.assertEqual(self.promtool(file),
                                     not name.startswith("invalid-"))

    def test_a_bad_file_stops_the_start(self):
        file = self.folder / "web.yml"
        file.write_text("basic_auth_users:\n  alice: CANARY\n",
                        encoding="utf-8")
        done = subprocess.run(
            [program("SMTP_PROBER"), f"--config.file={self.targets}",
             "--web.listen-address=127.0.0.1:0",
             f"--web.config.file={file}"],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{file}:2:10: basic_auth_users.alice: is not a bcrypt "
                      "hash", done.stderr)
        self.assertNotIn("CANARY", done.stderr)
        self.assertNotIn("Listening", done.stderr)


class TlsTest(unittest.TestCase):
    def test_a_scrape(self):
        with WebProber(TLS) as prober:
            self.assertEqual(prober.curl(), "Healthy\n")
            prober.scrape()
            prober.run.wait_for_line('msg="TLS is enabled."')
            # In clear it says what it wants.
            plain = subprocess.run(
                ["curl", "-sS", f"http://{prober.address}/metrics"],
                capture_output=True, text=True, check=False)
            self.assertIn("HTTPS server", plain.stdout)

    def test_versions(self):
        text = TLS + "  min_version: TLS12\n  max_version: TLS12\n"
        with WebProber(text) as prober:
            self.assertIn("Protocol  : TLSv1.2",
                          prober.s_client("-tls1_2"))
            self.assertIn("alert protocol version",
                          prober.s_client("-tls1_3"))
            prober.write(TLS + "  min_version: TLS13\n")
            self.assertIn("TLSv1.3", prober.s_client())
            self.assertIn("alert protocol version",
                          prober.s_client("-tls1_2"))

    def test_ciphers_and_curves(self):
        text = TLS + ("  cipher_suites: "
                      "[TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
                      "  curve_preferences: [CurveP384]\n")
        with WebProber(text) as prober:
            told = prober.s_client("-tls1_2")
            self.assertIn("Cipher is ECDHE-ECDSA-AES256-GCM-SHA384", told)
            self.assertRegex(told, "Server Temp Key: ECDH, (P-384|secp384r1)")
            self.assertIn("handshake failure", prober.s_client(
                "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"))
            self.assertIn("handshake failure", prober.s_client(
                "-groups", "X25519"))

    def test_http_2_is_not_chosen(self):
        with WebProber(TLS + "http_server_config: {http2: true}\n") as prober:
            told = prober.s_client("-alpn", "h2,http/1.1")
            self.assertIn("ALPN protocol: http/1.1", told)
            prober.run.wait_for_line("HTTP/2 is not offered")

    def test_client_certificates(self):
        def shown(name):
            certificate, key = pki().identity(name)
            return ["--cert", certificate, "--key", key]

        with WebProber(TLS + CLIENTS, identity="client") as prober:
            self.assertEqual(prober.curl(*shown("client")), "Healthy\n")
            self.assertEqual(prober.curl(*shown("scraper")), "Healthy\n")
            for refused in ([], shown("self-signed"),
                            shown("expired-client"), shown("good")):
                self.assertNotEqual(prober.curl(*refused), "Healthy\n")
            prober.write(TLS + CLIENTS +
                         "  client_allowed_sans: [scraper.example.com]\n")
            self.assertEqual(prober.curl(*shown("scraper")), "Healthy\n")
            self.assertNotEqual(prober.curl(*shown("client")), "Healthy\n")
            prober.write(TLS + CLIENTS)  # For the harness' own client.
            certificate, key = pki().identity("client")
            told = prober.s_client("-cert", certificate, "-key", key)
            self.assertIn("Test Root", told.split(
                "Acceptable client certificate CA names")[1][:200])

    def test_the_certificate_is_renewed_under_load(self):
        with WebProber(TLS) as prober:
            stop = threading.Event()
            problems = []
            served = []

            def scrape():
                while not stop.is_set():
                    try:
                        served.append(prober.get("/-/healthy").status)
                    except OSError as error:
                        problems.append(repr(error))

            # Only "ip" is for 127.0.0.1.
            prober.context.check_hostname = False
            threads = [threading.Thread(target=scrape) for _ in range(3)]
            for thread in threads:
                thread.start()
            kept = prober.connect()
            kept.connect()
            serials = set()
            try:
                for name in ("good", "good-rsa", "ip", "expiring", "ip") * 3:
                    prober.install(name)
                    told = prober.s_client()
                    leaf = pki().certificate(name).read_text().split(
                        "-----END")[0]
                    self.assertIn(leaf.strip(), told)
                    serials.add(leaf)
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            self.assertEqual(problems, [])
            self.assertEqual(set(served), {200})
            self.assertEqual(len(serials), 4)
            # Who was inside before all that still is.
            kept.request("GET", "/-/healthy")
            self.assertEqual(kept.getresponse().read(), b"Healthy\n")
            kept.close()

    def test_handshakes_do_not_stop_a_scrape(self):
        with WebProber(TLS) as prober:
            kept = prober.connect()
            kept.connect()
            stop = threading.Event()

            def shake():
                while not stop.is_set():
                    with contextlib.suppress(OSError):
                        connection = prober.connect()
                        connection.connect()
                        connection.close()

            threads = [threading.Thread(target=shake) for _ in range(4)]
            for thread in threads:
                thread.start()
            longest = 0
            for _ in range(50):
                start = time.monotonic()
                kept.request("GET", "/-/healthy")
                kept.getresponse().read()
                longest = max(longest, time.monotonic() - start)
            stop.set()
            for thread in threads:
                thread.join()
            kept.close()
            self.assertLess(longest, 5 if SANITIZED else 1)

    def test_a_large_page(self):
        with WebProber(TLS) as prober:
            prober.write_config(config(
                *[f"127.0.{i // 250}.{i % 250 + 1}:9" for i in range(3000)],
                interval="1h", stale_after="5h"))
            prober.reload()
            page = prober.scrape_until(
                lambda page: len(page.all("smtp_probe_interval_seconds")) ==
                3000, "3,000 targets")
            self.assertGreater(len(page.text), 500_000)


class RuntimeTest(unittest.TestCase):
    """The file changes while the daemon runs."""

    def test_users_come_and_go(self):
        with WebProber(USERS, basic("alice", "secret")) as prober:
            self.assertEqual(prober.get("/metrics").status, 200)
            prober.write(f"basic_auth_users:\n  alice: {OTHER_HASH}\n")
            self.assertEqual(prober.get("/metrics").status, 401)
            self.assertEqual(
                prober.get("/metrics", basic("alice", "other")).status, 200)
            prober.write("")
            self.assertEqual(prober.get("/metrics").status, 200)
            prober.write(USERS)

    def test_written_in_place_within_one_tick(self):
        with WebProber(USERS, basic("alice", "secret")) as prober:
            for _ in range(20):
                # The same length, the same inode, and often the same time.
                prober.file.write_text(USERS.replace(HASH, OTHER_HASH))
                prober.get("/-/healthy")
                prober.file.write_text(USERS)
                prober.until(
                    lambda: prober.get("/-/healthy").status == 200,
                    "the last of two quick changes")

    def test_a_bad_file_lets_nobody_in(self):
        for bad in ("basic_auth_users: [", "unknown_key: 1\n",
                    "basic_auth_users:\n  alice: plain\n", None):
            with self.subTest(bad), \
                    WebProber(USERS, basic("alice", "secret")) as prober:
                kept = prober.connect()
                kept.request("GET", "/-/healthy", headers=prober.headers)
                kept.getresponse().read()
                if bad is None:
                    prober.file.unlink()
                else:
                    prober.write(bad)
                kept.request("GET", "/metrics", headers=prober.headers)
                refused = kept.getresponse()
                self.assertEqual(refused.read(), b"Internal Server Error\n")
                self.assertEqual(refused.status, 500)
                self.assertEqual(prober.get("/-/healthy").status, 500)
                prober.run.wait_for_line("web configuration is bad.*web.yml")
                prober.write(USERS)
                kept.request("GET", "/metrics", headers=prober.headers)
                self.assertEqual(kept.getresponse().status, 200)
                prober.run.wait_for_line("web configuration is good again")
                kept.close()
                # It is said once, however many ask.
                self.assertEqual(
                    prober.run.errors().count("web configuration is bad"), 1)

    def test_a_bad_certificate_lets_nobody_in(self):
        with WebProber(TLS) as prober:
            certificate = prober.folder / "keys" / "server.crt"
            good = certificate.read_text()
            certificate.write_text("nothing")
            self.assertNotEqual(prober.curl(), "Healthy\n")
            prober.run.wait_for_line("holds no certificate")
            certificate.write_text(good)
            prober.until(lambda: prober.curl() == "Healthy\n",
                         "the good certificate")
            # Another key than the certificate's.
            key = prober.folder / "keys" / "server.key"
            good = key.read_text()
            shutil.copy(pki().key("good-rsa"), key)
            self.assertNotEqual(prober.curl(), "Healthy\n")
            prober.run.wait_for_line("does not belong to the certificate")
            key.write_text(good)
            prober.until(lambda: prober.curl() == "Healthy\n", "the good key")

    def test_tls_is_neither_switched_on_nor_off(self):
        with WebProber(TLS) as prober:
            prober.write("")
            self.assertNotEqual(prober.curl(), "Healthy\n")
            prober.run.wait_for_line("the port that spoke TLS does not change")
            prober.write(TLS)
            prober.until(lambda: prober.curl() == "Healthy\n", "TLS again")
        with WebProber("") as prober:
            prober.write(TLS)
            self.assertEqual(prober.curl(), "Healthy\n")
            prober.run.wait_for_line("does not speak TLS until a restart")
            prober.write("")


class HeaderTest(unittest.TestCase):
    def test_headers_and_rate(self):
        text = ("http_server_config:\n  headers:\n"
                "    Strict-Transport-Security: max-age=7\n"
                "    X-XSS-Protection: 1; mode=block\n")
        with WebProber(text) as prober:
            told = prober.curl("-i")
            self.assertIn("\nStrict-Transport-Security: max-age=7\n",
                          told.replace("\r", ""))
            self.assertIn("\nX-XSS-Protection: 1; mode=block\n",
                          told.replace("\r", ""))
            prober.write(text + "rate_limit: {interval: 1h, burst: 3}\n")
            codes = [prober.curl("-o", os.devnull, "-w", "%{http_code}")
                     for _ in range(5)]
            self.assertEqual(codes, ["200", "200", "200", "429", "429"])
            prober.write(text)


class BasicAuthTest(unittest.TestCase):
    def test_curl(self):
        with WebProber(USERS, basic("alice", "secret")) as prober:
            def code(*arguments):
                return prober.curl("-o", os.devnull, "-w", "%{http_code}",
                                   *arguments)
            self.assertEqual(code("-u", "alice:secret"), "200")
            self.assertEqual(code("--anyauth", "-u", "alice:secret"), "200")
            for wrong in ([], ["-u", "alice:"], ["-u", "alice:Secret"],
                          ["-u", "bob:secret"], ["-u", ":secret"],
                          ["-H", "Authorization: Bearer secret"]):
                self.assertEqual(code(*wrong), "401")

    def test_guesses_do_not_stop_who_knows(self):
        text = f"basic_auth_users:\n  alice: {SLOW_HASH}\n"
        with WebProber(text, basic("alice", "secret")) as prober:
            self.assertEqual(prober.get("/metrics").status, 200)
            stop = threading.Event()
            statuses = []

            def guess(number):
                count = 0
                while not stop.is_set():
                    count += 1
                    statuses.append(prober.get("/metrics", basic(
                        "alice", f"{number}-{count}")).status)

            threads = [threading.Thread(target=guess, args=(i,))
                       for i in range(12)]
            for thread in threads:
                thread.start()
            longest = 0
            for _ in range(30):
                start = time.monotonic()
                self.assertEqual(prober.get("/metrics").status, 200)
                longest = max(longest, time.monotonic() - start)
            stop.set()
            for thread in threads:
                thread.join()
            self.assertLessEqual(set(statuses), {401, 503})
            self.assertLess(longest, 5 if SANITIZED else 1)

    def test_prometheus_through_tls_with_password_and_certificate(self):
        certificate, key = pki().identity("client")
        with WebProber(TLS + CLIENTS + USERS, basic("alice", "secret"),
                       identity="client") as prober:
            tls = {"ca_file": str(pki().roots), "cert_file": str(certificate),
                   "key_file": str(key)}
            user = {"username": "alice", "password": "secret"}
            with Prometheus(job("smtp", prober.address) | {
                    "scheme": "https", "tls_config": tls,
                    "basic_auth": user}) as prometheus:
                prometheus.query_until("up == 1", 1)
                prometheus.query_until("smtp_probe_interval_seconds", 1)
            with Prometheus(job("smtp", prober.address) | {
                    "scheme": "https", "tls_config": tls,
                    "basic_auth": user | {"password": "x"}}) as stranger:
                stranger.query_until("up == 0", 1)
            del tls["cert_file"], tls["key_file"]
            with Prometheus(job("smtp", prober.address) | {
                    "scheme": "https", "tls_config": tls,
                    "basic_auth": user}) as stranger:
                stranger.query_until("up == 0", 1)


if __name__ == "__main__":
    unittest.main()
