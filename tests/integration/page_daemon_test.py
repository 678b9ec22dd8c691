#!/usr/bin/env python3
"""The web page in a browser, from the daemon itself: what servers do reaches
the page, and the page the servers."""

import contextlib
import pathlib
import sys
import tempfile
import unittest

from harness import MailSim, Prober, Switch, config
from page_browser import BROWSER, run_script

sys.path.insert(0, str(BROWSER))
import world  # noqa: E402

OFFERS = ["PIPELINING", "SIZE 26214400", "8BITMIME"]
WELL = {"capabilities": OFFERS + ["STARTTLS"]}
# Nobody listens there.
DEAD = "127.0.0.1:9"


def said(text):
    """One line of a server that says anything at all."""
    return {"send_raw": text.replace("\r", "").replace("\n", "") + "\r\n"}


HOSTILE = [
    said(f"220 {world.SCRIPT} {world.BIDI}{world.ESCAPES}{world.ZALGO}"),
    {"expect": "EHLO"},
    said(f"250-{world.OUTSIDE}"),
    said(f"250-{world.SCRIPT}"),
    said(f"250-{world.BIDI}"),
    said(f"250-AUTH {world.SCRIPT} {world.LONG}"),
    said(f"250-{world.LONG}"),
    said("250-__PROTO__"),
    said(f"250 {world.ZERO_WIDTH}"),
    {"expect": "QUIT"},
    said(f"221 {world.MIXED}"),
]
REFUSED = [said(f"554 {world.SCRIPT}{world.BIDI}{world.ESCAPES}")]

SERVERS = {
    "well": {"profile": WELL, "tls": {}},
    "gone": {"profile": {"capabilities": OFFERS}},
    "busy": {"profile": {"closing": "CONNECT"}},
    "slow": {"profile": {"silent": "CONNECT"}},
    "submission": {"tls": {}, "profile": WELL | {
        "capabilities_tls": OFFERS + ["AUTH PLAIN"]}},
    "hostile": {"script": HOSTILE},
    "refused": {"script": REFUSED},
}


class PageDaemonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pki = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="pki-")))
        cls.sim = cls.enterClassContext(MailSim(
            {"servers": [{"name": name, "listen": "127.0.0.1:0"} | server
                         for name, server in SERVERS.items()]},
            "--pki", cls.pki))
        cls.live = cls.enterClassContext(Switch(cls.sim.targets["well"]))
        cls.away = cls.enterClassContext(Switch(cls.sim.targets["well"]))
        cls.names = {
            "good": cls.sim.targets["well"],
            "live": cls.live.target,
            "noStarttls": cls.sim.targets["gone"],
            "refused": DEAD,
            "sentAway": cls.away.target,
            "submission": cls.sim.targets["submission"],
            "slow": cls.sim.targets["slow"],
            "refusals": {
                "a b": "^That cannot be asked for. Target: is neither",
                "203.0.113.9": "^This target is not permitted.$",
            },
        }
        cls.prober = cls.enterClassContext(Prober(cls.config()))
        cls.prober.probed(target=cls.away.target)
        cls.away.behind = cls.sim.targets["busy"]
        cls.prober.scrape_until(
            lambda page: page.failure(target=cls.away.target)
            and page.failure(target=DEAD)
            and page.value("smtp_starttls_success",
                           target=cls.live.target) == 1
            and page.value("smtp_starttls_success",
                           target=cls.names["submission"]) == 1
            and page.value("smtp_starttls_advertised",
                           target=cls.names["noStarttls"]) == 0,
            "a result of each")

    @classmethod
    def config(cls, *more):
        tls = {"server_name": "mx.example.com",
               "ca_file": str(cls.pki / "roots.pem")}

        def target(name, **keys):
            host, port = name.split(":")
            return {"host": host, "port": int(port)} | keys

        return config(
            target(cls.names["good"], tls=tls, labels={"team": "mail"}),
            target(cls.live.target, tls=tls), target(cls.away.target, tls=tls),
            target(cls.names["submission"], tls=tls, module="submission"),
            cls.names["noStarttls"], DEAD,
            target(cls.names["slow"], timeout="20s", interval="1m"), *more)

    def play(self, script, names=None, prober=None, **more):
        prober = prober or self.prober
        run_script(script, f"http://{prober.address}/",
                   self.names if names is None else names, **more)

    def test_list(self):
        self.play("list")

    def test_target(self):
        self.play("target")

    def test_form(self):
        # That the conversation is given up is shown where it can be seen.
        self.play("form", actions={"cancelled": lambda: True})

    def test_look(self):
        self.play("look")

    def test_live(self):
        extra = "127.0.0.1:7"

        def behind(name):
            self.live.behind = self.sim.targets[name]

        def configure(*more):
            self.prober.write_config(self.config(*more))
            self.prober.reload()

        self.play("live", actions={
            "mend": lambda: behind("well"),
            "worsen": lambda: behind("gone"),
            "add": lambda: configure(extra), "remove": configure})

    def test_hostile(self):
        labels = {"note": world.SCRIPT + world.BIDI, "long": world.LONG}
        targets = [self.sim.targets[name] for name in ("hostile", "refused")]
        hosts = [{"host": name.split(":")[0], "port": int(name.split(":")[1]),
                  "labels": labels} for name in targets]
        with contextlib.ExitStack() as stack:
            prober = stack.enter_context(Prober(config(*hosts)))
            for name in targets:
                prober.probed(target=name)
            self.play("hostile", {"hostile": [
                {"target": name, "module": "smtp"} for name in targets]},
                prober)


if __name__ == "__main__":
    unittest.main()
