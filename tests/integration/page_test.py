#!/usr/bin/env python3
"""The web page in a browser, against a mock of the daemon: with fleets and
strangers that no test can set up for real."""

import re
import sys
import unittest

import jsonschema
import yaml

from page_browser import BROWSER, run_script

sys.path.insert(0, str(BROWSER))
import world  # noqa: E402
from mock_daemon import MockDaemon, REFUSALS  # noqa: E402

LARGE = 10000

# Who is who in world.ordinary().
TARGETS = {
    "good": "mx1.example.com:25",
    "live": "mx1.example.com:25",
    "noStarttls": "mx2.example.com:25",
    "gotWorse": "mx2.example.com:25",
    "sentAway": "busy.example.com:25",
    "refused": "mx3.example.com:25",
    "several": "pool.example.com:25",
    "submission": "mail.example.com:587",
    "domain": "example.org:25",
    "fresh": "new.example.com:25",
    "meant": "lab.example.com:25",
    "twice": "twice.example.com:25",
    "slow": "slow.example.com",
    "refusals": {
        "odd name": "^That cannot be asked for. Target: a space.$",
        "forbidden.example": "^This target is not permitted.$",
        "often.example": "^Too many tests. Try again in 7 s.$",
        "full.example": "^smtp_prober is busy. Try again in 90 s.$",
        "broken.example": "answered with an error .500.",
    },
}

assert set(TARGETS["refusals"]) == set(REFUSALS)


class PageTest(unittest.TestCase):
    def mock(self, targets, notices=()):
        mock = MockDaemon(targets, notices)
        self.addCleanup(mock.close)
        return mock

    def ordinary(self):
        place = world.good_place("192.0.2.40", "twice.example.com")
        twice = [world.target(TARGETS["twice"], [place], module=module)
                 for module in ("smtp", "strict")]
        return self.mock(
            world.ordinary() + twice,
            ["From here no port 25 answers: the fault is most likely here."])

    def play(self, script, mock, **more):
        run_script(script, mock.url, TARGETS, **more)
        # Everything was asked for below the prefix.
        self.assertEqual(mock.strays, [])

    def test_list(self):
        # Of two targets with one name a row could not be told by its link.
        mock = self.mock(world.ordinary(), ["Something is odd here."])
        self.play("list", mock)

    def test_target(self):
        self.play("target", self.ordinary())

    def test_form(self):
        mock = self.ordinary()
        self.play("form", mock, actions={
            "cancelled": lambda: mock.cancelled.wait(30)})

    def test_live(self):
        mock = self.ordinary()
        name = TARGETS["live"]
        host = name.split(":")[0]
        extra = world.target(
            "extra.example.com:25",
            [world.good_place("192.0.2.50", "extra.example.com")])

        def mend():
            with mock.lock:
                mock.put(world.target(
                    name, [world.good_place("192.0.2.1", host, age=0)]))

        def worsen():
            with mock.lock:
                lost = world.without_starttls(
                    world.good_place("192.0.2.1", host), host)
                mock.put(world.target(name, [lost],
                                      [world.STARTTLS_MISSING]))

        def add():
            with mock.lock:
                mock.put(extra)

        def remove():
            with mock.lock:
                mock.remove(extra["target"])

        self.play("live", mock, actions={
            "mend": mend, "worsen": worsen, "add": add, "remove": remove})

    def test_hostile(self):
        targets = world.hostile()
        run_script("hostile", self.mock(targets, [world.SCRIPT]).url, {
            "hostile": [{"target": one["target"], "module": one["module"]}
                        for one in targets]})

    def test_large(self):
        mock = self.mock(world.many(LARGE))
        self.play("large", mock, number=LARGE)

    def test_look(self):
        self.play("look", self.ordinary())


class WorldTest(unittest.TestCase):
    """What the mock tells is what the daemon could tell."""

    @classmethod
    def setUpClass(cls):
        folder = BROWSER.parents[1] / "exporter" / "api"
        with open(folder / "openapi.yaml", encoding="utf-8") as file:
            cls.components = yaml.safe_load(file)["components"]

    def faults(self, schema, value):
        validator = jsonschema.Draft202012Validator(
            {"$ref": f"#/components/schemas/{schema}",
             "components": self.components})
        return [f"{list(fault.absolute_path)}: {fault.message}"
                for fault in validator.iter_errors(value)]

    def test_targets_are_as_described(self):
        for target in world.ordinary() + world.many(100):
            with self.subTest(target["target"]):
                self.assertEqual(self.faults("Target", target), [])
                self.assertEqual(
                    self.faults("Summary", world.summary(target)), [])

    def test_what_is_not_described_is_noticed(self):
        target = world.ordinary()[0]
        target["places"][0]["fact_levels"]["starttls"] = "bad"
        target["places"][0]["smtp_new"] = 1
        self.assertEqual(len(self.faults("Target", target)), 2)


class SourceTest(unittest.TestCase):
    """What the browser's policy would stop as well is not even there."""

    FORBIDDEN = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|"
        r"new Function|DOMParser|createContextualFragment|setHTML|srcdoc|"
        r"setTimeout\(\s*[\"'`]|javascript:|style=|\son\w+=")
    OUTSIDE = re.compile(r"(?:https?:)?//[\w-]+\.\w")

    def sources(self):
        folder = BROWSER.parents[1] / "exporter" / "web"
        files = [file for file in sorted(folder.iterdir())
                 if file.suffix in (".html", ".js", ".css", ".svg")]
        self.assertGreater(len(files), 10)
        return files

    def test_text_goes_in_as_text(self):
        for file in self.sources():
            with self.subTest(file.name):
                text = file.read_text(encoding="utf-8")
                self.assertIsNone(self.FORBIDDEN.search(text))

    def test_nothing_comes_from_another_host(self):
        for file in self.sources():
            with self.subTest(file.name):
                text = file.read_text(encoding="utf-8")
                # The namespace of SVG is a name and no address.
                text = text.replace("http://www.w3.org/2000/svg", "")
                self.assertIsNone(self.OUTSIDE.search(text))

    def test_addresses_are_relative(self):
        for file in self.sources():
            with self.subTest(file.name):
                text = file.read_text(encoding="utf-8")
                self.assertIsNone(re.search(
                    r"(?:href|src|action)=\"/|from \"/|getJson\(\"/", text))

    def test_the_pattern_notices(self):
        for text in ("a.innerHTML = b", "document.write(x)", "eval(x)",
                     "<p style=\"x\">", "<p onclick=\"x\">"):
            with self.subTest(text):
                self.assertTrue(self.FORBIDDEN.search(text))


if __name__ == "__main__":
    unittest.main()
