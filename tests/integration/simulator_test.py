#!/usr/bin/env python3
"""What a mail administrator is woken for, and what not: servers that change
while the daemon watches, and its manners at each."""

import contextlib
import unittest

from harness import MailSim, Prober, Switch, config

WELL = {"capabilities": ["PIPELINING", "SIZE 1000", "STARTTLS"]}


SERVERS = {
    "well": WELL,
    # What becomes of a server that was well.
    "gone": {"capabilities": ["PIPELINING"]},
    "busy": {"closing": "CONNECT"},
    "hung": {"silent": "EHLO"},
    # These stay as they are.
    "teaser": WELL | {"teaser": "220-mx ESMTP", "greeting_delay": "1500ms"},
    "slow": WELL | {"split": 1, "split_delay": "1ms"},
}
CHANGING = ("gone", "busy", "hung")


class SimulatorTest(unittest.TestCase):
    def test_servers_that_change(self):
        with contextlib.ExitStack() as stack:
            sim = stack.enter_context(MailSim({"servers": [
                {"name": name, "listen": "127.0.0.1:0", "profile": profile,
                 "tls": {}}
                for name, profile in SERVERS.items()]}))
            # They change once the test has seen them well, however long that
            # takes.
            switches = {
                name: stack.enter_context(Switch(sim.targets["well"]))
                for name in CHANGING}
            target = sim.targets | {
                name: switch.target for name, switch in switches.items()}
            host, port = target["hung"].split(":")
            hung = {"host": host, "port": int(port), "timeout": "3s"}
            text = config(hung, *(address for name, address in target.items()
                                  if name != "hung"))
            with Prober(text) as prober:
                prober.scrape_until(
                    lambda page: all(
                        page.value("smtp_starttls_advertised",
                                   target=address) == 1
                        for address in target.values()), "STARTTLS of all")
                for name, switch in switches.items():
                    switch.behind = sim.targets[name]
                page = prober.scrape_until(
                    lambda page: page.value("smtp_starttls_advertised",
                                            target=target["gone"]) == 0
                    and page.failure(target=target["busy"])
                    and page.failure(target=target["hung"]) ==
                    ("ehlo", "timeout"), "the changes")
                # STARTTLS is gone, and the server is well else.
                self.assertEqual(
                    page.value("smtp_probe_success", target=target["gone"]),
                    1)
                self.assertIsNone(page.value("smtp_size_limit_bytes",
                                             target=target["gone"]))
                # Who was not heard offers what it offered last.
                for name, failure in [
                        ("busy", ("greeting", "service_closing")),
                        ("hung", ("ehlo", "timeout"))]:
                    self.assertEqual(page.failure(target=target[name]),
                                     failure)
                    for family, value in [("smtp_reachable", 0),
                                          ("smtp_starttls_advertised", 1),
                                          ("smtp_size_limit_bytes", 1000)]:
                        self.assertEqual(
                            page.value(family, target=target[name]), value)
                self.assertGreater(
                    page.value("smtp_probe_phase_duration_seconds",
                               phase="greeting", target=target["teaser"]),
                    1.4)
                # One line says what changed, to whom.
                prober.run.wait_for_line(
                    f'{target["busy"]}.*service_closing|'
                    f'service_closing.*{target["busy"]}')
                prober.until(
                    lambda: {talk["server"] for talk in sim.conversations()}
                    == set(SERVERS), "a conversation with each")
                # Before the daemon's end, which cuts the last ones short.
                talks = sim.conversations()
            self.assert_manners(talks)

    def assert_manners(self, conversations):
        for talk in conversations:
            self.assertFalse(talk["early"], talk)
            self.assertFalse(talk["pipelined"], talk)
            words = [line.split()[0].upper() for line in talk["lines"]]
            self.assertLessEqual(set(words), {"EHLO", "STARTTLS", "QUIT"},
                                 talk)
            if words.count("EHLO") and not talk["server"] == "hung":
                upgrade = ["STARTTLS", "EHLO"] * ("STARTTLS" in words)
                self.assertEqual(words, ["EHLO", *upgrade, "QUIT"], talk)
                self.assertEqual(bool(talk["tls"]), bool(upgrade), talk)
            for line in talk["lines"]:
                if line.startswith("EHLO"):
                    self.assertEqual(line, "EHLO monitor.example.net")


if __name__ == "__main__":
    unittest.main()
