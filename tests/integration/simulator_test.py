#!/usr/bin/env python3
"""What a mail administrator is woken for, and what not: servers that change
while the daemon watches, and its manners at each."""

import unittest

from harness import MailSim, Prober, config

WELL = {"capabilities": ["PIPELINING", "SIZE 1000", "STARTTLS"]}


def server(name, *profiles):
    return {"name": name, "listen": "127.0.0.1:0", "profiles": list(profiles)}


class SimulatorTest(unittest.TestCase):
    def test_servers_that_change(self):
        with MailSim({"servers": [
                server("gone", WELL | {"connections": 2},
                       {"capabilities": ["PIPELINING"]}),
                server("busy", WELL | {"connections": 2},
                       {"closing": "CONNECT"}),
                server("hung", WELL | {"connections": 2},
                       {"silent": "EHLO"}),
                server("teaser", WELL | {"teaser": "220-mx ESMTP",
                                         "greeting_delay": "1500ms"}),
                server("slow", WELL | {"split": 1, "split_delay": "1ms"}),
        ]}) as sim:
            target = sim.targets
            text = config(*target.values(), timeout="3s", stale_after="5m")
            with Prober(text) as prober:
                page = prober.probed()
                for name in target:
                    self.assertEqual(
                        page.value("smtp_starttls_advertised",
                                   target=target[name]), 1, name)
                page = prober.scrape_until(
                    lambda page: page.value("smtp_starttls_advertised",
                                            target=target["gone"]) == 0
                    and page.failure(target=target["busy"])
                    and page.failure(target=target["hung"]), "the changes")
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
            self.assert_manners(sim.conversations())

    def assert_manners(self, conversations):
        self.assertGreater(len(conversations), 10)
        for talk in conversations:
            self.assertFalse(talk["early"], talk)
            self.assertFalse(talk["pipelined"], talk)
            words = [line.split()[0].upper() for line in talk["lines"]]
            self.assertLessEqual(set(words), {"EHLO", "QUIT"}, talk)
            if words.count("EHLO") and not talk["server"] == "hung":
                self.assertEqual(words, ["EHLO", "QUIT"], talk)
            for line in talk["lines"]:
                if line.startswith("EHLO"):
                    self.assertEqual(line, "EHLO monitor.example.net")


if __name__ == "__main__":
    unittest.main()
