#!/usr/bin/env python3
"""Ten thousand targets of which half never answer."""

import resource
import time
import unittest

from harness import SANITIZED, MailSim, Page, Prober, config, lacking

TARGETS = 10_000
# Enough for the simulator's listeners and the conversations of both.
DESCRIPTORS = 16_384
# The budget is 4 KB for each target at rest, beside what a scrape and a
# thousand conversations take. Sanitizers multiply memory and time.
MAX_RESIDENT_BYTES = 200 * 1024 * 1024
SCRAPE_SECONDS = 30 if SANITIZED else 2
LIVENESS_SECONDS = 5 if SANITIZED else 1


class LoadTest(unittest.TestCase):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
            raise lacking(f"only {hard} descriptors are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        (soft, hard))

    def test_half_of_the_targets_are_silent(self):
        scenario = {"servers": [
            {"name": "well", "listen": "127.20.0.1:0", "spread": "address",
             "count": TARGETS // 2,
             "profile": {"capabilities": ["PIPELINING", "SIZE 1000"]}},
            {"name": "silent", "listen": "127.40.0.1:0", "spread": "address",
             "count": TARGETS // 2, "script": ["never"]},
        ]}
        with MailSim(scenario) as sim:
            text = config(*sim.targets.values(), interval="20s",
                          timeout="3s")
            with Prober(text, "--probe.threads=2") as prober:
                self.watch(prober)
                self.judge(prober, sim)

    def watch(self, prober):
        """Until all were probed; meanwhile the daemon must answer."""
        deadline = time.monotonic() + 150
        while True:
            start = time.monotonic()
            self.assertEqual(prober.get("/-/healthy").status, 200)
            self.assertLess(time.monotonic() - start, LIVENESS_SECONDS)
            text = prober.get("/metrics").text
            self.assertLess(time.monotonic() - start, 2 * SCRAPE_SECONDS)
            # To read it takes Python longer than it took the daemon to write.
            page = Page(text)
            probes = page.all("smtp_probes_total").values()
            if len(probes) == TARGETS and min(probes) >= 1:
                return
            self.assertLess(time.monotonic(), deadline)
            time.sleep(1)

    def judge(self, prober, sim):
        start = time.monotonic()
        body = prober.get("/metrics").body
        self.assertLess(time.monotonic() - start, SCRAPE_SECONDS)
        self.assertGreater(len(body), TARGETS * 500)
        if not SANITIZED:
            self.assertLess(prober.resident_bytes(), MAX_RESIDENT_BYTES)
        page = prober.scrape()
        by_target = {}
        for labels, value in page.all("smtp_reachable").items():
            by_target[dict(labels)["target"]] = value
        failures = {
            (dict(labels)["phase"], dict(labels)["reason"])
            for labels in page.all("smtp_probe_failure_info")}
        self.assertEqual(failures, {("greeting", "timeout")})
        for name, target in sim.targets.items():
            want = 1 if name.startswith("well") else 0
            self.assertEqual(by_target[target], want, name)


if __name__ == "__main__":
    unittest.main()
