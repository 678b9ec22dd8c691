#!/usr/bin/env python3
"""A thousand servers that send random bytes: the daemon stays up, tells each
from the others, and its page stays a page."""

import unittest

from harness import MailSim, Prober, config

GREETING = {"send": "220 mx.example.com ESMTP"}
# Where in the conversation the noise begins, and how many servers do it.
SCRIPTS = {
    "greeting": (400, [{"random": {"bytes": 20000, "seed": 1}}]),
    "after-220": (200, [{"send_raw": "220-"},
                        {"random": {"bytes": 20000, "seed": 2}}]),
    "ehlo": (200, [GREETING, {"expect": "EHLO"},
                   {"random": {"bytes": 20000, "seed": 3}}]),
    "capabilities": (150, [GREETING, {"expect": "EHLO"},
                           {"send_raw": "250-mx.example.com\r\n250-X"},
                           {"random": {"bytes": 3000, "seed": 4}},
                           {"send_raw": "\r\n250 SIZE 1000\r\n"},
                           "never"]),
    # These never stop by themselves.
    "endless": (50, [{"random": {"bytes": "forever", "seed": 5}}]),
}


class HostileTest(unittest.TestCase):
    def test_random_bytes(self):
        servers = [{"name": name, "listen": "127.0.0.1:0", "count": count,
                    "script": script}
                   for name, (count, script) in SCRIPTS.items()]
        count = sum(count for count, _ in SCRIPTS.values())
        self.assertEqual(count, 1000)
        with MailSim({"servers": servers}) as sim:
            targets = sim.targets
            self.assertEqual(len(targets), count)
            text = config(*targets.values(), interval="5s", timeout="3s")
            with Prober(text, "--probe.threads=2") as prober:
                page = prober.scrape_until(
                    lambda page: self.all_probed(page, count),
                    "a probe of each", seconds=120)
                for name, target in targets.items():
                    reachable = page.value("smtp_reachable", target=target)
                    failure = page.failure(target=target)
                    self.assertEqual(
                        page.value("smtp_probe_success", target=target),
                        0 if failure else 1)
                    self.assertTrue(reachable or failure, name)
                    if not name.startswith(("capabilities", "ehlo")):
                        # Noise is no greeting.
                        self.assertEqual(reachable, 0, name)
                        self.assertEqual(failure[0], "greeting", name)
                self.assertEqual(prober.get("/-/healthy").status, 200)

    def all_probed(self, page, count):
        probes = page.all("smtp_probes_total")
        return len(probes) == count and min(probes.values()) >= 1


if __name__ == "__main__":
    unittest.main()
