#!/usr/bin/env python3
"""When one machine is not enough: three daemons and a real Prometheus. Each
target is watched once, whether the daemons divide the list themselves or
Prometheus divides what it has tested at /probe, and the loss of one daemon
costs the results of its third and no other."""

import contextlib
import hashlib
import unittest

from harness import MailSim, Prober, config
from prometheus_server import Prometheus

COUNT = 3
SERVERS = 40
# Nothing listens there.
REFUSED = [f"127.200.{number}.1:1" for number in range(20)]


def shard(target):
    """What Prometheus' documentation says of `hashmod`."""
    digest = hashlib.md5(target.encode()).digest()
    return int.from_bytes(digest[8:], "big") % COUNT


class ShardsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scenario = {"servers": [{"name": str(number), "listen": "127.0.0.1:0",
                                 "profile": {}}
                                for number in range(SERVERS)]}
        cls.sim = MailSim(scenario)
        cls.sim.__enter__()
        cls.addClassCleanup(cls.sim.__exit__)
        willing = list(cls.sim.targets.values())
        cls.reachable = dict.fromkeys(willing, 1) | dict.fromkeys(REFUSED, 0)
        cls.thirds = [{target for target in cls.reachable
                       if shard(target) == index} for index in range(COUNT)]
        assert all(cls.thirds), cls.thirds

    def daemons(self, text, arguments=lambda index: ()):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return [stack.enter_context(Prober(text, *arguments(index)))
                for index in range(COUNT)]

    def values(self, found):
        """{target: value}; no target may come twice."""
        values = {labels["target"]: value for labels, value in found}
        self.assertEqual(len(values), len(found), found)
        return values

    def by_daemon(self, found, label, names):
        """The targets of each daemon."""
        return [{labels["target"] for labels, _ in found
                 if labels[label] == name} for name in names]

    def check_all(self, prometheus, expression):
        """Everything is seen, each target once; the samples."""
        found = prometheus.query_until(expression, len(self.reachable))
        self.assertEqual(self.values(found), self.reachable)
        return found

    def check_loss(self, prometheus, expression, lost):
        """What is left once the results of one third are gone."""
        rest = self.reachable.keys() - self.thirds[lost]
        found = prometheus.query_until(expression, len(rest))
        self.assertEqual(self.values(found), {
            target: self.reachable[target] for target in rest})
        return rest

    def test_daemons_divide_the_list(self):
        daemons = self.daemons(
            config(*self.reachable, interval="2s"),
            lambda index: (f"--shard.index={index}", f"--shard.count={COUNT}"))
        names = [daemon.address for daemon in daemons]
        with Prometheus({"job_name": "smtp-prober",
                         "static_configs": [{"targets": names}]}) as prometheus:
            found = self.check_all(prometheus, "smtp_reachable")
            self.assertEqual(self.by_daemon(found, "instance", names),
                             self.thirds)
            prometheus.query_until(
                f"sum(smtp_prober_targets) == {len(self.reachable)}", 1)

            daemons[1].stop()
            rest = self.check_loss(prometheus, "smtp_reachable", 1)
            [(labels, _)] = prometheus.query_until("up == 0", 1)
            self.assertEqual(labels["instance"], names[1])
            # The others neither take over nor notice.
            [(_, before)] = prometheus.query("min(smtp_probes_total)")
            prometheus.query_until(f"smtp_probes_total > {before} + 1",
                                   len(rest))
            prometheus.query_until(
                f"sum(smtp_prober_targets) == {len(rest)}", 1)

    def probe_job(self, index, address):
        """What the operator writes of a Probe object for one shard of
        Prometheus; the last `target` and `instance` are the object's own, and
        those of prometheus.example.yml."""
        return {
            "job_name": f"shard-{index}",
            "metrics_path": "/probe",
            "params": {"module": ["smtp"]},
            "static_configs": [{"targets": list(self.reachable),
                                "labels": {"module": "smtp"}}],
            "relabel_configs": [
                {"source_labels": ["__address__"],
                 "target_label": "__param_target"},
                {"source_labels": ["__param_target"],
                 "target_label": "instance"},
                {"target_label": "__address__", "replacement": address},
                {"source_labels": ["instance"], "target_label": "target"},
                {"target_label": "instance", "replacement": address},
                {"source_labels": ["__param_target"], "modulus": COUNT,
                 "target_label": "__tmp_hash", "action": "hashmod"},
                {"source_labels": ["__tmp_hash"], "regex": str(index),
                 "action": "keep"}],
        }

    def test_prometheus_divides_the_probes(self):
        ports = sorted({int(target.rsplit(":", 1)[1])
                        for target in self.reachable})
        daemons = self.daemons(config(
            timeout="1s", on_demand={"allow": ["127.0.0.0/8"],
                                     "ports": ports}))
        names = [daemon.address for daemon in daemons]
        with Prometheus(*(self.probe_job(index, daemon.address)
                          for index, daemon in enumerate(daemons))
                        ) as prometheus:
            found = self.check_all(prometheus, "smtp_reachable")
            self.assertEqual(self.by_daemon(found, "instance", names),
                             self.thirds)
            self.check_all(prometheus, "probe_success")
            for daemon, third in zip(daemons, self.thirds):
                self.assertGreaterEqual(daemon.scrape().value(
                    "smtp_prober_on_demand_probes_total"), len(third))

            daemons[1].stop()
            rest = self.check_loss(prometheus, "smtp_reachable", 1)
            # Each of its targets says so, under its own name.
            found = prometheus.query_until("up == 0", len(self.thirds[1]))
            self.assertEqual(set(self.values(found)), self.thirds[1])
            self.assertEqual({labels["instance"] for labels, _ in found},
                             {names[1]})
            # The others go on.
            probes = [daemon.scrape().value(
                "smtp_prober_on_demand_probes_total")
                for daemon in (daemons[0], daemons[2])]
            for daemon, before in zip((daemons[0], daemons[2]), probes):
                daemon.scrape_until(
                    lambda page, before=before: page.value(
                        "smtp_prober_on_demand_probes_total") > before,
                    "more tests")
            found = prometheus.query_until("up == 1", len(rest))
            self.assertEqual(set(self.values(found)), rest)


if __name__ == "__main__":
    unittest.main()
