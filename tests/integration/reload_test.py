#!/usr/bin/env python3
"""Reloads: a good one keeps what did not change, a bad one changes nothing."""

import json
import os
import pathlib
import shutil
import ssl
import tempfile
import time
import unittest

from harness import MailSim, Prober, config
from pki import pki

OK = "smtp_prober_config_last_reload_successful"
OK_TIME = "smtp_prober_config_last_reload_success_timestamp_seconds"
# Seconds. A busy machine may start a probe late, a reload must not.
INTERVAL = 4
TOLERANCE = 1
SCENARIO = {"servers": [
    {"name": "one", "listen": "127.0.0.1:0",
     "profile": {"capabilities": ["SIZE 1000", "STARTTLS"]}, "tls": {}},
    {"name": "two", "listen": "127.0.0.1:0", "profile": {}},
]}


class ReloadTest(unittest.TestCase):
    def setUp(self):
        self.sim = MailSim(SCENARIO)
        self.one = self.sim.__enter__().targets["one"]
        self.two = self.sim.targets["two"]
        self.addCleanup(self.sim.__exit__)

    def reload_by_post(self, prober):
        return prober.request("POST", "/-/reload")

    def test_good_reload_keeps_counters_and_facts(self):
        with Prober(config(self.one)) as prober:
            before = prober.probed(times=3)
            loaded = before.value(OK_TIME)
            prober.write_config(config(self.one, self.two))
            self.assertEqual(self.reload_by_post(prober).status, 200)
            page = prober.scrape()
            self.assertEqual(page.value(OK), 1)
            self.assertGreaterEqual(page.value(OK_TIME), loaded)
            self.assertGreaterEqual(
                page.value("smtp_probes_total", target=self.one),
                before.value("smtp_probes_total", target=self.one))
            self.assertEqual(
                page.value("smtp_size_limit_bytes", target=self.one), 1000)
            prober.probed(target=self.two)

            # A target that went away leaves no series.
            prober.write_config(config(self.two))
            self.assertEqual(self.reload_by_post(prober).status, 200)
            page = prober.scrape()
            self.assertNotIn(self.one, page.text)
            self.assertGreaterEqual(
                page.value("smtp_probes_total", target=self.two), 1)

    def test_reloads_leave_the_schedule_alone(self):
        # Half of the reloads change nothing, half bring or remove `two`.
        configs = [config(self.one, interval=f"{INTERVAL}s"),
                   config(self.one, self.two, interval=f"{INTERVAL}s")]
        with Prober(configs[0]) as prober:
            reloads = 0
            ends = {}  # {probes: when the last of them ended}
            while max(ends, default=0) < 4:
                prober.write_config(configs[reloads // 2 % 2])
                self.assertEqual(self.reload_by_post(prober).status, 200)
                reloads += 1
                page = prober.probed(target=self.one)
                probes = page.value("smtp_probes_total", target=self.one)
                ends.setdefault(probes, page.value(
                    "smtp_probe_timestamp_seconds", target=self.one))
                # Reloads at many places between two probes.
                time.sleep(INTERVAL / 10)
        self.assert_on_the_grid(list(ends.values()))
        # Nobody was probed beside that, not even between two scrapes.
        starts = [talk["opened"] for talk in self.sim.conversations()
                  if talk["server"] == "one"]
        self.assertGreaterEqual(len(starts), 4)
        self.assert_on_the_grid(starts)
        self.assertGreater(reloads, 4)  # Each kind of change was there.

    def assert_on_the_grid(self, times):
        for time_, following in zip(times, times[1:]):
            slots = round((following - time_) / INTERVAL)
            self.assertGreaterEqual(slots, 1, times)
            self.assertAlmostEqual(following - time_, slots * INTERVAL,
                                   delta=TOLERANCE, msg=times)

    def test_sighup(self):
        with Prober(config(self.one)) as prober:
            prober.probed(target=self.one)
            prober.write_config(config(self.one, self.two))
            prober.reload()
            page = prober.probed(target=self.two)
            self.assertEqual(page.value(OK), 1)

    def test_bad_reload_keeps_the_old_config(self):
        with Prober(config(self.one)) as prober:
            before = prober.probed(target=self.one)
            prober.write_config("targets:\n  - host: x\n    prot: 25\n")
            response = self.reload_by_post(prober)
            self.assertEqual(response.status, 500)
            self.assertIn("targets[0]", response.text)
            self.assertIn("prot", response.text)
            page = prober.scrape()
            self.assertEqual(page.value(OK), 0)
            self.assertEqual(page.value(OK_TIME), before.value(OK_TIME))
            probes = page.value("smtp_probes_total", target=self.one)
            page = prober.probed(times=probes + 2, target=self.one)
            self.assertEqual(page.value("smtp_reachable"), 1)

            prober.write_config("targets: [")
            prober.reload()
            prober.run.wait_for_line(r"level=ERROR")
            self.assertEqual(prober.get("/-/ready").status, 200)

            prober.write_config(config(self.one))
            prober.reload()
            page = prober.scrape_until(lambda page: page.value(OK) == 1,
                                       "a good reload")
            self.assertGreaterEqual(
                page.value("smtp_probes_total", target=self.one), probes)

    def test_expectations_follow_a_reload_at_once(self):
        host, port = self.one.split(":")
        target = {"host": host, "port": int(port)}
        wanted = {"starttls": True, "size_at_least": "10MB"}
        with Prober(config(target | {"expect": wanted})) as prober:
            page = prober.probed()
            self.assertEqual(page.value("smtp_expectation_met",
                                        expectation="starttls"), 1)
            self.assertEqual(page.value("smtp_expectation_met",
                                        expectation="size_at_least"), 0)
            prober.write_config(config(
                target | {"expect": {"starttls": False},
                          "labels": {"team": "mail"}}))
            self.assertEqual(self.reload_by_post(prober).status, 200)
            page = prober.scrape()
            self.assertEqual(page.value("smtp_expectation_met",
                                        expectation="starttls"), 0)
            self.assertEqual(len(page.all("smtp_expectation_met")), 1)
            self.assertEqual(page.value("smtp_reachable", team="mail"), 1)

    def test_many_reloads_while_probing(self):
        configs = [config(self.one), config(self.one, self.two),
                   config(self.two), config(), "targets: ["]
        with Prober(configs[0], "--probe.threads=3") as prober:
            for turn in range(40):
                text = configs[turn % len(configs)]
                prober.write_config(text)
                status = self.reload_by_post(prober).status
                self.assertEqual(status, 500 if text == "targets: [" else 200)
            prober.write_config(configs[1])
            self.assertEqual(self.reload_by_post(prober).status, 200)
            prober.probed(target=self.one)
            prober.probed(target=self.two)

    def test_targets_that_move_to_a_file_and_back(self):
        labels = {"team": "mail"}
        targets = [self.one, self.two]
        with Prober(config()) as prober:
            # Two files, as the one that was read last must not be missed.
            files = []
            for index, target in enumerate(targets):
                file = prober.config_file.with_name(f"{index}.json")
                file.write_text(json.dumps(
                    [{"targets": [target], "labels": labels}]),
                    encoding="ascii")
                files.append(str(file))
            written = [{"host": host, "port": int(port), "labels": labels}
                       for host, port in (target.split(":")
                                          for target in targets)]
            homes = [config(*written), config(target_files=files),
                     config(written[0], target_files=files[1:])]
            seen = self.moved(prober, homes[0], {})
            prober.probed(times=2, **labels)
            for turn in range(1, 31):
                seen = self.moved(prober, homes[turn % len(homes)], seen)
                # Where they are read from a file by now, that changes nothing.
                for file in files:
                    os.utime(file)
                seen = self.assert_there(prober.scrape(), seen)

    def moved(self, prober, text, seen):
        prober.write_config(text)
        self.assertEqual(self.reload_by_post(prober).status, 200)
        for _ in range(5):
            page = prober.scrape(check=False)
            if seen:
                seen = self.assert_there(page, seen)
        return seen or self.counts(prober.probed(target=self.one, team="mail"))

    def counts(self, page):
        return {target: page.value("smtp_probes_total", target=target,
                                   team="mail")
                for target in (self.one, self.two)}

    def assert_there(self, page, seen):
        """That both have the probes they had, and a verdict; their counts."""
        now = self.counts(page)
        for target, count in seen.items():
            self.assertIsNotNone(now[target], f"{target} has vanished")
            self.assertGreaterEqual(now[target], count, target)
            if count:
                self.assertEqual(
                    page.value("smtp_reachable", target=target), 1)
        return now


class TlsFilesTest(unittest.TestCase):
    """Certificates and keys that the configuration names."""

    def setUp(self):
        sim = MailSim({"servers": [{
            "name": "tls", "listen": "127.0.0.1:0", "profile": {},
            "tls": {"implicit": True}}]})
        self.server = sim.__enter__().targets["tls"]
        self.addCleanup(sim.__exit__)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.ca = pathlib.Path(directory.name) / "ca.pem"
        self.cert = self.ca.with_name("client.crt")
        self.key = self.ca.with_name("client.key")
        self.write_good_files()
        host, port = self.server.split(":")
        self.config = config({
            "host": host, "port": int(port),
            "tls": {"mode": "implicit", "server_name": "mx.example.com",
                    "ca_file": str(self.ca), "cert_file": str(self.cert),
                    "key_file": str(self.key)}})

    def write_good_files(self):
        host, port = self.server.split(":")
        # To trust just one server is allowed.
        self.ca.write_text(ssl.get_server_certificate((host, int(port))),
                           encoding="ascii")
        for source, copy in zip(pki().identity("client"),
                                (self.cert, self.key)):
            shutil.copyfile(source, copy)

    def test_a_bad_file_refuses_the_reload(self):
        faults = [
            ("no roots", self.ca, None, "cannot be read"),
            ("empty roots", self.ca, "", "is empty"),
            ("no PEM", self.ca, "gone\n", "holds no certificate"),
            ("no certificate", self.cert, None, "cannot be read"),
            ("cut certificate", self.cert, self.cert.read_text()[:300],
             "has a certificate that cannot be read"),
            ("no key", self.key, None, "cannot be read"),
            ("another's key", self.key, pki().key("good").read_text(),
             "does not belong to the certificate"),
        ]
        with Prober(self.config) as prober:
            loaded = prober.probed().value(OK_TIME)
            for name, file, text, message in faults:
                with self.subTest(name):
                    file.unlink()
                    if text is not None:
                        file.write_text(text, encoding="ascii")
                    response = prober.request("POST", "/-/reload")
                    self.assertEqual(response.status, 500)
                    self.assertIn("targets[0].tls.", response.text)
                    self.assertIn(f"{file} {message}", response.text)
                    page = prober.scrape()
                    self.assertEqual(page.value(OK), 0)
                    self.assertEqual(page.value(OK_TIME), loaded)
                    self.write_good_files()
            # All of that time the old files were in use.
            probes = prober.scrape().value("smtp_probes_total")
            page = prober.probed(times=probes + 2)
            self.assertEqual(page.value("smtp_probe_failures_total"), 0)
            self.assertEqual(page.value("smtp_tls_certificate_trusted"), 1)
            response = prober.request("POST", "/-/reload")
            self.assertEqual(response.status, 200)
            self.assertEqual(prober.scrape().value(OK), 1)

    def test_a_changed_file_is_taken_and_the_counters_stay(self):
        good = self.ca.read_bytes()
        shutil.copyfile(pki().roots, self.ca)  # Another authority's.
        with Prober(self.config) as prober:
            before = prober.probed(times=3)
            self.assertEqual(before.value("smtp_tls_certificate_trusted"), 0)
            self.ca.write_bytes(good)
            response = prober.request("POST", "/-/reload")
            self.assertEqual(response.status, 200)
            self.assertGreaterEqual(
                prober.scrape().value("smtp_probes_total"),
                before.value("smtp_probes_total"))
            prober.scrape_until(
                lambda page: page.value("smtp_tls_certificate_trusted") == 1,
                "the new roots in use")

            # Once they are wrong again, the same way back.
            shutil.copyfile(pki().roots, self.ca)
            response = prober.request("POST", "/-/reload")
            self.assertEqual(response.status, 200)
            prober.scrape_until(
                lambda page: page.value("smtp_tls_certificate_trusted") == 0,
                "the old roots in use")


if __name__ == "__main__":
    unittest.main()
