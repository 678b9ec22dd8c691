#!/usr/bin/env python3
"""A thousand tests of silent servers at once, and all else goes on."""

import resource
import selectors
import socket
import time
import unittest

from harness import PATIENCE, SANITIZED, MailSim, Page, Prober, config
from probe_test import on_demand, port, probe_path

COUNT = 1000
# How long a scrape may take meanwhile.
SCRAPE_SECONDS = 5 if SANITIZED else 1
# How long the silent servers are waited for.
TIMEOUT_SECONDS = 40 if SANITIZED else 15


class Crowd:
    """Requests on connections of their own, all at once."""

    def __init__(self, address, paths):
        host, port = address.rsplit(":", 1)
        self._selector = selectors.DefaultSelector()
        self._sockets = []
        for path in paths:
            link = socket.create_connection((host, int(port)), PATIENCE)
            link.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n"
                         "Connection: close\r\n\r\n".encode("ascii"))
            link.setblocking(False)
            self._selector.register(link, selectors.EVENT_READ, [])
            self._sockets.append(link)

    def answers(self, seconds):
        """What came until all had ended: (status, body) each."""
        deadline = time.monotonic() + seconds
        found = []
        while self._selector.get_map():
            rest = deadline - time.monotonic()
            assert rest > 0, f"only {len(found)} answers"
            for key, _ in self._selector.select(rest):
                piece = key.fileobj.recv(65536)
                if piece:
                    key.data.append(piece)
                    continue
                self._selector.unregister(key.fileobj)
                head, body = b"".join(key.data).split(b"\r\n\r\n", 1)
                found.append((int(head.split(b" ", 2)[1]),
                              body.decode("utf-8")))
        return found

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._selector.close()
        for link in self._sockets:
            link.close()


class OnDemandLoadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                            (soft, hard))

    def test_a_thousand_wait(self):
        scenario = {"servers": [
            {"name": "well", "listen": "127.0.0.1:0", "profile": {}},
            {"name": "silent", "listen": "127.200.0.1:0", "count": COUNT,
             "spread": "address", "script": ["never"]}]}
        with MailSim(scenario) as sim:
            well = sim.targets.pop("well")
            silent = list(sim.targets.values())
            self.assertEqual(len(silent), COUNT)
            self.one_more = silent[0]
            with Prober(config(
                    well, timeout=f"{TIMEOUT_SECONDS}s",
                    timeouts={"greeting": f"{TIMEOUT_SECONDS}s"},
                    on_demand=on_demand(silent, rate=COUNT))) as prober:
                threads = prober.probed().value("process_threads")
                probes = prober.scrape().value("smtp_probes_total")
                with Crowd(prober.address, map(probe_path, silent)) as crowd:
                    self.while_they_wait(prober, threads)
                    answers = crowd.answers(TIMEOUT_SECONDS + PATIENCE)
                self.assertEqual({status for status, _ in answers}, {200})
                for _, body in answers:
                    self.assertEqual(Page(body).failure(),
                                     ("greeting", "timeout"))
                # What is watched was probed on.
                page = prober.scrape()
                self.assertGreater(page.value("smtp_probes_total"),
                                   probes + TIMEOUT_SECONDS / 3)
                self.assertEqual(page.value("smtp_reachable"), 1)
                self.assertEqual(
                    page.value("smtp_prober_on_demand_probes_total"), COUNT)
                prober.scrape_until(
                    lambda page: page.value("process_open_fds") < COUNT / 2,
                    "all connections closed")

    def while_they_wait(self, prober, threads):
        prober.scrape_until(
            lambda page: page.value("smtp_prober_probes_in_flight") >= COUNT,
            "a thousand conversations")
        slowest = 0
        for _ in range(5):
            started = time.monotonic()
            page = prober.scrape(check=False)
            slowest = max(slowest, time.monotonic() - started)
            self.assertGreaterEqual(
                page.value("smtp_prober_probes_in_flight"), COUNT)
            self.assertEqual(page.value("process_threads"), threads)
        self.assertLess(slowest, SCRAPE_SECONDS)
        # One more than there may be, by default.
        response = prober.get(probe_path(self.one_more))
        self.assertEqual(response.status, 503)

    def test_a_thousand_hang_up(self):
        scenario = {"servers": [
            {"name": "silent", "listen": "127.201.0.1:0", "count": COUNT,
             "spread": "address", "script": ["never"]}]}
        with MailSim(scenario) as sim, Prober(config(
                on_demand=on_demand(sim.targets.values(), rate=COUNT),
                timeouts={"greeting": "5s"})) as prober:
            paths = map(probe_path, sim.targets.values())
            with Crowd(prober.address, paths):
                prober.scrape_until(
                    lambda page:
                    page.value("smtp_prober_probes_in_flight") == COUNT,
                    "a thousand conversations")
            # Nobody waits for them any more: who comes next is no 503.
            other = f"127.201.100.1:{port(next(iter(sim.targets.values())))}"
            response = prober.until(
                lambda: (answer := prober.get(probe_path(other))).status == 200
                and answer, "a free place")
            self.assertEqual(Page(response.text).failure(),
                             ("connect", "refused"))
            prober.scrape_until(
                lambda page: page.value("smtp_prober_probes_in_flight") == 0
                and page.value("process_open_fds") < COUNT / 2,
                "the end of all conversations")


if __name__ == "__main__":
    unittest.main()
