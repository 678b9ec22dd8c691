#!/usr/bin/env python3
"""Debian's Prometheus scrapes the daemon, in each exposition format."""

import http.client
import http.server
import threading
import unittest

from harness import PATIENCE, MailSim, Prober, config
from prometheus_server import Prometheus


class Relay(http.server.ThreadingHTTPServer):
    """Stands between Prometheus and the daemon; may change what Prometheus
    accepts, and notes what it was given."""

    daemon_threads = True

    class Exchange(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            headers = dict(self.headers)
            if self.server.accept is not None:
                headers["Accept"] = self.server.accept
            connection = http.client.HTTPConnection(self.server.address,
                                                    timeout=PATIENCE)
            connection.request("GET", self.path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            connection.close()
            content_type = response.headers["Content-Type"]
            self.server.content_types.add(content_type)
            self.send_response(response.status)
            self.send_header("Content-Type", content_type)
            if response.headers["Content-Encoding"]:
                self.send_header("Content-Encoding",
                                 response.headers["Content-Encoding"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *unused):
            pass

    def __init__(self, address, accept):
        self.address = address
        self.accept = accept
        self.content_types = set()
        super().__init__(("127.0.0.1", 0), self.Exchange)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def target(self):
        return "127.0.0.1:{}".format(self.server_address[1])

    def __exit__(self, *unused):
        self.shutdown()
        self.server_close()


SCENARIO = {"servers": [
    {"name": "well", "listen": "127.0.0.1:0",
     "profile": {"hostname": "mail.example.com",
                 "capabilities": ["SIZE 0", "STARTTLS"]}, "tls": {}},
    {"name": "down", "listen": "127.0.0.1:0", "refused": True},
    # Everything that may go wrong between a greeting and a label.
    {"name": "rude", "listen": "127.0.0.1:0",
     "profile": {"banner": 'mail\\".example\u00e9\u0001 "{},=',
                 "capabilities": ['X"Y', "A\\B", "caf\u00e9", "AUTH \u0001"],
                 }},
]}


def job(name, target):
    return {"job_name": name, "static_configs": [{"targets": [target]}]}


class PrometheusTest(unittest.TestCase):
    def scrape(self, accept, content_type):
        with MailSim(SCENARIO) as sim, \
                Prober(config(*sim.targets.values())) as prober:
            prober.probed()
            with Relay(prober.address, accept) as relay, \
                    Prometheus(job("smtp", relay.target())) as prometheus:
                prometheus.query_until("up == 1", 1)
                found = prometheus.query_until("smtp_reachable", 3)
                values = {labels["target"]: value for labels, value in found}
                self.assertEqual(values, {sim.targets["well"]: 1,
                                          sim.targets["down"]: 0,
                                          sim.targets["rude"]: 1})
                for labels, _ in found:
                    # Ours must not collide with Prometheus's own.
                    self.assertNotIn("exported_instance", labels)
                    self.assertNotIn("exported_job", labels)
                [(labels, _)] = prometheus.query_until(
                    "smtp_probe_failure_info == 1", 1)
                self.assertEqual((labels["phase"], labels["reason"]),
                                 ("connect", "refused"))
                [(_, size)] = prometheus.query_until(
                    "smtp_size_limit_bytes", 1)
                self.assertEqual(size, float("inf"))
                prometheus.query_until("smtp_probes_total >= 1", 3)
                self.assertEqual(
                    prometheus.query_until("min_over_time(up[1m])", 1)[0][1],
                    1)
                self.assertEqual(relay.content_types, {content_type})

    def test_openmetrics_is_what_it_asks_for(self):
        self.scrape(None, "application/openmetrics-text; version=1.0.0; "
                          "charset=utf-8; escaping=underscores")

    def test_text(self):
        self.scrape("text/plain;version=0.0.4",
                    "text/plain; version=0.0.4; charset=utf-8")


if __name__ == "__main__":
    unittest.main()
