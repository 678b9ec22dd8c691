#!/usr/bin/env python3
"""The HTTP interface as a Prometheus, a browser and a load balancer see it."""

import gzip
import re
import socket
import unittest

from harness import Prober, check_page, config

OPENMETRICS = ("application/openmetrics-text; version=1.0.0; charset=utf-8; "
               "escaping=underscores")
TEXT = "text/plain; version=0.0.4; charset=utf-8"


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Port 9 of loopback: nobody listens.
        cls.prober = Prober(config("127.0.0.1:9"))
        cls.prober.__enter__()
        cls.addClassCleanup(cls.prober.__exit__, None, None, None)
        cls.prober.probed()

    def test_negotiation(self):
        for accept, want in [
                (None, TEXT), ("*/*", TEXT), ("text/html", TEXT),
                ("text/plain;version=0.0.4", TEXT),
                ("application/openmetrics-text;version=1.0.0", OPENMETRICS),
                ("application/openmetrics-text;version=1.0.0;q=0.2,"
                 "text/plain;version=0.0.4;q=0.9", TEXT),
                # Prometheus 2.42.
                ("application/openmetrics-text;version=1.0.0,"
                 "application/openmetrics-text;version=0.0.1;q=0.75,"
                 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OPENMETRICS)]:
            with self.subTest(accept):
                headers = {"Accept": accept} if accept else {}
                response = self.prober.get("/metrics", headers)
                self.assertEqual(response.status, 200)
                self.assertEqual(response.headers["Content-Type"], want)
                ends = response.text.endswith("# EOF\n")
                self.assertEqual(ends, want == OPENMETRICS)
                if want == TEXT:
                    check_page(response.text)

    def test_openmetrics_counters(self):
        page = self.prober.get(
            "/metrics",
            {"Accept": "application/openmetrics-text;version=1.0.0"}).text
        self.assertIn("# TYPE smtp_probes counter\n", page)
        self.assertRegex(page, r"(?m)^smtp_probes_total\{")
        for never in ("\n\n", "\r", " \n"):
            self.assertNotIn(never, page)

    def test_gzip(self):
        for accept, compressed in [("gzip", True), ("gzip;q=0", False),
                                   ("identity", False),
                                   ("deflate, gzip;q=0.5", True)]:
            with self.subTest(accept):
                response = self.prober.get("/metrics",
                                           {"Accept-Encoding": accept})
                self.assertEqual(
                    response.headers["Content-Encoding"] == "gzip",
                    compressed)
                body = response.body
                if compressed:
                    body = gzip.decompress(body)
                check_page(body.decode("utf-8"))

    def test_health(self):
        for path in ("/-/healthy", "/-/ready"):
            self.assertEqual(self.prober.get(path).status, 200)

    def test_front_page(self):
        response = self.prober.get("/")
        self.assertEqual(response.status, 200)
        self.assertTrue(
            response.headers["Content-Type"].startswith("text/html"))
        self.assertIn("metrics", response.text)

    def test_what_is_not_there(self):
        for path in ("/nothing", "/metrics/", "/-/", "/../etc/passwd"):
            self.assertEqual(self.prober.get(path).status, 404, path)

    def test_reload_needs_post(self):
        self.assertEqual(self.prober.get("/-/reload").status, 405)
        self.assertEqual(self.prober.request("POST", "/-/reload").status, 200)

    def test_bytes_that_are_no_http(self):
        host, port = self.prober.address.split(":")
        for garbage in (b"EHLO x\r\n\r\n", b"\x16\x03\x01\x02\x00",
                        b"GET /metrics HTTP/1.1\r\n" +
                        b"X: " + b"y" * 100_000 + b"\r\n\r\n"):
            with socket.create_connection((host, int(port)), 10) as client:
                answer = b""
                try:
                    client.sendall(garbage)
                    client.shutdown(socket.SHUT_WR)
                    while piece := client.recv(65536):
                        answer += piece
                except OSError:
                    pass  # It may close at once.
                if answer:
                    self.assertTrue(re.match(rb"HTTP/1\.[01] [45]", answer),
                                    answer[:80])
        self.assertEqual(self.prober.get("/-/healthy").status, 200)

    def test_self_metrics(self):
        page = self.prober.scrape_until(
            lambda page: "smtp_prober_event_loop_lag_seconds" in page.types,
            "a measured loop lag")
        self.assertEqual(len(page.all("smtp_prober_build_info")), 1)
        self.assertEqual(
            page.value("smtp_prober_config_last_reload_successful"), 1)
        for name in ("smtp_prober_probes_in_flight",
                     "process_resident_memory_bytes",
                     "process_cpu_seconds_total", "process_open_fds",
                     "process_start_time_seconds"):
            self.assertIsNotNone(page.value(name), name)
        for name in ("smtp_prober_probe_duration_seconds",
                     "smtp_prober_schedule_lag_seconds",
                     "smtp_prober_event_loop_lag_seconds"):
            self.assertEqual(page.types.get(name), "histogram", name)
        self.assertEqual(page.failure(), ("connect", "refused"))


if __name__ == "__main__":
    unittest.main()
