#!/usr/bin/env python3
"""The dashboards: by the rules of Grafana's linter, and each of their queries
asked of a Prometheus that scrapes a daemon. Grafana itself is not run."""

import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import yaml

import grafana_types
from dashboard_world import JOB, World
from harness import PATIENCE, POLL_SECONDS, lacking

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "packaging/grafana"
# As their links have them.
NAMES = ["smtp-prober-fleet", "smtp-prober-target", "smtp-prober-self"]
# Grafana's own names of units, of the groups that are of use here.
UNITS = set("""
    none string short percent percentunit sci locale
    bytes decbytes bits decbits kbytes deckbytes mbytes decmbytes
    binBps Bps binbps bps
    dateTimeAsIso dateTimeAsIsoNoDateIfToday dateTimeAsLocal dateTimeFromNow
    hertz ns ms s m h d dtdurationms dtdurations dthms dtdhms
    cps ops reqps rps wps iops cpm opm rpm wpm
    bool bool_yes_no bool_on_off
""".split())
PANELS = {"timeseries", "stat", "table", "state-timeline", "bargauge",
          "gauge"}
# What Prometheus itself says of a scrape.
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
# What Grafana knows beside a dashboard's own variables.
BUILT_IN = {"__rate_interval", "__interval", "__range", "__url_time_range"}
VARIABLE = re.compile(r"\$(?:\{(\w+)(?:\.([\w.]+))?(?::(\w+))?\}|(\w+))")

# Queries that have no data in this test, and why.
WITHOUT_DATA = {}


def dashboards():
    return {name: json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
            for name in NAMES}


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard):
    """(where it stands, its target) of each query."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield f"{panel['title']}, {target['refId']}", target


def variables(dashboard):
    return {entry["name"]: entry for entry in dashboard["templating"]["list"]}


def everywhere(node, key):
    """All values of `key`, however deep."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from everywhere(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from everywhere(value, key)


# ---- PromQL ------------------------------------------------------------------

TOKEN = re.compile(r"""
    (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<range>\[[^\]]*\])
  | (?P<word>[a-zA-Z_:][\w:]*)
  | (?P<number>\d[\w.]*)
  | (?P<sign>[{}(),]|[-+*/%^=!<>~]+)
""", re.VERBOSE)
LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = LISTS | {"and", "or", "unless", "bool", "offset", "Inf", "NaN"}


def tokens(expression):
    """(kind, text); complains about what is neither token nor space."""
    end = 0
    for match in TOKEN.finditer(expression):
        between = expression[end:match.start()]
        assert not between.strip(), f"{between!r} in {expression}"
        yield match.lastgroup, match[0]
        end = match.end()
    assert not expression[end:].strip(), expression


class Selector:
    """`name` is "" where the matchers have it; `function` is what stands
    before the bracket before it, `range` what is in the brackets behind it."""

    def __init__(self, name, matchers, function, range_):
        self.name, self.matchers = name, matchers
        self.function, self.range = function, range_

    @property
    def names(self):
        if self.name:
            return [self.name]
        pattern = next(value for key, _, value in self.matchers
                       if key == "__name__")
        return pattern.split("|")


def selectors(expression):
    found = list(tokens(expression)) + [("end", "")] * 2
    position = 0
    while found[position][0] != "end":
        kind, text = found[position]
        after = found[position + 1][1]
        if kind == "word" and text in LISTS and after == "(":
            while found[position][1] != ")":  # Names of labels.
                position += 1
        elif (text == "{" or kind == "word" and text not in WORDS and
              after != "(" and after not in LISTS):
            before = [entry[1] for entry
                      in found[max(0, position - 2):position]]
            function = before[0] if before[1:] == ["("] else None
            name = "" if text == "{" else text
            position += bool(name)
            matchers = []
            if found[position][1] == "{":
                position += 1
                while found[position][1] != "}":
                    key, sign, value = (entry[1] for entry
                                        in found[position:position + 3])
                    matchers.append((key, sign, value[1:-1]))
                    position += 3
                    position += found[position][1] == ","
                position += 1
            range_ = None
            if found[position][0] == "range":
                range_ = found[position][1][1:-1]
                position += 1
            yield Selector(name, matchers, function, range_)
            continue
        position += 1


def regex_text(value):
    """As Grafana puts a chosen value between the quotes behind =~."""
    value = value.replace("\\", "\\\\\\\\")
    return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value)


def interpolate(text, dashboard, chosen):
    """`text` as Grafana sends it. `chosen`: {variable: a list, or None for
    "All"; a string where only one can be chosen}."""
    known = variables(dashboard)

    def value(match):
        name = match[1] or match[4]
        if name in chosen:
            choice = chosen[name]
            if isinstance(choice, str):
                assert not known[name]["multi"], name
                return choice.replace("\\", "\\\\").replace('"', '\\"')
            if choice is None:
                return known[name]["allValue"]
            choice = [regex_text(entry) for entry in choice]
            return choice[0] if len(choice) == 1 else f"({'|'.join(choice)})"
        return {"__rate_interval": "10s", "__interval": "2s",
                "__range": "60s"}.get(name, match[0])
    return VARIABLE.sub(value, text)


# ---- By reading --------------------------------------------------------------

class RulesTest(unittest.TestCase):
    """What grafana/dashboard-linter demands, and what Grafana needs."""

    def setUp(self):
        self.dashboards = dashboards()

    def test_they_are_what_the_script_makes(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-B", FOLDER / "generate",
                            "--output", folder], check=True)
            for name in NAMES:
                made = (pathlib.Path(folder) / f"{name}.json").read_text()
                self.assertEqual(
                    made, (FOLDER / f"{name}.json").read_text(),
                    f"{name}.json: run packaging/grafana/generate")

    def test_dashboards(self):
        for name, dashboard in self.dashboards.items():
            self.assertEqual(dashboard["uid"], name)
            self.assertEqual(dashboard["schemaVersion"], 39)
            self.assertIs(dashboard["editable"], False)
            self.assertTrue(dashboard["title"])
            self.assertIn("smtp-prober", dashboard["tags"])
            self.assertEqual(dashboard["timezone"], "browser")
            self.assertNotIn("id", dashboard)
            self.assertNotIn("__inputs", dashboard)

    def test_variables(self):
        for dashboard in self.dashboards.values():
            known = variables(dashboard)
            source = known["datasource"]
            self.assertEqual(
                (source["label"], source["type"], source["query"]),
                ("Data source", "datasource", "prometheus"))
            for name, label in (("job", "Job"), ("instance", "Instance")):
                self.assertEqual(known[name]["label"], label)
                self.assertIs(known[name]["multi"], True)
                self.assertEqual(known[name]["allValue"], ".+")
            for entry in known.values():
                if entry["type"] != "query":
                    continue
                self.assertEqual(entry["refresh"], 2, entry["name"])
                self.assertEqual(entry["datasource"]["uid"], "${datasource}")
                self.assertRegex(entry["query"],
                                 r"^label_values\(.+, [a-z]+\)$")
            # Each one is of use, and no other is used.
            used = {match[1] or match[4] for match
                    in VARIABLE.finditer(json.dumps(dashboard))}
            used -= BUILT_IN | {"__data", "__all", "1"}
            self.assertEqual(used, set(known) - {"filters"})

    def test_panels(self):
        for dashboard in self.dashboards.values():
            for panel in panels(dashboard):
                with self.subTest(panel["title"]):
                    self.check_panel(panel)
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)))
            titles = [panel["title"] for panel in panels(dashboard)]
            self.assertEqual(len(titles), len(set(titles)), titles)

    def check_panel(self, panel):
        self.assertIn(panel["type"], PANELS)
        self.assertTrue(panel["title"])
        self.assertGreater(len(panel["description"]), 10)
        self.assertGreaterEqual(len(panel["targets"]), 1)
        for holder in (panel, *panel["targets"]):
            self.assertEqual(holder["datasource"], {
                "type": "prometheus", "uid": "${datasource}"})
        ids = [target["refId"] for target in panel["targets"]]
        self.assertEqual(len(ids), len(set(ids)))
        # Nobody may take "unknown" for a number.
        self.assertTrue(panel["fieldConfig"]["defaults"]["noValue"])
        units = [panel["fieldConfig"]["defaults"]["unit"]]
        for override in panel["fieldConfig"]["overrides"]:
            units += [entry["value"] for entry in override["properties"]
                      if entry["id"] == "unit"]
        self.assertLessEqual(set(units), UNITS)
        # A query of now is one point, and a line needs more.
        for target in panel["targets"]:
            self.assertNotEqual(bool(target.get("instant")), target["range"])
            self.assertEqual(
                target["range"],
                panel["type"] in ("timeseries", "state-timeline"))
            # A query for each column, or one that names the columns.
            self.assertEqual(
                target.get("format") == "table",
                panel["type"] == "table" and
                panel["transformations"][0]["id"] != "labelsToFields")
        if panel["type"] == "table":
            self.check_columns(panel)

    def check_columns(self, panel):
        """That what overrides and sorting name is a column that is shown."""
        shown = set(panel["transformations"][-1]["options"]["renameByName"]
                    .values())
        named = {override["matcher"]["options"]
                 for override in panel["fieldConfig"]["overrides"]}
        named |= {entry["displayName"]
                  for entry in panel["options"]["sortBy"]}
        self.assertLessEqual(named, shown)

    def test_places(self):
        for dashboard in self.dashboards.values():
            places = [(panel["title"], panel["gridPos"])
                      for panel in dashboard["panels"]]
            for title, place in places:
                self.assertLessEqual(place["x"] + place["w"], 24, title)
            for (one, a), (other, b) in itertools.combinations(places, 2):
                apart = (a["x"] + a["w"] <= b["x"] or
                         b["x"] + b["w"] <= a["x"] or
                         a["y"] + a["h"] <= b["y"] or
                         b["y"] + b["h"] <= a["y"])
                self.assertTrue(apart, f"{one} lies on {other}")

    def test_selectors(self):
        seen = 0
        for dashboard in self.dashboards.values():
            for place, target in queries(dashboard):
                with self.subTest(place):
                    for selector in selectors(target["expr"]):
                        seen += 1
                        self.check_selector(selector)
        self.assertGreater(seen, 200)

    def check_selector(self, selector):
        self.assertIn(("job", "=~", "$job"), selector.matchers)
        self.assertIn(("instance", "=~", "$instance"), selector.matchers)
        rates = {"rate", "irate", "increase"}
        counter = re.search(r"_(total|bucket|count|sum)$", selector.name)
        if counter or selector.function in rates:
            self.assertIn(selector.function, rates, selector.name)
            self.assertEqual(selector.range, "$__rate_interval")

    def test_names(self):
        """Metrics and labels are those of the README."""
        metrics, labels = documented()
        used = set()
        for dashboard in self.dashboards.values():
            for place, target in queries(dashboard):
                for selector in selectors(target["expr"]):
                    names = {re.sub(r"_(bucket|count|sum)$", "", name)
                             for name in selector.names}
                    self.assertLessEqual(names, metrics | OF_PROMETHEUS,
                                         place)
                    used |= names
                    for key, _, _ in selector.matchers:
                        self.assertIn(key, labels, place)
        self.assertEqual(
            sorted(metrics - used), sorted(NOT_SHOWN),
            "a metric that no dashboard shows, or one more that does")

    def test_links(self):
        every = self.dashboards
        for name, dashboard in self.dashboards.items():
            links = [link["url"] for link in dashboard["links"]]
            self.assertEqual([link.split("?")[0] for link in links],
                             [f"/d/{other}" for other in NAMES
                              if other != name])
            for link in links:
                self.check_dashboard_link(link, every)
            urls = {link["url"] for value
                    in everywhere(dashboard["panels"], "value")
                    if isinstance(value, list) for link in value
                    if isinstance(link, dict) and "url" in link}
            for url in urls:
                if url.startswith("/d/"):
                    self.check_dashboard_link(url, every)
                else:
                    self.check_daemon_link(url)

    def check_dashboard_link(self, url, every):
        uid, arguments = re.fullmatch(r"/d/([\w-]+)\?(.*)", url).groups()
        for argument in arguments.split("&"):
            match = (re.fullmatch(r"var-(\w+)=\$\{__data\.fields\.\w+:"
                                  r"percentencode\}", argument) or
                     re.fullmatch(r"\$\{(\w+):queryparam\}", argument))
            if argument != "${__url_time_range}":
                self.assertIn(match[1], variables(every[uid]), argument)

    def check_daemon_link(self, url):
        self.assertRegex(
            url, r"^http://\$\{__data\.fields\.instance\}/target"
                 r"\?target=\$\{[\w.]+:percentencode\}"
                 r"&module=\$\{[\w.]+:percentencode\}$")

    def test_columns_that_links_name_are_there(self):
        for dashboard in self.dashboards.values():
            for panel in panels(dashboard):
                named = set(re.findall(r"__data\.fields\.(\w+)",
                                       json.dumps(panel)))
                if not named:
                    continue
                shown = panel["transformations"][-1]["options"]
                self.assertLessEqual(named, set(shown["renameByName"]))
                self.assertFalse(named & set(shown["excludeByName"]))

    def test_another_address_of_the_daemon(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, "-B", FOLDER / "generate", "--output",
                 folder, "--daemon-url", "https://prober.example.net/smtp/"],
                check=True)
            text = (pathlib.Path(folder) / f"{NAMES[0]}.json").read_text()
        self.assertIn('"https://prober.example.net/smtp/target?target=', text)
        self.assertNotIn("http://", text)

    def test_grafana_knows_every_word(self):
        self.assertEqual(grafana_types.complaints(self.dashboards.values()),
                         "")

    def test_provisioning(self):
        folder = FOLDER / "provisioning"
        source, = yaml.safe_load(
            (folder / "datasources/prometheus.yml").read_text())["datasources"]
        self.assertEqual(source["type"], "prometheus")
        self.assertIn("timeInterval", source["jsonData"])
        provider, = yaml.safe_load(
            (folder / "dashboards/smtp-prober.yml").read_text())["providers"]
        self.assertEqual(provider["type"], "file")
        # Where the README has people put the files.
        self.assertIn(f"install -m 644 smtp-prober-*.json "
                      f"{provider['options']['path']}/",
                      (FOLDER / "README.md").read_text())

    def test_promql(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            raise lacking("no promtool")
        rules = []
        for dashboard in self.dashboards.values():
            chosen = {name: "x" if not entry["multi"] else None
                      for name, entry in variables(dashboard).items()
                      if entry["type"] == "query"}
            rules += [{"record": f"query:{len(rules) + index}",
                       "expr": interpolate(target["expr"], dashboard, chosen)}
                      for index, (_, target) in enumerate(queries(dashboard))]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "all", "rules": rules}]}, file)
            file.flush()
            done = subprocess.run([promtool, "check", "rules", file.name],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


# Metrics that no dashboard shows.
NOT_SHOWN = {
    "process_virtual_memory_max_bytes",  # Mostly no limit.
    "smtp_esmtp",  # STARTTLS is 0 and SIZE missing where it is 0.
}


def documented():
    """The names of all metrics and labels in README's tables."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    metrics = set()
    labels = {"__name__", "job", "instance", "target", "module", "address",
              "mx"}
    row = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| (?:gauge|counter|histogram)"
                     r" \| (.*?) \|", re.MULTILINE)
    for names, further in row.findall(text):
        metrics |= set(re.findall(r"\w+", names))
        labels |= set(re.findall(r"`(\w+)`", further))
    assert len(metrics) > 60, metrics
    return metrics, labels


# ---- By asking ---------------------------------------------------------------

class QueriesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.world.__enter__()
        cls.addClassCleanup(cls.world.__exit__)
        world = cls.world
        assert world.ask(world.target(3)) == 200
        assert world.ask("127.9.9.9") == 403
        assert world.ask(world.target(1), module="none") == 400
        cls.wait()

    @classmethod
    def wait(cls):
        """Until everything that takes its time has happened."""
        world = cls.world
        gone = f'smtp_starttls_advertised{{target="{world.target(2)}"}}'
        for query in (f"{gone} == 0",
                      f"changes({gone}[5m]) == 1",
                      "smtp_plaintext_after_starttls == 1",
                      f'smtp_probe_failure_info{{target="{world.target(6)}"}}',
                      f'smtp_probe_failure_info{{target="{world.target(8)}"}}',
                      'smtp_prober_vantage_ok{check="resolver"}',
                      'up{job="smtp-probe"} == 1'):
            world.prometheus.query_until(query, 1)
        world.prometheus.query_until("smtp_reverse_dns_match == 1", 2)

    def ask(self, target, dashboard, chosen):
        """What Prometheus has for a query, as of now or of the last time."""
        query = interpolate(target["expr"], dashboard, chosen)
        now = time.time()
        if target["range"]:
            data = self.world.prometheus.ask(
                "query_range", query=query, start=now - 20, end=now, step=2)
        else:
            data = self.world.prometheus.ask("query", query=query, time=now)
        return [series for series in data["result"] if any(
            sample[1] != "NaN"
            for sample in series.get("values") or [series["value"]])]

    def values(self, dashboard, name, chosen):
        """What there is to choose for a variable, by both ways in which
        versions of Grafana ask for it."""
        query = interpolate(variables(dashboard)[name]["query"], dashboard,
                            chosen)
        selector, label = re.fullmatch(
            r"label_values\((?:(.*), )?(\w+)\)", query, re.DOTALL).groups()
        found = {series[label] for series in self.world.prometheus.ask(
            "series", **{"match[]": selector}) if label in series}
        answer = self.label_values(label, selector)
        self.assertEqual(found, set(answer))
        return sorted(found)

    def label_values(self, label, selector):
        return self.world.prometheus.get(
            f"label/{label}/values?" +
            urllib.parse.urlencode({"match[]": selector}))

    def choices(self, dashboard):
        """All ways in which a test chooses: {variable: value}, as in
        `interpolate`."""
        whole = {"job": None, "instance": None}
        self.assertEqual(self.values(dashboard, "job", whole), [JOB])
        one = {"job": [JOB]}
        instances = self.values(dashboard, "instance", whole)
        self.assertEqual(instances, [self.world.prober.address])
        one["instance"] = instances
        known = variables(dashboard)
        if "target" in known:
            targets = self.values(dashboard, "target", whole)
            self.assertIn(self.world.domain, targets)
            self.assertEqual(len(targets), 14)
            for target in targets:
                yield from self.choices_of(dashboard, whole, one, target)
            return
        for base in (whole, one):
            if "module" in known:
                modules = self.values(dashboard, "module", base)
                self.assertEqual(modules, ["smtp", "submissions"])
                base = base | {"module": base["job"] and ["smtp"]}
            yield base

    def choices_of(self, dashboard, whole, one, target):
        for base in (whole, one):
            base = base | {"target": target}
            module, = self.values(dashboard, "module", base)
            base = base | {"module": module}
            if base["job"] is None:
                yield base | {"mx": None, "address": None}
                continue
            mx = self.values(dashboard, "mx", base)
            address = self.values(dashboard, "address", base)
            # A host has no mx, so there is nothing but "All" to choose.
            yield base | {"mx": mx[:1] or None,
                          "address": address[:1] or None}

    def test_every_query_has_data(self):
        for name, dashboard in dashboards().items():
            # Once all can be chosen, and once one of each.
            found = {True: set(), False: set()}
            places = [place for place, _ in queries(dashboard)]
            for chosen in self.choices(dashboard):
                for place, target in queries(dashboard):
                    if self.ask(target, dashboard, chosen):
                        found[chosen["job"] is None].add(place)
            for every, having in found.items():
                for place in places:
                    with self.subTest(dashboard=name, query=place,
                                      all=every):
                        expected = (name, place) not in WITHOUT_DATA
                        self.assertEqual(place in having, expected)

    ALL = {"job": None, "instance": None, "module": None}

    def panel(self, title):
        """Of the fleet: {legend or refId: result} of a panel's queries."""
        fleet = dashboards()["smtp-prober-fleet"]
        panel = next(panel for panel in panels(fleet)
                     if panel["title"] == title)
        return {target["legendFormat"] or target["refId"]:
                self.ask(target, fleet, self.ALL)
                for target in panel["targets"]}

    def assert_in_time(self, seen, expected):
        """On a busy machine a probe, or a scrape of it, may be late."""
        deadline = time.monotonic() + PATIENCE
        while (found := seen()) != expected and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self.assertEqual(found, expected)

    def test_unknown_is_not_no(self):
        """Of 14 endpoints four do not answer, and are no "no" of STARTTLS; one
        has TLS from the first byte. Series of /probe count nowhere."""
        for title, expected in {
                "Targets": {"targets": 14},
                "Reachable": {"yes": 10, "no": 4, "unknown": 0},
                "STARTTLS": {"offered": 8, "missing": 1, "fails": 2,
                             "unknown": 4},
                "AUTH on 25": {"no": 6, "yes": 1},
                "Certificates": {"good": 6, "ending": 0, "ended": 1,
                                 "not trusted": 1, "wrong name": 0},
                "Domains": {"reachable": 1, "not": 0, "no mail": 1},
                "Late": {"late": 0}}.items():
            with self.subTest(title):
                self.assert_in_time(lambda shown=title: {
                    name: float(series["value"][1]) for name, result
                    in self.panel(shown).items() for series in result}, expected)

    def test_what_is_wrong(self):
        world = self.world
        server = world.target
        critical = {
            (server(2), "STARTTLS not offered"),
            (server(7), "connect: refused"),
            (world.domain, "connect: refused"),
            (server(8), "greeting: timeout"),
            (server(9), "certificate expired"),
            (server(10), "STARTTLS does not work"),
            (server(11), "STARTTLS does not work"),
            (server(11), "clear text after STARTTLS"),
            (server(11), "tls: plaintext_injection"),
        }
        warnings = {
            (server(2), "not as expected: starttls"),
            (server(3), "AUTH on 25"),
            (server(3), "not as expected: auth"),
            (server(4), "not as expected: size_at_least"),
            (server(5), "not as expected: banner"),
            (server(6), "greeting: service_closing"),
            (server(9), "not as expected: certificate_days"),
            (server(9), "certificate not trusted"),
            (server(10), "starttls: rejected_temporary"),
        }
        wrong = dict.fromkeys(critical, 3) | dict.fromkeys(warnings, 2)
        self.assert_in_time(lambda: {
            (series["metric"]["target"], series["metric"]["problem"]):
            int(series["value"][1]) for series
            in self.panel("What is wrong, worst first")["A"]}, wrong)
        levels = {server(number): 0 for number in range(1, 13)}
        levels |= {world.domain: 0, f"null.example:{world.port}": 0}
        for (target, _), level in wrong.items():
            levels[target] = max(levels[target], level)
        self.assert_in_time(lambda: {
            series["metric"]["target"]: int(series["value"][1])
            for result in self.panel("Targets, worst first").values()
            for series in result if series["metric"]["column"] == "Worst"},
            levels)


if __name__ == "__main__":
    unittest.main()
