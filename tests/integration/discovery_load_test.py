#!/usr/bin/env python3
"""A hundred thousand targets come, change and leave, in a file that is
watched."""

import http.client
import json
import multiprocessing
import os
import time
import unittest

from harness import SANITIZED, Prober

TARGETS = 10_000 if SANITIZED else 100_000
CHANGED = TARGETS // 10
# No turn of the main loop may take longer, else a scrape waits for it. What
# sanitizers make of it says nothing.
STALL_SECONDS = 2.0 if SANITIZED else 0.1
# The machine's own hiccups: of some ten thousand requests so many may wait.
HICCUPS = 2
PATIENCE = 120
# The budget is 4 KB for each target at rest, beside what the program needs
# with none at all, which is also what is left when all have gone.
TARGET_BYTES = 4096
PROGRAM_BYTES = 64 * 1024 * 1024
CONFIG = """
ehlo_name: monitor.example.net
interval: 60s
timeout: 2s
dns: {servers: ["127.0.0.1:1"], timeout: 100ms, tries: 1}
target_files: [targets.json]
"""


def address(number):
    """Loopback addresses; nothing listens on their port 1."""
    return (f"127.{64 + number // 62_500}.{number // 250 % 250}"
            f".{number % 250 + 1}:1")


def ask_again_and_again(address, done, told):
    waits = []
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    while not done.is_set():
        start = time.monotonic()
        connection.request("GET", "/-/healthy")
        connection.getresponse().read()
        waits.append(time.monotonic() - start)
        time.sleep(0.002)
    connection.close()
    told.put(sorted(waits))


class Watch:
    """Asks the daemon again and again how it is: in a process of its own,
    because this one takes big pages apart."""

    def __init__(self, prober):
        self.waits = None
        self._done = multiprocessing.Event()
        self._told = multiprocessing.Queue()
        self._process = multiprocessing.Process(
            target=ask_again_and_again,
            args=(prober.address, self._done, self._told), daemon=True)

    def __enter__(self):
        self._process.start()
        return self

    def __exit__(self, *unused):
        self._done.set()
        self.waits = self._told.get(timeout=PATIENCE)
        self._process.join()


class DiscoveryLoadTest(unittest.TestCase):
    def put(self, prober, numbers, labels):
        """Gives the daemon another list, as an atomic rename."""
        folder = prober.config_file.parent
        fresh = folder / "fresh.tmp"
        fresh.write_text(json.dumps([
            {"targets": [address(n) for n in numbers if n % 10 == digit],
             "labels": {"digit": str(digit), **labels(digit)}}
            for digit in range(10)]), encoding="utf-8")
        os.replace(fresh, folder / "targets.json")

    def settle(self, prober, count, changed=0):
        """The page once it has all targets, and so many changed ones."""
        def there():
            page = prober.get("/metrics", timeout=PATIENCE).text
            lines = [line for line in page.splitlines()
                     if line.startswith("smtp_probe_interval_seconds{")]
            odd = sum('odd="yes"' in line for line in lines)
            return page if (len(lines), odd) == (count, changed) else None
        return prober.until(there, f"{count} targets", PATIENCE)

    def probes(self, page):
        counts = {}
        for line in page.splitlines():
            if line.startswith("smtp_probes_total{target="):
                counts[line.split('"', 2)[1]] = int(line.rsplit(" ", 1)[1])
        return counts

    def test_they_come_change_and_leave(self):
        with Prober(CONFIG) as prober:
            with Watch(prober) as watch:
                for _ in range(3):
                    self.round(prober)
            self.assertGreater(len(watch.waits), 1000)
            self.assertLess(watch.waits[-HICCUPS - 1], STALL_SECONDS,
                            watch.waits[-5:])

    def round(self, prober):
        numbers = range(TARGETS)
        self.put(prober, numbers, lambda digit: {})
        page = self.settle(prober, TARGETS)
        before = self.probes(page)
        # One group has another label: its targets are other ones now.
        self.put(prober, numbers,
                 lambda digit: {"odd": "yes"} if digit == 7 else {})
        after = self.probes(self.settle(prober, TARGETS, CHANGED))
        self.assertEqual(len(after), TARGETS)
        self.assertTrue(any(before.values()))
        for target, count in before.items():
            self.assertGreaterEqual(after[target], count, target)
        self.fits(prober, PROGRAM_BYTES + TARGETS * TARGET_BYTES)
        self.put(prober, [], lambda digit: {})
        self.settle(prober, 0)
        self.fits(prober, PROGRAM_BYTES)

    def fits(self, prober, most):
        """Memory is given back a few seconds after a change."""
        if not SANITIZED:
            prober.until(lambda: prober.resident_bytes() < most,
                         f"less than {most} bytes resident")


if __name__ == "__main__":
    unittest.main()
