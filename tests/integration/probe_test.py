#!/usr/bin/env python3
"""/probe: blackbox_exporter's contract, and what a mail server sees of it."""

import concurrent.futures
import gzip
import http.client
import json
import socket
import threading
import time
import unittest
import urllib.parse

from harness import PATIENCE, MailSim, Page, Prober, check_page, config
from pki import pki
from servers import Exim, Postfix

TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"
OFFSET = 1  # --timeout-offset of the tests.

SCENARIO = {"servers": [
    {"name": "well", "listen": "127.0.0.1:0", "tls": {},
     "profile": {"hostname": "mail.example.com",
                 "capabilities": ["PIPELINING", "SIZE 0", "STARTTLS"]}},
    {"name": "down", "listen": "127.0.0.1:0", "refused": True},
    {"name": "silent", "listen": "127.0.0.1:0", "script": ["never"]},
    {"name": "slow", "listen": "127.0.0.1:0",
     "profile": {"greeting_delay": "700ms"}},
    {"name": "busy", "listen": "127.0.0.1:0",
     "profile": {"closing": "CONNECT"}},
]}


def probe_path(target, **arguments):
    return "/probe?" + urllib.parse.urlencode(
        {"target": target} | arguments)


def port(target):
    return int(target.rsplit(":", 1)[1])


def on_demand(targets, **keys):
    """The block that permits these loopback targets."""
    return {"allow": ["127.0.0.0/8"],
            "ports": sorted({port(target) for target in targets})} | keys


def probe(prober, target, headers=None, **arguments):
    """The page of a probe, which must be a good answer."""
    response = prober.get(probe_path(target, **arguments), headers)
    assert response.status == 200, (response.status, response.text)
    return Page(response.text)


class Hanging:
    """A request whose answer nobody reads."""

    def __init__(self, prober, path):
        self._connection = http.client.HTTPConnection(prober.address,
                                                      timeout=PATIENCE)
        self._connection.request("GET", path)

    def hang_up(self):
        self._connection.close()


class ProbeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = MailSim(SCENARIO)
        cls.sim.__enter__()
        cls.addClassCleanup(cls.sim.__exit__)
        cls.at = cls.sim.targets
        cls.prober = Prober(
            config(cls.at["well"], on_demand=on_demand(cls.at.values())),
            f"--timeout-offset={OFFSET}")
        cls.prober.__enter__()
        cls.addClassCleanup(cls.prober.__exit__, None, None, None)

    def probe(self, name, headers=None, **arguments):
        return probe(self.prober, self.at[name], headers, **arguments)

    def self_metric(self, name, **labels):
        return self.prober.scrape(check=False).value(name, **labels)

    def talks(self, name, count=1):
        """What the server recorded, once it has so many conversations."""
        def attempt():
            found = [talk for talk in self.sim.conversations()
                     if talk["server"] == name]
            return found if len(found) >= count else None
        return self.prober.until(attempt, f"{count} conversations of {name}")

    def test_a_good_probe(self):
        response = self.prober.get(probe_path(self.at["well"]),
                                   {TIMEOUT: "20"})
        self.assertEqual(response.headers["Content-Type"],
                         "text/plain; version=0.0.4; charset=utf-8")
        check_page(response.text)
        page = Page(response.text)
        self.assertEqual(page.value("probe_success"), 1)
        self.assertEqual(page.value("probe_timeout_seconds"), 20 - OFFSET)
        self.assertGreater(page.value("probe_duration_seconds"), 0)
        self.assertLess(page.value("probe_duration_seconds"), 20)
        self.assertIsNotNone(page.value("probe_dns_lookup_time_seconds"))
        self.assertEqual(page.value("probe_ip_protocol"), 4)
        self.assertGreater(page.value("probe_ssl_earliest_cert_expiry"),
                           time.time())
        self.assertEqual(
            page.value("probe_tls_version_info", version="TLS 1.3"), 1)
        # Whoever asks labels the target.
        self.assertEqual(page.all("smtp_reachable"),
                         {frozenset({("address", "127.0.0.1")}): 1})
        self.assertEqual(page.value("smtp_starttls_success"), 1)
        self.assertEqual(page.value("smtp_size_limit_bytes"), float("inf"))
        names = {name for name, _ in page.samples}
        # Nothing of the program itself, and all that /metrics has of a target but
        # the time to the next probe, which whoever asks decides.
        self.assertFalse([name for name in names if name.startswith(
            ("smtp_prober_", "process_"))])
        watched = self.prober.probed(target=self.at["well"])
        missing = {name for name, labels in watched.samples
                   if ("target", self.at["well"]) in labels} - names
        self.assertEqual(missing, {"smtp_probe_interval_seconds"})

    def test_a_failed_probe_is_a_good_answer(self):
        page = self.probe("down")
        self.assertEqual(page.value("probe_success"), 0)
        self.assertEqual(page.failure(), ("connect", "refused"))
        self.assertIsNone(page.value("probe_ssl_earliest_cert_expiry"))

    def test_a_silent_server_ends_before_the_scrape_does(self):
        started = time.monotonic()
        page = self.probe("silent", {TIMEOUT: "4.5"})
        took = time.monotonic() - started
        self.assertEqual(page.value("probe_success"), 0)
        self.assertEqual(page.failure(), ("greeting", "timeout"))
        self.assertEqual(page.value("probe_timeout_seconds"), 4.5 - OFFSET)
        self.assertGreaterEqual(took, 3.5)
        self.assertLess(took, 4.5)

    def test_without_a_header_the_module_says_how_long(self):
        with Prober(config(on_demand=on_demand(self.at.values()),
                           timeout="700ms")) as prober:
            page = probe(prober, self.at["silent"])
            self.assertEqual(page.value("probe_timeout_seconds"), 0.7)
            self.assertEqual(page.failure(), ("greeting", "timeout"))
            # What leaves nothing is no limit; a longer one changes nothing.
            for seconds in ("0.3", "60"):
                page = probe(prober, self.at["down"], {TIMEOUT: seconds})
                self.assertEqual(page.value("probe_timeout_seconds"), 0.7)

    def test_what_makes_no_sense_is_400(self):
        well = self.at["well"]
        unknown = self.self_metric("smtp_prober_module_unknown_total")
        for path, headers, said in [
                ("/probe", {}, "Target parameter is missing"),
                ("/probe?target=", {}, "Target parameter is missing"),
                ("/probe?module=smtp", {}, "Target parameter is missing"),
                (probe_path(well, module="http_2xx"), {},
                 'Unknown module "http_2xx"'),
                (probe_path(well, module="<b>\r\n\x1b"), {},
                 'Unknown module "<b>\\x0d\\x0a\\x1b"'),
                (probe_path(well, kind="mx"), {},
                 "kind: must be host or domain"),
                (probe_path(well) + "&target=other", {},
                 "target: is given twice"),
                (probe_path(well), {TIMEOUT: "soon"},
                 f"{TIMEOUT}: is no number of seconds"),
                (probe_path(well), {TIMEOUT: "-1"},
                 f"{TIMEOUT}: is no number of seconds")]:
            with self.subTest(path):
                response = self.prober.get(path, headers)
                self.assertEqual(response.status, 400)
                self.assertEqual(response.text, said + "\n")
                self.assertEqual(response.headers["Content-Type"],
                                 "text/plain; charset=utf-8")
                self.assertEqual(response.headers["X-Content-Type-Options"],
                                 "nosniff")
        self.assertEqual(
            self.self_metric("smtp_prober_module_unknown_total"), unknown + 2)
        for method in ("POST", "PUT", "DELETE"):
            response = self.prober.request(method, probe_path(well))
            self.assertEqual(response.status, 405)
            self.assertEqual(response.headers["Allow"], "GET, HEAD")

    def test_debug_is_for_people(self):
        response = self.prober.get(probe_path(self.at["well"], debug="true"))
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers["Content-Type"],
                         "text/plain; charset=utf-8")
        text = response.text
        parts = ["Logs for the probe:\n", f"\n{self.at['well']}\n",
                 " < 220 mail.example.com ESMTP\n",
                 " > EHLO monitor.example.net\n", " > STARTTLS\n",
                 " > QUIT\n", "\nsucceeded\n",
                 "\nMetrics that would have been returned:\n",
                 "\nprobe_success 1\n", "\nModule configuration:\n",
                 "\nmodule: smtp\n", "\ntls:\n  mode: opportunistic\n"]
        places = [text.find(part) for part in parts]
        self.assertNotIn(-1, places, text)
        self.assertEqual(places, sorted(places), text)
        text = self.prober.get(probe_path(self.at["down"], debug="true")).text
        self.assertIn("failed in connect: refused", text)

    def test_format_and_compression(self):
        response = self.prober.get(probe_path(self.at["well"]), {
            "Accept": "application/openmetrics-text;version=1.0.0",
            "Accept-Encoding": "gzip"})
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers["Content-Encoding"], "gzip")
        self.assertEqual(response.headers["Vary"], "Accept, Accept-Encoding")
        self.assertTrue(response.headers["Content-Type"].startswith(
            "application/openmetrics-text; version=1.0.0;"))
        text = gzip.decompress(response.body).decode("utf-8")
        self.assertIn("\nprobe_success 1\n", text)
        self.assertTrue(text.endswith("\n# EOF\n"))
        response = self.prober.request("HEAD", probe_path(self.at["down"]))
        self.assertEqual((response.status, response.body), (200, b""))

    def test_several_scrapers_cost_one_conversation(self):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            pages = list(pool.map(
                lambda number: self.probe(
                    "slow", {TIMEOUT: str(20 + number / 100)}), range(20)))
        for page in pages:
            self.assertEqual(page.value("probe_success"), 1)
        # And who comes right behind them, whatever it asks in its own name.
        self.assertEqual(self.probe("slow").value("probe_success"), 1)
        self.assertEqual(len(self.talks("slow")), 1)

    def test_back_off_holds_for_what_nobody_watches(self):
        page = self.probe("busy")
        self.assertEqual(page.failure(), ("greeting", "service_closing"))
        # Those within a second share the result; then nobody is asked, and
        # what was not asked has no verdict.
        path = probe_path(self.at["busy"])
        self.prober.until(lambda: self.prober.get(path).status == 503,
                          "no verdict")
        response = self.prober.get(path)
        self.assertEqual(response.headers["Retry-After"], "5")
        self.assertRegex(response.text, "^not tested: the server asked to be "
                         r"left alone for another \d+ s\n$")
        self.assertEqual(len(self.talks("busy")), 1)

    def test_a_scheduled_result_is_taken_if_it_is_young_enough(self):
        self.prober.probed(target=self.at["well"])
        name = "smtp_prober_on_demand_probes_total"
        before = self.self_metric(name)
        page = self.probe("well", max_age="1h")
        self.assertEqual(page.value("probe_success"), 1)
        self.assertEqual(page.all("smtp_reachable"),
                         {frozenset({("address", "127.0.0.1")}): 1})
        self.assertGreater(page.value("probe_duration_seconds"), 0)
        self.assertEqual(self.self_metric(name), before)
        # Nobody watches this one, and this is no result of today.
        self.probe("down", max_age="1h")
        self.probe("well", max_age="0s")
        self.assertEqual(self.self_metric(name), before + 2)


class LimitTest(unittest.TestCase):
    def test_so_many_at_once(self):
        with MailSim(SCENARIO) as sim, Prober(config(
                on_demand=on_demand(sim.targets.values(), concurrency=2)
        )) as prober:
            path = probe_path(sim.targets["silent"])
            started = "smtp_prober_on_demand_probes_total"
            hanging = [Hanging(prober, path) for _ in range(2)]
            prober.scrape_until(lambda page: page.value(started) == 2,
                                "both tests")
            response = prober.get(path)
            self.assertEqual(response.status, 503)
            self.assertEqual(response.headers["Retry-After"], "5")
            self.assertEqual(response.text, "too many tests are running\n")
            response = prober.get("/api/v1" + path)
            self.assertEqual(response.status, 503)
            self.assertEqual(response.headers["Retry-After"], "5")
            self.assertEqual(json.loads(response.body),
                             {"error": "too many tests are running"})
            # Refused all the same, and not for the crowd.
            self.assertEqual(
                prober.get(probe_path("127.0.0.1:1")).status, 403)
            for one in hanging:
                one.hang_up()
            # Their places are free when we have seen them go.
            prober.until(lambda: prober.get(probe_path(
                sim.targets["down"])).status == 200, "a free place")
            page = prober.scrape()
            self.assertGreaterEqual(
                page.value("smtp_prober_on_demand_refusals_total",
                           reason="concurrency"), 2)

    def test_so_many_per_second(self):
        with MailSim(SCENARIO) as sim, Prober(config(
                on_demand=on_demand(sim.targets.values(), rate=1))) as prober:
            path = probe_path(sim.targets["down"])
            statuses = []
            while 429 not in statuses:
                response = prober.get(path)
                statuses.append(response.status)
                self.assertIn(response.status, (200, 429))
                self.assertLess(len(statuses), 500)
            self.assertGreaterEqual(len(statuses), 6)
            self.assertEqual(response.headers["Retry-After"], "1")
            self.assertEqual(response.text, "too many tests are asked for\n")
            # Who waits as long as that has its turn.
            prober.until(lambda: prober.get(path).status == 200, "a turn")
            page = prober.scrape()
            self.assertGreaterEqual(
                page.value("smtp_prober_on_demand_refusals_total",
                           reason="rate"), 1)


class Hesitant:
    """A server that offers STARTTLS, and that before it greets (`at` is 0) or
    answers EHLO (1) waits until the test lets it go on. For one client."""

    ANSWERS = [b"220 mx.example.com\r\n",
               b"250-mx.example.com\r\n250 STARTTLS\r\n"]

    def __init__(self, at):
        self._at = at
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = "127.0.0.1:{}".format(self._listener.getsockname()[1])
        self.waits = threading.Event()
        self.go_on = threading.Event()
        self.lines = []
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self):
        client, _ = self._listener.accept()
        with client, client.makefile("rb") as lines:
            for number, answer in enumerate(self.ANSWERS):
                if number == self._at:
                    self.waits.set()
                    self.go_on.wait(PATIENCE)
                try:
                    client.sendall(answer)
                    line = lines.readline()
                except ConnectionError:
                    line = b""
                if not line:
                    return
                self.lines.append(line.decode("ascii").strip())
                if self.lines[-1] == "QUIT":
                    return client.sendall(b"221 bye\r\n")

    def finish(self):
        """The lines that came."""
        self.go_on.set()
        self._thread.join(PATIENCE)
        self._listener.close()
        return self.lines


class HangUpTest(unittest.TestCase):
    def hang_up(self, at):
        server, other = Hesitant(at), Hesitant(0)
        nobody = probe_path("127.0.0.2:{}".format(port(server.target)))
        # Who comes next tells whether a place is free.
        with Prober(config(on_demand=on_demand(
                [server.target, other.target], concurrency=2))) as prober:
            hanging = Hanging(prober, probe_path(server.target))
            self.assertTrue(server.waits.wait(PATIENCE))
            # So our side, too, knows that it is connected.
            self.assertEqual(prober.get(nobody).status, 200)
            crowd = Hanging(prober, probe_path(other.target))
            prober.until(lambda: prober.get(nobody).status == 503,
                         "no free place")
            hanging.hang_up()
            prober.until(lambda: prober.get(nobody).status == 200,
                         "a free place")
            lines = server.finish()
            crowd.hang_up()
            other.finish()
            return lines

    def test_while_the_greeting_is_due(self):
        # A silent server must not hold a place that nobody needs.
        self.assertEqual(self.hang_up(at=0), [])

    def test_while_the_answer_to_ehlo_is_due(self):
        # STARTTLS was offered, and nobody wants it any more.
        self.assertEqual(self.hang_up(at=1),
                         ["EHLO monitor.example.net", "QUIT"])


class ServerTest(unittest.TestCase):
    """What real servers note of it."""

    def prober(self, *servers):
        targets = [server.target for server in servers]
        targets += [f"{server.address}:{server.tls_port}"
                    for server in servers if server.tls_port]
        return Prober(config(on_demand=on_demand(targets)))

    def test_hostname_is_what_tls_asks_for(self):
        with Exim(identities=[pki().identity("good")]) as server, \
                self.prober(server) as prober:
            for name, target, module in [
                    ("mx1.example.com", server.target, "smtp"),
                    ("mx2.example.com",
                     f"{server.address}:{server.tls_port}", "submissions")]:
                page = probe(prober, target, hostname=name, module=module)
                self.assertEqual(page.value("probe_success"), 1)
                log = server.log_until(lambda log, sni=name: f"SNI={sni}" in
                                       log)
                self.assertIn(f"SNI={name}", log)
            # The certificate is to have it, too.
            for name, match in [("mx.example.com", 1), ("a.example.net", 0)]:
                page = probe(prober, server.target, hostname=name)
                self.assertEqual(
                    page.value("smtp_tls_certificate_name_match"), match)

    def test_who_hangs_up_leaves_with_quit(self):
        # EHLO is logged as it comes, and answered after some seconds.
        with Postfix({"debug_peer_list": "127.0.0.1", "debug_peer_level": "1",
                      "smtpd_delay_reject": "no",
                      "smtpd_helo_restrictions": "sleep 3"}) as server, \
                self.prober(server) as prober:
            hanging = Hanging(prober, probe_path(server.target))
            server.log_until(lambda log: ": EHLO " in log)
            hanging.hang_up()
            log = server.log_until(lambda log: ": disconnect from" in log)
            self.assertIn("disconnect from localhost[127.0.0.1] "
                          "ehlo=1 quit=1 commands=2\n", log)
            self.assertNotIn("lost connection", log)


if __name__ == "__main__":
    unittest.main()
