#!/usr/bin/env python3
"""A real Prometheus has mail servers tested at /probe: by a job for
blackbox_exporter, and by one that gets its targets from our own list."""

import unittest

from harness import Prober
from mail_site import Site
from probe_test import on_demand
from prometheus_server import Prometheus

ZONES = {"example": """
plain MX 10 mx1.plain
plain MX 20 mx2.plain
mx1.plain A %11
mx2.plain A %12
"""}
SERVERS = {
    11: {"profile": {"hostname": "mx1.plain.example"}},
    12: {"refused": True},
    13: {"script": ["never"]},
}


def probe_job(name, address, **keys):
    """As the documentation of blackbox_exporter has it."""
    return {
        "job_name": name,
        "metrics_path": "/probe",
        "scrape_interval": "3s",
        "scrape_timeout": "3s",
        "relabel_configs": [
            {"source_labels": ["__address__"],
             "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": address}],
    } | keys


class ProbeJobsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ZONES, SERVERS)
        cls.site.__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def target(self, number):
        return f"{self.site.address(number)}:{self.site.port}"

    def values(self, found, label="instance"):
        """{instance: value}; nothing may be labelled twice."""
        for labels, _ in found:
            for name in labels:
                self.assertFalse(name.startswith("exported_"), labels)
        return {labels[label]: value for labels, value in found}

    def test_a_job_for_blackbox_exporter(self):
        targets = [self.target(number) for number in SERVERS]
        # The module has a name of theirs.
        modules = {"smtp_starttls": {"tls": {"mode": "opportunistic"}}}
        with Prober(self.site.config(
                modules=modules, on_demand=on_demand(targets)),
                "--timeout-offset=1.5") as prober, Prometheus(probe_job(
                    "blackbox", prober.address,
                    params={"module": ["smtp_starttls"]},
                    static_configs=[{"targets": targets}])) as prometheus:
            # The silent server, too, is answered for before the scrape ends.
            prometheus.query_until("up == 1", 3)
            self.assertEqual(
                self.values(prometheus.query_until("probe_success", 3)),
                {targets[0]: 1, targets[1]: 0, targets[2]: 0})
            self.assertEqual(
                self.values(prometheus.query_until("smtp_reachable", 3)),
                {targets[0]: 1, targets[1]: 0, targets[2]: 0})
            reasons = {
                labels["instance"]: (labels["phase"], labels["reason"])
                for labels, _ in prometheus.query_until(
                    "smtp_probe_failure_info == 1", 2)}
            self.assertEqual(reasons, {targets[1]: ("connect", "refused"),
                                       targets[2]: ("greeting", "timeout")})
            self.assertEqual(set(self.values(prometheus.query_until(
                "probe_timeout_seconds", 3)).values()), {1.5})
            # No scrape was ever lost.
            self.assertEqual(set(self.values(prometheus.query_until(
                "min_over_time(up[1m])", 3)).values()), {1})

    def test_a_job_from_our_own_list(self):
        site = self.site
        config = site.config(
            site.domain("plain.example", labels={"team": "mail"}),
            site.host("mx1.plain.example", labels={"team": "web"}),
            {"host": site.address(12), "port": site.port, "module": "calm"},
            modules={"calm": {"interval": "2m"}})
        domain = f"plain.example:{site.port}"
        host = f"mx1.plain.example:{site.port}"
        down = self.target(12)
        with Prober(config) as prober:
            # Those whose names are still looked up are not listed yet.
            prober.until(lambda: prober.get("/api/v1/sd").text.count(
                "__param_module") == 3, "the list")
            sd = {"url": f"http://{prober.address}/api/v1/sd",
                  "refresh_interval": "5s"}
            with Prometheus(probe_job(
                    "own", prober.address,
                    http_sd_configs=[sd])) as prometheus:
                prometheus.query_until("up == 1", 3)
                self.assertEqual(
                    self.values(prometheus.query_until("probe_success", 3)),
                    {domain: 0, host: 1, down: 0})
                [(labels, value)] = prometheus.query_until(
                    "smtp_domain_reachable", 1)
                self.assertEqual((labels["instance"], value), (domain, 1))
                # Our labels came along, and the domain's places.
                self.assertEqual(labels["team"], "mail")
                self.assertEqual(
                    self.values(prometheus.query_until(
                        f'smtp_reachable{{instance="{domain}"}}', 2), "mx"),
                    {"mx1.plain.example": 1, "mx2.plain.example": 0})
                [(labels, _)] = prometheus.query_until(
                    f'smtp_reachable{{instance="{host}"}}', 1)
                self.assertEqual(labels["team"], "web")

                # What leaves the list leaves Prometheus.
                prober.write_config(site.config(
                    site.host("mx1.plain.example", labels={"team": "web"})))
                prober.reload()
                prometheus.query_until("up", 1)


if __name__ == "__main__":
    unittest.main()
