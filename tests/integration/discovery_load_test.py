#!/usr/bin/env python3
"""A hundred thousand targets, half of them domains, come, change and leave, in
a file that is watched, while the configuration is read again."""

import http.client
import json
import multiprocessing
import os
import pathlib
import time
import unittest

from dns_servers import Unbound, free_port, own_block
from harness import SANITIZED, Prober

TARGETS = 10_000 if SANITIZED else 100_000
# Every other one. All have one MX host, so that they are one conversation.
DOMAINS = TARGETS // 2
CHANGED = TARGETS // 10
CHANGING = 7  # The last digit of those that change.
# Seconds. The shortest that the daemon goes by: each domain is looked up again
# several times in a round.
TTL = 5
# No turn of the main loop may take longer, else a scrape waits for it. What
# sanitizers make of it says nothing.
STALL_SECONDS = 2.0 if SANITIZED else 0.1
PATIENCE = 120
# The budget is 4 KB for each target at rest, beside what the program needs
# with none at all, which is also what is left when all have gone.
TARGET_BYTES = 4096
PROGRAM_BYTES = 64 * 1024 * 1024
# Some targets are probed more often than the others, so that a round sees them
# several times. Seconds; a probe that is late by more has lost its place.
WATCHED = 200
INTERVAL = 6
TOLERANCE = 1.5
ROUNDS = 2
ZONE = "load.test"
LOOKUPS = 'smtp_prober_dns_lookups_total{record="mx"}'
CONFIG = """
ehlo_name: monitor.example.net
interval: 60s
timeout: 2s
dns: {{servers: ["{dns}"], timeout: 2s, tries: 2}}
target_files: [targets.json]
targets: [{more}]
"""
SETTINGS = f"""
  local-zone: "{ZONE}." redirect
  local-data: "{ZONE}. {TTL} IN MX 10 mx.hosts.test."
  local-zone: "hosts.test." static
  local-data: "mx.hosts.test. {TTL} IN A 127.63.1.1"
  log-queries: no
"""


def name_of(number):
    """Odd ones are domains, the others loopback addresses; nothing listens on
    their port 1."""
    if number % 2 == 1:
        return f"d{number}.{ZONE}:1"
    return (f"127.{64 + number // 62_500}.{number // 250 % 250}"
            f".{number % 250 + 1}:1")


def digit_of(number):
    """The last digit of its pair's number: each has addresses and domains."""
    return number // 2 % 10


def not_run(pid):
    """For how many seconds the main thread of `pid` wanted to run and had no
    processor. 0 where the kernel does not count."""
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(
            encoding="ascii")
    except FileNotFoundError:
        return 0.0
    return int(text.split()[1]) / 1e9


def stolen():
    """For how many seconds the host of this machine kept a processor to
    itself."""
    with open("/proc/stat", encoding="ascii") as table:
        return int(table.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def lost(pids):
    """What the machine took from the processes in all."""
    return sum(map(not_run, pids)) + stolen()


def ask_again_and_again(address, pid, done, told):
    """Tells of each wait the part that the daemon is to blame for, and the
    whole."""
    waits = []
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    pids = [pid, os.getpid()]
    while not done.is_set():
        lost_before = lost(pids)
        start = time.monotonic()
        connection.request("GET", "/-/healthy")
        connection.getresponse().read()
        wait = time.monotonic() - start
        waits.append((wait - (lost(pids) - lost_before), wait))
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
            args=(prober.address, prober.run.process.pid, self._done,
                  self._told), daemon=True)

    def __enter__(self):
        self._process.start()
        return self

    def __exit__(self, *unused):
        self._done.set()
        self.waits = self._told.get(timeout=PATIENCE)
        self._process.join()


def groups(numbers, changed):
    """A list of targets. With `changed` a tenth of them has another label:
    they are other targets then, all but their names."""
    lists = {}
    for number in numbers:
        labels = {"digit": str(digit_of(number))}
        if number % 2 == 1:
            labels |= {"__smtp_domain": "true",
                       "__smtp_private_addresses": "probe"}
        if digit_of(number) == CHANGING:
            labels |= {"odd": "yes"} if changed else {}
        elif number < WATCHED:
            labels |= {"watched": "yes", "__interval": f"{INTERVAL}s"}
        lists.setdefault(tuple(labels.items()), []).append(name_of(number))
    return [{"targets": names, "labels": dict(labels)}
            for labels, names in lists.items()]


class Page:
    """What the test wants to know of a page, of which it reads no more: there
    are millions of lines."""

    def __init__(self, text):
        self.targets = 0
        self.odd = 0
        self.probes = {}  # {target: probes that have ended}
        self.ended = {}  # {watched target: when the last one did}
        self.lookups = 0  # Of domains, since the daemon's start.
        for line in text.splitlines():
            if line.startswith("smtp_probe_interval_seconds{"):
                self.targets += 1
                self.odd += 'odd="yes"' in line
            elif line.startswith("smtp_probes_total{"):
                self.probes[line.split('"', 2)[1]] = self._value(line)
            elif (line.startswith("smtp_probe_timestamp_seconds{") and
                  'watched="yes"' in line):
                self.ended[line.split('"', 2)[1]] = self._value(line)
            elif line.startswith(LOOKUPS):
                self.lookups = self._value(line)

    @staticmethod
    def _value(line):
        return float(line.rsplit(" ", 1)[1])


class DiscoveryLoadTest(unittest.TestCase):
    def setUp(self):
        address = own_block() + "54"
        self.dns = Unbound([], (address, 1), [address], free_port(address),
                           SETTINGS)
        self.dns.__enter__()
        self.addCleanup(self.dns.__exit__)

    def config(self, more=""):
        return CONFIG.format(dns=self.dns.target, more=more)

    def put(self, prober, numbers, changed=False):
        """Gives the daemon another list, as an atomic rename."""
        folder = prober.config_file.parent
        fresh = folder / "fresh.tmp"
        fresh.write_text(json.dumps(groups(numbers, changed)),
                         encoding="utf-8")
        os.replace(fresh, folder / "targets.json")

    def read(self, prober):
        page = Page(prober.get("/metrics", timeout=PATIENCE).text)
        for target, ended in page.ended.items():
            probe = page.probes[target], ended
            seen = self.schedule.setdefault(target, [probe])
            if seen[-1] != probe:
                seen.append(probe)
        return page

    def settle(self, prober, count, changed=0):
        """The page once it has all targets, and so many changed ones."""
        def there():
            page = self.read(prober)
            return page if (page.targets, page.odd) == (count, changed) \
                else None
        return prober.until(there, f"{count} targets", PATIENCE)

    def test_they_come_change_and_leave(self):
        with Prober(self.config()) as prober:
            for _ in range(ROUNDS):
                with Watch(prober) as watch:
                    self.round(prober)
                self.assertGreater(len(watch.waits), 300)
                # Not one may be long; those around it help to see why.
                self.assertLess(watch.waits[-1][0], STALL_SECONDS,
                                watch.waits[-5:])

    def round(self, prober):
        self.schedule = {}  # {watched target: [(probes, the last one's end)]}
        self.put(prober, range(TARGETS))
        self.settle(prober, TARGETS)
        # Each has been probed, so that there is a schedule to lose.
        before = prober.until(lambda: self.all_probed(prober, times=1),
                              "a first probe")
        self.put(prober, range(TARGETS), changed=True)
        prober.write_config(self.config('"127.63.1.2:1"'))
        prober.reload()
        after = self.settle(prober, TARGETS + 1, CHANGED)
        for target, count in before.probes.items():
            self.assertGreaterEqual(after.probes[target], count, target)
        last = prober.until(lambda: self.all_probed(prober, times=3),
                            "three probes")
        self.assert_schedule_kept()
        # All of that beside answers that were asked for anew.
        self.assertGreater(last.lookups, before.lookups + DOMAINS)
        self.fits(prober, PROGRAM_BYTES + TARGETS * TARGET_BYTES)
        self.put(prober, [])
        prober.write_config(self.config())
        prober.reload()
        self.settle(prober, 0)
        self.fits(prober, PROGRAM_BYTES)

    def all_probed(self, prober, times):
        page = self.read(prober)
        return page if (len(page.ended) > 0.8 * WATCHED and all(
            page.probes[target] >= times for target in page.ended)) else None

    def assert_schedule_kept(self):
        """From each probe of a watched target to its next: one interval."""
        self.assertGreater(len(self.schedule), 0.8 * WATCHED)
        for target, seen in self.schedule.items():
            for (count, ended), (next_count, next_ended) in zip(seen,
                                                                seen[1:]):
                self.assertGreater(next_count, count, (target, seen))
                self.assertAlmostEqual(
                    next_ended - ended, (next_count - count) * INTERVAL,
                    delta=TOLERANCE, msg=(target, seen))

    def fits(self, prober, most):
        """Memory is given back a few seconds after a change."""
        if not SANITIZED:
            prober.until(lambda: prober.resident_bytes() < most,
                         f"less than {most} bytes resident")


if __name__ == "__main__":
    unittest.main()
