#!/usr/bin/env python3
"""The listener among clients that are many, slow or both: a scrape is answered
as if they were not there."""

import contextlib
import http.client
import resource
import select
import shutil
import socket
import subprocess
import threading
import time
import unittest

from harness import SANITIZED, Prober, config, lacking

IDLE = 5000
SLOW = 500
# Of 127.0.0.2 and so on, as many machines would be.
SOURCES = 4
# Without them a scrape takes milliseconds; a scrape that waits for a time limit
# takes 30 s and one that a full backlog delays at least 1 s.
GOOD_SECONDS = 5 if SANITIZED else 0.9


def allow_descriptors(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted:
        raise lacking(f"{wanted} file descriptors, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


class ListenerLoadTest(unittest.TestCase):
    def setUp(self):
        allow_descriptors(IDLE + SLOW + 200)
        # Port 9 of loopback: nobody listens.
        targets = [f"127.0.{i // 250}.{i % 250 + 1}:9" for i in range(500)]
        self.prober = Prober(config(*targets, interval="1h",
                                     stale_after="5h"))
        self.prober.__enter__()
        self.addCleanup(self.prober.__exit__, None, None, None)
        host, port = self.prober.address.split(":")
        self.address = host, int(port)
        self.open = contextlib.ExitStack()
        self.addCleanup(self.open.close)

    def connect(self, number, receive_buffer=None):
        client = self.open.enter_context(socket.socket())
        client.settimeout(30)
        if receive_buffer:  # Before the connection, which tells it the server.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                              receive_buffer)
        client.bind((f"127.0.0.{2 + number % SOURCES}", 0))
        client.connect(self.address)
        return client

    def scrapes(self, count=10):
        """How long the slowest of `count` scrapes by a newcomer took."""
        longest = 0
        for _ in range(count):
            start = time.monotonic()
            self.assertEqual(self.prober.get("/metrics").status, 200)
            longest = max(longest, time.monotonic() - start)
        return longest

    def test_idle_connections(self):
        # A scraper that keeps its connection, among those that come and stay.
        keeper = http.client.HTTPConnection(*self.address, timeout=30)
        self.addCleanup(keeper.close)
        clients = []
        longest = 0
        for number in range(IDLE):
            client = self.connect(number)
            if number % 2:
                client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
                client.recv(4096)
            clients.append(client)
            if number % 500 == 0:
                longest = max(longest, self.scrapes(1))
                keeper.request("GET", "/-/healthy")
                self.assertEqual(keeper.getresponse().read(), b"Healthy\n")
        longest = max(longest, self.scrapes())
        self.assertLess(longest, GOOD_SECONDS)
        # It takes a fraction of what 5,000 would need elsewhere.
        self.assertLess(self.prober.resident_bytes(), 1 << 30)

    def test_slow_heads(self):
        clients = [self.connect(number) for number in range(SLOW)]
        for client in clients:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
            client.setblocking(False)
        start = time.monotonic()
        longest = 0
        # Lively until they are cut off, each for all that it does.
        while clients and time.monotonic() - start < 60:
            still = []
            for client in clients:
                try:
                    client.send(b"X-a: b\r\n"[:1 + len(still) % 8])
                    if client.recv(1):
                        continue  # A refusal is an end too.
                except BlockingIOError:
                    still.append(client)
                except OSError:
                    pass
            clients = still
            longest = max(longest, self.scrapes(1))
            time.sleep(0.2)
        self.assertEqual(len(clients), 0, "some were never cut off")
        self.assertLess(longest, GOOD_SECONDS)

    def test_slow_readers(self):
        for number in range(200):
            client = self.connect(number, receive_buffer=4096)
            # More than the sockets hold.
            for _ in range(5):
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertLess(self.scrapes(), GOOD_SECONDS)

    def test_a_huge_header(self):
        for part, status in [(b"X: " + b"y" * 100_000, b"431"),
                             (b"X: y\r\n" * 20_000, b"431")]:
            client = self.connect(0)
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + part)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := client.recv(65536):
                    answer += piece
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), answer)

    def test_many_quick_clients(self):
        wrk = shutil.which("wrk")
        if wrk is None:
            raise lacking("no wrk")
        url = f"http://{self.prober.address}/-/healthy"
        load = subprocess.Popen(
            [wrk, "-t1", "-c200", "-d5s", "--latency", url],
            stdout=subprocess.PIPE, text=True)
        longest = 0
        while load.poll() is None:
            longest = max(longest, self.scrapes(1))
        report = load.stdout.read()
        load.stdout.close()
        self.assertEqual(load.returncode, 0, report)
        self.assertNotIn("Socket errors", report)
        self.assertNotIn("Non-2xx", report)
        self.assertLess(longest, GOOD_SECONDS)

    def test_connections_that_come_and_go(self):
        stop = threading.Event()

        def flood(source):
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    client = socket.create_connection(
                        self.address, timeout=30, source_address=(source, 0))
                    select.select([client], [], [], 0)
                    client.close()

        threads = [threading.Thread(target=flood, args=(f"127.0.0.{i}",))
                   for i in (2, 3)]
        for thread in threads:
            thread.start()
        try:
            longest = self.scrapes()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertLess(longest, GOOD_SECONDS)


if __name__ == "__main__":
    unittest.main()
