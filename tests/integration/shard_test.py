#!/usr/bin/env python3
"""Daemons that split one list of targets, and Prometheus that splits it
alike."""

import contextlib
import hashlib
import http.client
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from harness import PATIENCE, Prober, Process, config, lacking

COUNT = 3
# As users write targets: names and addresses, with a port and without. None of
# them is there: the names are asked of a resolver that refuses connections.
TARGETS = ([f"mx{number}.example.com" for number in range(100)] +
           [f"mail{number}.example.org:2525" for number in range(100)] +
           [f"127.200.{number}.1:1" for number in range(50)] +
           [f"127.201.{number}.1" for number in range(50)] +
           [f"[::1]:{number}" for number in range(1, 20)])
NOWHERE = {"servers": ["127.0.0.1:1"], "timeout": "100ms", "tries": 1}


def label(target):
    """The label `target`, which always has a port."""
    has_port = target.startswith("[") or ":" in target
    return target if has_port else f"{target}:25"


def shard(target):
    """What Prometheus' documentation says of `hashmod`."""
    digest = hashlib.md5(target.encode()).digest()
    return int.from_bytes(digest[8:], "big") % COUNT


class Prometheus:
    """One that has a scrape job per shard, and scrapes nothing."""

    def __init__(self, groups):
        self._directory = tempfile.TemporaryDirectory(prefix="prometheus-")
        self._groups = groups
        self._run = self._address = None

    def _job(self, index):
        return {
            "job_name": f"shard-{index}",
            # The first scrape comes somewhere within the interval.
            "scrape_interval": "1d",
            "file_sd_configs": [{"files": ["targets.json"]}],
            "relabel_configs": [
                {"source_labels": ["__address__"], "modulus": COUNT,
                 "target_label": "__tmp_hash", "action": "hashmod"},
                {"source_labels": ["__tmp_hash"], "regex": str(index),
                 "action": "keep"},
                # What is scraped would be a daemon.
                {"source_labels": ["__address__"], "target_label": "target"},
                {"target_label": "__address__", "replacement": "127.0.0.1:1"},
            ],
        }

    def __enter__(self):
        path = shutil.which("prometheus")
        if path is None:
            raise lacking("no prometheus")
        folder = pathlib.Path(self._directory.name)
        (folder / "targets.json").write_text(json.dumps(self._groups),
                                             encoding="utf-8")
        (folder / "prometheus.yml").write_text(json.dumps({
            "scrape_configs": [self._job(index) for index in range(COUNT)],
        }), encoding="utf-8")
        self._run = Process(
            [path, f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data",
             "--web.listen-address=127.0.0.1:0"],
            stdout=subprocess.DEVNULL, cwd=folder)
        try:
            self._address = self._run.wait_for_line(
                r'msg="Listening on" address=(127\.0\.0\.1:\d+)')[1]
        except BaseException:
            self._run.kill()
            raise
        return self

    def __exit__(self, *unused):
        self._run.process.terminate()
        self._run.finish()
        self._directory.cleanup()

    def _active(self):
        connection = http.client.HTTPConnection(self._address,
                                                timeout=PATIENCE)
        connection.request("GET", "/api/v1/targets?state=active")
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status == 503:
            return []  # It is not ready.
        return json.loads(body)["data"]["activeTargets"]

    def shards(self):
        """[the targets of each shard], once all are known."""
        deadline = time.monotonic() + PATIENCE
        while len(active := self._active()) < len(TARGETS):
            assert time.monotonic() < deadline, \
                f"{len(active)} targets\n{self._run.errors()[-4000:]}"
            time.sleep(0.1)
        found = [set() for _ in range(COUNT)]
        for target in active:
            index = int(target["labels"]["job"].removeprefix("shard-"))
            found[index].add(target["labels"]["target"])
        return found


class ShardTest(unittest.TestCase):
    def setUp(self):
        self.expected = [{target for target in TARGETS
                          if shard(target) == index}
                         for index in range(COUNT)]

    def daemon(self, text, index, count=COUNT):
        return Prober(text, f"--shard.index={index}",
                      f"--shard.count={count}")

    def targets(self, prober, count):
        page = prober.scrape_until(
            lambda page: len(page.all("smtp_probes_total")) == count,
            f"{count} targets")
        self.assertEqual(page.value("smtp_prober_targets"), count)
        return set(page.label_values("smtp_probes_total", "target"))

    def check_split(self, text):
        with contextlib.ExitStack() as stack:
            daemons = [stack.enter_context(self.daemon(text, index))
                       for index in range(COUNT)]
            for index, prober in enumerate(daemons):
                wanted = self.expected[index]
                self.assertTrue(wanted)
                self.assertEqual(self.targets(prober, len(wanted)),
                                 set(map(label, wanted)))

    def test_daemons_split_the_targets_of_a_configuration(self):
        self.check_split(config(*TARGETS, interval="10s", dns=NOWHERE))

    def test_daemons_split_a_list_of_targets(self):
        groups = [{"targets": TARGETS[::2], "labels": {"half": "one"}},
                  {"targets": TARGETS[1::2]}]
        with tempfile.TemporaryDirectory(prefix="shard-") as folder:
            file = pathlib.Path(folder) / "targets.json"
            file.write_text(json.dumps(groups), encoding="utf-8")
            self.check_split(config(interval="10s", dns=NOWHERE,
                                    target_files=[str(file)]))

    def test_one_daemon_has_them_all(self):
        with self.daemon(config(*TARGETS, interval="10s", dns=NOWHERE), 0,
                         count=1) as prober:
            self.assertEqual(self.targets(prober, len(TARGETS)),
                             set(map(label, TARGETS)))

    def test_a_domain_is_split_like_a_host(self):
        domains = [{"domain": f"d{number}.example.com"}
                   for number in range(20)]
        wanted = {f"{target['domain']}:25" for target in domains
                  if shard(target["domain"]) == 1}
        self.assertTrue(0 < len(wanted) < len(domains))
        with self.daemon(config(*domains, interval="10s", dns=NOWHERE),
                         1) as prober:
            self.assertEqual(self.targets(prober, len(wanted)), wanted)

    def test_prometheus_splits_alike(self):
        with Prometheus([{"targets": TARGETS}]) as prometheus:
            self.assertEqual(prometheus.shards(), self.expected)


if __name__ == "__main__":
    unittest.main()
