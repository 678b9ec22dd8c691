#!/usr/bin/env python3
"""Every way in which TLS goes wrong at a mail server, played by the simulator:
each is told apart from the others by its phase and reason or by a fact, and
only those that fall silent are found out by waiting."""

import pathlib
import tempfile
import unittest

import tls_cases
from harness import MailSim, Prober, config
from tls_cases import CASES, FAULTS, HEALTHY

# Far above what a conversation needs, far below what most servers may take.
SOON = 5
# They hear a ClientHello where a line is due.
PLAIN = ("plain-on-tls-port", "slow-plain-on-tls-port")


def labels_of(target):
    return {"target": "{host}:{port}".format(**target),
            "address": target["host"]}


class TlsFaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """One daemon and one page for all servers."""
        cls.pki = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="pki-")))
        cls.sim = cls.enterClassContext(MailSim(
            {"servers": [{"name": name, "listen": "127.0.0.1:0"} | case.server
                         for name, case in CASES.items()]},
            "--pki", cls.pki))
        cls.targets = {name: cls.target(name, case)
                       for name, case in CASES.items()}
        text = config(*cls.targets.values(), interval="5s", timeout="40s")
        cls.prober = cls.enterClassContext(Prober(text))
        cls.page = cls.prober.scrape_until(cls.all_probed, "a probe of each")

    @classmethod
    def target(cls, name, case):
        host, port = cls.sim.targets[name].split(":")
        tls = {"server_name": tls_cases.HOST, "ca_file": "roots.pem"}
        if case.tls.get("mode") == "none":
            tls = {}  # Strict: they would have no meaning.
        tls |= case.tls
        if tls.get("server_name", "") is None:
            del tls["server_name"]
        for key in tls.keys() & {"ca_file", "cert_file", "key_file"}:
            tls[key] = str(cls.pki / tls[key])
        return {"host": host, "port": int(port), "module": case.module,
                "tls": tls} | case.target

    @classmethod
    def all_probed(cls, page):
        probes = page.all("smtp_probes_total")
        types = cls.targets["both-keys"]["tls"]["certificate_types"]
        return (len(probes) >= len(CASES) and min(probes.values()) >= 1 and
                len(page.all("smtp_tls_certificate_trusted",
                             **labels_of(cls.targets["both-keys"])))
                == len(types))

    def of(self, name):
        return labels_of(self.targets[name])

    def test_each_is_seen_as_what_it_is(self):
        for name, case in CASES.items():
            with self.subTest(name):
                labels = self.of(name)
                self.assertEqual(self.page.failure(**labels), case.failure)
                self.assertEqual(
                    self.page.value("smtp_probe_success", **labels),
                    0 if case.failure else 1)
                for family, which, value in case.facts:
                    self.assertEqual(
                        self.page.value(family, **labels, **which), value,
                        (family, which))
                if case.log:
                    self.prober.run.wait_for_line(
                        f'{labels["target"]}.*{case.log}')

    def test_only_the_silent_are_waited_for(self):
        for name, case in CASES.items():
            with self.subTest(name):
                seconds = self.page.value("smtp_probe_duration_seconds",
                                          **self.of(name))
                if case.failure is not None and case.failure[1] == "timeout":
                    self.assertGreaterEqual(seconds, SOON)
                else:
                    self.assertLess(seconds, SOON)

    def test_no_fault_is_taken_for_another(self):
        """What is above, once more as the promise that it makes."""
        signs = {}
        for name in FAULTS:
            failure = self.page.failure(**self.of(name))
            if failure is None:
                # The fault is a fact, which the healthy do not share.
                failure = "smtp_auth_on_25"
                for healthy in HEALTHY:
                    self.assertNotEqual(
                        self.page.value(failure, **self.of(healthy)), 1)
                self.assertEqual(
                    self.page.value(failure, **self.of(name)), 1)
            signs.setdefault(failure, []).append(name)
        self.assertEqual(len(signs), len(FAULTS), signs)
        self.assertEqual(len(FAULTS) + len(HEALTHY), 16)
        for name in HEALTHY:
            for family in ("smtp_probe_success", "smtp_reachable",
                           "smtp_starttls_advertised",
                           "smtp_starttls_success"):
                self.assertEqual(
                    self.page.value(family, **self.of(name)), 1, name)

    def test_certificates_keep_their_dates(self):
        """Above all those that are not to be trusted."""
        for name, case in CASES.items():
            if "smtp_tls_certificate_trusted" not in [
                    family for family, _, _ in case.facts]:
                continue
            with self.subTest(name):
                for family in ("certificate_not_after", "chain_not_after",
                               "certificate_not_before"):
                    self.assertTrue(self.page.all(
                        f"smtp_tls_{family}_timestamp_seconds",
                        **self.of(name)), family)

    def test_manners(self):
        """Of the first conversation with each, which nothing cut short."""
        # Who refuses connections hears of none.
        heard = [name for name in CASES if name != "refused"]

        def first_talks():
            talks = {talk["server"]: talk for talk in self.sim.conversations()
                     if talk["connection"] == 1}
            return talks if len(talks) == len(heard) else None
        talks = self.prober.until(first_talks, "an end of each")
        for name in heard:
            talk = talks[name]
            with self.subTest(name, talk=talk):
                if name in PLAIN:
                    continue
                self.assertFalse(talk["early"])
                self.assertFalse(talk["pipelined"])
                # A broken conversation may end with bytes that nobody read.
                if CASES[name].failure is None:
                    self.assertNotEqual(talk["ended"], "reset")
                words = [line.split()[0] for line in talk["lines"]]
                self.assertLessEqual(set(words),
                                     {"EHLO", "HELO", "STARTTLS", "QUIT"})
                if CASES[name].facts == tls_cases.DONE and \
                        CASES[name].failure is None:
                    self.assertEqual(words,
                                     ["EHLO", "STARTTLS", "EHLO", "QUIT"])
                    self.assertEqual(talk["sni"], tls_cases.HOST)
                    self.assertTrue(talk["close_notify"] or
                                    name == "no-close-notify")
                self.assertEqual(
                    talk["client_subject"],
                    "CN=monitor.example.net"
                    if name.startswith("certificate-shown") else "")


if __name__ == "__main__":
    unittest.main()
