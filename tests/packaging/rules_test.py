#!/usr/bin/env python3
"""The alert rules that we ship: promtool likes them, their unit tests pass and
would notice a mistake, they name only metrics and labels that README.md has, and
the tables that describe them tell the truth."""

import concurrent.futures
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

from harness import lacking

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging" / "prometheus"
RULES = FOLDER / "smtp-prober.rules.yml"
TESTS = sorted(FOLDER.glob("smtp-prober.rules*.test.yml"))

# Names that users write into routes and silences: they stay.
ALERTS = """
    SMTPStarttlsDisappeared SMTPStarttlsFailing SMTPAuthInClear SMTPAuthOn25
    SMTPAddressUnreachable SMTPHostUnreachable SMTPDomainUnreachable
    SMTPSizeTooSmall SMTPBannerMismatch SMTPExpectationUnmet
    SMTPCertificateExpiresSoon SMTPCertificateExpiresVerySoon
    SMTPCertificateExpired SMTPCertificateUntrusted SMTPCertificateWrongName
    SMTPPlaintextInjection SMTPCapabilityLost SMTPProbesStale SMTPExporterDown
    SMTPConfigReloadFailed SMTPDiscoveryFailed SMTPVantageBad""".split()

# Labels that are not in the tables: of every target, of Prometheus, and of the
# recording rules.
TARGET_LABELS = {"target", "module", "address", "mx"}
OTHER_LABELS = {"job", "instance", "fault"}

# What may be broken without the tests' notice is not tested: (what, the text, what
# it becomes, the test that must fail).
MUTATIONS = [
    ("old facts count",
     "3 * clamp_min(address:smtp_probe_interval:seconds, 60)",
     "99 * clamp_min(address:smtp_probe_interval:seconds, 60)",
     "STARTTLS is gone at 5 and 10, and from 15 on nothing answers; "
     "interval 5m"),
    ("one observation is enough",
     "(1 + changes(address:smtp_fault:observed_timestamp_seconds[1h]) >= 2)",
     "(1 + changes(address:smtp_fault:observed_timestamp_seconds[1h]) >= 1)",
     "one probe sees no STARTTLS, the next ones 421"),
    ("a window too short for 5m",
     "(1 + changes(address:smtp_fault:observed_timestamp_seconds[1h]) >= 2)",
     "(1 + changes(address:smtp_fault:observed_timestamp_seconds[5m]) >= 2)",
     "every second probe sees no STARTTLS, interval 5m"),
    ("a fault that is over does not end",
     "- max_over_time(address:smtp_fault:observed_timestamp_seconds[1h])\n"
     "              > on (job, instance, target, module, address, mx) "
     "group_left ()\n            4 *",
     "- max_over_time(address:smtp_fault:observed_timestamp_seconds[1h])\n"
     "              > on (job, instance, target, module, address, mx) "
     "group_left ()\n            99 *",
     "STARTTLS disappears at 10 and is back at 20"),
    ("what is expected pages",
     '(smtp_expectation_met{expectation="starttls"} == 1)',
     '(smtp_expectation_met{expectation="starttls"} == 7)',
     "no STARTTLS, and expect.starttls"),
    ("one fault pages twice",
     'smtp_starttls_advertised == 0, "expectation"',
     'smtp_starttls_advertised == 7, "expectation"',
     "no STARTTLS, and expect.starttls"),
    ("a bad network pages",
     "timestamp(smtp_prober_vantage_ok == 0)",
     "timestamp(smtp_prober_vantage_ok == 7)",
     "the network of the prober is down from 5 to 30"),
    ("all is judged as soon as the network is back",
     '{check="outbound_25"}[6h]) + 900', '{check="outbound_25"}[6h]) + 0',
     "the network of the prober is down from 5 to 30"),
    ("what was not probed since is judged",
     'smtp_probe_timestamp_seconds{target=~"([^:]*|.*]):25"}',
     'timestamp(smtp_probe_timestamp_seconds{target=~"([^:]*|.*]):25"})',
     "the network of the prober is down for long; interval 20m and 30m"),
    ("bad IPv6 silences IPv4",
     'smtp_probe_timestamp_seconds{address=~".*:.*"}',
     "smtp_probe_timestamp_seconds",
     "port 25 is closed for the prober from 5 to 10, IPv6 from 30 to 35"),
    ("labels of one's own are joined by",
     "smtp_observed_timestamp_seconds\n"
     "            and on (job, instance, target, module, address, mx)\n"
     "          (smtp_starttls_advertised == 0)",
     "smtp_observed_timestamp_seconds\n"
     "            and on (target)\n"
     "          (smtp_starttls_advertised == 0)\n"
     "            and on (site) up",
     "two probers, each with labels of its own"),
    ("two probes are an outage",
     "(1 + changes(address:smtp_fault:probe_timestamp_seconds[10m]) >= 4)",
     "(1 + changes(address:smtp_fault:probe_timestamp_seconds[10m]) >= 2)",
     "probes that fail now and then"),
    ("an outage has to be without a gap",
     "(1 + changes(address:smtp_fault:probe_timestamp_seconds[10m]) >= 4)",
     "(max_over_time(smtp_reachable[4m]) == 0)",
     "every second probe fails"),
    ("slow probes are never an outage",
     "(1 + changes(address:smtp_fault:probe_timestamp_seconds[6h]) >= 3)",
     "(1 + changes(address:smtp_fault:probe_timestamp_seconds[30m]) >= 3)",
     "a server that says 421 for half a day"),
    ("three probes in six hours are an outage",
     "(max_over_time(smtp_reachable[50m]) == 1)",
     "(max_over_time(smtp_reachable[50m]) == 7)",
     "probes that fail hours apart, long intervals"),
    ("a host pages beside its domain",
     "            unless on (job, instance, target, module)\n"
     "          domain:smtp_unreachable:confirmed",
     "            unless on (job)\n          absent(up)", "domains"),
    ("an address pages beside its host",
     "            unless on (job, instance, target, module, mx)\n"
     "          host:smtp_unreachable:confirmed\n        for: 5m",
     "        for: 5m", "hosts with two addresses"),
    ("new labels are lost capabilities",
     "            unless on (job, instance, target, module, address, mx, "
     "capability, tls)\n          last_over_time(smtp_capability[5m])\n",
     "            unless\n          last_over_time(smtp_capability[5m])\n",
     "capabilities that are lost"),
    ("no TLS is lost capabilities",
     "            and on (job, instance, target, module, address, mx, tls)\n",
     "            and on (job, instance, target, module, address, mx)\n",
     "capabilities that are lost"),
    ("short certificates are always due",
     ") / 3\n", ") / 1\n", "certificates that expire"),
    ("a prober that is down for a day is forgotten",
     "last_over_time(smtp_prober_build_info[1w])\n            or",
     "last_over_time(smtp_prober_build_info[1d])\n            or",
     "a prober is down over a weekend"),
    ("a target of /probe is a prober",
     '.*smtp[-_]prober",target=""', '.*smtp[-_]prober"',
     "a prober is down over a weekend"),
    ("the last prober is forgotten after a day",
     "count by (job) (last_over_time(smtp_prober_build_info[1w]))",
     "count by (job) (last_over_time(smtp_prober_build_info[1d]))",
     "a prober vanishes over a weekend"),
    ("one expired certificate among some that are due is enough",
     'address:smtp_fault:confirmed{fault="certificate_expired"}',
     'address:smtp_fault:confirmed{fault="certificate_expires_soon"}',
     "odd certificates"),
    ("an expired certificate is soon due as well",
     "            unless ignoring (fault)\n"
     '          address:smtp_fault:confirmed{fault="certificate_expires_very'
     '_soon"}\n',
     "", "certificates that expire"),
    ("one failed attempt is none",
     "changes(smtp_prober_discovery_failures_total[6h]) >= 2",
     "changes(smtp_prober_discovery_failures_total[6h]) >= 1",
     "lists that are read once an hour"),
    ("an attempt that failed is forgotten before the next one",
     "last_over_time(source:smtp_discovery_failed:timestamp_seconds[6h])",
     "last_over_time(source:smtp_discovery_failed:timestamp_seconds[30m])",
     "lists that are read once an hour"),
    ("/probe has no interval, and no fault ends",
     "          ) + 120\n", "          ) / 0\n",
     "a job for /probe"),
    ("a prober that two jobs scrape is two",
     "max by (instance) (", "max by (job, instance) (",
     "two jobs for one prober, two certificates"),
    ("a server has one certificate",
     "(smtp_tls_certificate_trusted == 0)\n"
     "              unless on (job, instance, target, module, address, mx, key)",
     "(smtp_tls_certificate_trusted == 0)\n"
     "              unless on (job, instance, target, module, address, mx)",
     "two jobs for one prober, two certificates"),
    ("two series of one address are an error: the interval",
     "          max by (job, instance, target, module, address, mx) "
     "(smtp_probe_interval_seconds)\n",
     "          smtp_probe_interval_seconds\n",
     "two clusters in one database, and a label that is renamed"),
    ("two series of one address are an error: the time of the probe",
     "          max by (job, instance, target, module, address, mx) (\n"
     "            smtp_observed_timestamp_seconds\n          )\n",
     "          smtp_observed_timestamp_seconds\n",
     "two clusters in one database, and a label that is renamed"),
    ("a scrape is as old as its probe: what is known",
     "            3 * clamp_min(address:smtp_probe_interval:seconds, 60)",
     "            3 * address:smtp_probe_interval:seconds",
     "an interval of 10s, scrapes once a minute"),
    ("a scrape is as old as its probe: what is sure",
     "4 * clamp_min(address:smtp_probe_interval:seconds, 60)",
     "4 * address:smtp_probe_interval:seconds",
     "an interval of 10s, scrapes once a minute"),
    ("a scrape is as old as its probe: what is late",
     "3 * clamp_min(smtp_probe_interval_seconds, 60)",
     "3 * smtp_probe_interval_seconds",
     "an interval of 10s, scrapes once a minute"),
    ("each probe is seen", "(max_over_time(smtp_reachable[10m]) == 0)",
     "(max_over_time(smtp_reachable[10m]) == 7)",
     "an interval of 10s, scrapes once a minute"),
    ("what failed before a bad network was noticed counts",
     "(max_over_time(smtp_reachable[30m]) == 1)",
     "(max_over_time(smtp_reachable[30m]) == 7)",
     "the network of the prober is down from 10 to 30; interval 5m"),
    ("an address that is gone is well",
     "            last_over_time(smtp_reachable[5m])\n"
     "              unless on (job, instance, target, module, address, mx)\n",
     "            last_over_time(smtp_reachable[15m])\n"
     "              unless on (job, instance, target, module, address, mx)\n",
     "a host moves to another address"),
    ("a clock that is ahead is right", "abs(time()", "(time()",
     "the clock of the prober is half an hour ahead"),
    ("a target without a port is on port 25", ',module!~"submissions?"', "",
     "port 25 is closed for targets as they are written for /probe"),
    ("a keyword is lost when nobody looks",
     "last_over_time(smtp_capability[5m])", "smtp_capability",
     "one server of several lacks a keyword"),
    ("an update is a lost exporter",
     "quantile_over_time(0.5,", "quantile_over_time(1.0,",
     "an exporter vanishes"),
]


def promtool(*arguments):
    done = subprocess.run([shutil.which("promtool"), *map(str, arguments)],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def each(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


class Loader(yaml.CSafeLoader):
    """To promtool `0x10` is eleven samples and not sixteen."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag != "tag:yaml.org,2002:int"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?\d+$"),
                             list("-0123456789"))


@functools.cache
def load(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def rules():
    return [rule for group in load(RULES)["groups"]
            for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def unit_tests():
    return [test for path in TESTS for test in load(path)["tests"]]


def documented():
    """{metric: labels of its own} as README.md's tables have it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    metrics = {}
    for line in text[text.index("\n## Metrics"):].splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 6 or cells[2] not in ("gauge", "counter",
                                               "histogram"):
            continue
        labels = set(re.findall(r"`([a-z_0-9]+)`", cells[3]))
        for name in re.findall(r"`(smtp_\w+)`", cells[1]):
            metrics[name] = labels
    return metrics


def without_strings(expression):
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)


def metrics_of(text):
    """Names of our metrics; what recording rules made is not ours."""
    return set(re.findall(r"(?<![\w:])smtp_\w+(?![\w:*])", text))


def matchers_of(text):
    """(metric, label, operator, value) of each matcher."""
    for name, inside in re.findall(
            r"([\w:]+)\{(?!\{)((?:[^}\"]|\"(?:[^\"\\]|\\.)*\")*)\}", text):
        for label, operator, value in re.findall(
                r"(\w+)(=~|!~|!=|=)(\"(?:[^\"\\]|\\.)*\"|%q)", inside):
            yield name, label, operator, value.strip('"')


@unittest.skipIf(shutil.which("promtool") is None and
                 os.environ.get("CI") != "true", "no promtool")
class RulesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("promtool") is None:
            raise lacking("no promtool")

    def test_promtool_likes_the_rules(self):
        code, said = promtool("check", "rules", "--lint=all", "--lint-fatal",
                              RULES)
        self.assertEqual(code, 0, said)

    def test_promtool_likes_the_example(self):
        code, said = promtool("check", "config",
                              FOLDER / "prometheus.example.yml")
        self.assertEqual(code, 0, said)
        jobs = {job["job_name"]: job for job in
                load(FOLDER / "prometheus.example.yml")["scrape_configs"]}
        self.assertEqual(list(jobs), ["smtp-prober", "smtp-probe"])
        self.assertEqual(jobs["smtp-probe"]["metrics_path"], "/probe")

    def test_unit_tests_pass(self):
        self.assertGreater(len(TESTS), 1)
        for path, (code, said) in zip(
                TESTS, each(lambda path: promtool("test", "rules", path),
                            TESTS)):
            with self.subTest(path.name):
                self.assertEqual(code, 0, said)

    def test_unit_tests_notice_mistakes(self):
        tests = {test["name"]: (load(path), test) for path in TESTS
                 for test in load(path)["tests"]}
        text = RULES.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:

            # None of them fails only because it is written anew here.
            def written_anew(path):
                place = pathlib.Path(folder) / path.stem
                place.mkdir()
                shutil.copy(RULES, place)
                (place / "test.yml").write_text(yaml.safe_dump(load(path)),
                                                encoding="utf-8")
                return promtool("test", "rules", place / "test.yml")

            for path, (code, said) in zip(TESTS, each(written_anew, TESTS)):
                self.assertEqual(code, 0, f"{path.name}: {said}")

            def broken(numbered):
                number, (_, old, new, name) = numbered
                place = pathlib.Path(folder) / str(number)
                place.mkdir()
                changed = text.replace(old, new)
                if changed == text:
                    return None, f"the rules have no {old!r}"
                (place / RULES.name).write_text(changed, encoding="utf-8")
                code, said = promtool("check", "rules", place / RULES.name)
                if code != 0:
                    return None, said
                whole, test = tests[name]
                (place / "test.yml").write_text(
                    yaml.safe_dump(whole | {"tests": [test]}),
                    encoding="utf-8")
                return promtool("test", "rules", place / "test.yml")

            results = each(broken, enumerate(MUTATIONS))
        for mutation, (code, said) in zip(MUTATIONS, results):
            with self.subTest(mutation[0]):
                self.assertIsNotNone(code, said)
                self.assertNotEqual(code, 0, "nobody noticed")
                self.assertIn("FAILED", said)

    def test_names(self):
        self.assertEqual(sorted({rule["alert"] for rule in alerts()}),
                         sorted(ALERTS))

    def test_alerts_are_whole(self):
        for rule in alerts():
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"],
                              ("critical", "warning", "info"))
                self.assertEqual(set(rule["annotations"]),
                                 {"summary", "description", "page"})
                summary = rule["annotations"]["summary"]
                self.assertRegex(summary, r"^\w.*\.$")
                self.assertFalse(summary[0].islower() and
                                 not summary.startswith("smtp_prober"),
                                 summary)
                self.assertNotIn("{{", summary)
                self.assertIn("{{", rule["annotations"]["description"])
                self.assertRegex(rule["annotations"]["page"],
                                 r"^(http://|\{\{ \$externalURL \}\}/)")

    def test_all_that_is_named_is_documented(self):
        metrics = documented()
        self.assertGreater(len(metrics), 50)
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        known = (set().union(*metrics.values()) | TARGET_LABELS | OTHER_LABELS)
        recorded = {rule["record"] for rule in rules() if "record" in rule}
        for rule in rules():
            texts = [rule["expr"], *rule.get("annotations", {}).values()]
            with self.subTest(rule.get("alert") or rule["record"]):
                for text in texts:
                    self.assertLessEqual(
                        metrics_of(text) - {"smtp_prober"}, set(metrics))
                    for name, label, operator, value in matchers_of(text):
                        if name in metrics:
                            self.assertIn(label, metrics[name] |
                                          TARGET_LABELS | OTHER_LABELS, name)
                        else:
                            self.assertIn(name, recorded | {"up"})
                        if label in ("check", "phase", "reason",
                                     "expectation", "quirk"):
                            for word in re.findall(r"[a-z0-9_]{3,}", value):
                                self.assertIn(f"`{word}", readme)
                expression = without_strings(rule["expr"])
                self.assertLessEqual(set(re.findall(
                    r"\b[a-z_]+:[a-z][\w:]*", expression)), recorded)
                for listed in re.findall(
                        r"(?:\bon|\bby|without|ignoring|group_left) \(([^)]*)\)",
                        expression):
                    self.assertLessEqual(
                        set(filter(None, re.split(r"[,\s]+", listed))), known)

    def test_no_two_series_on_the_one_side(self):
        # They would be an error, and the rule silent about everything.
        for rule in rules():
            for right in re.split(r"group_left \(\)", rule["expr"])[1:]:
                with self.subTest(rule.get("alert") or rule["record"]):
                    self.assertRegex(
                        right, r"^\s*(\d+ \* )?((max|min) by \(|"
                               r"(clamp_min\()?address:smtp_probe_interval:)")

    def test_each_recording_is_used(self):
        for rule in rules():
            if "record" in rule:
                users = [other for other in rules()
                         if rule["record"] in other["expr"]]
                self.assertTrue(users, rule["record"])

    def test_each_alert_is_tested_both_ways(self):
        firing = {}
        quiet = set()
        for test in unit_tests():
            for case in test.get("alert_rule_test", []):
                if not case.get("exp_alerts"):
                    quiet.add(case["alertname"])
                for alert in case.get("exp_alerts", []):
                    self.assertEqual(set(alert["exp_annotations"]),
                                     {"summary", "description", "page"})
                    firing.setdefault(case["alertname"], set()).add(
                        alert["exp_labels"]["severity"])
        self.assertEqual(quiet, set(ALERTS))
        for rule in alerts():
            self.assertIn(rule["labels"]["severity"],
                          firing[rule["alert"]], rule["alert"])

    def test_the_table_has_every_alert(self):
        text = (FOLDER / "README.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(SMTP\w+)` \| ([\w, ]+) \|", text, re.M)
        severities = {}
        for rule in alerts():
            severities.setdefault(rule["alert"], []).append(
                rule["labels"]["severity"])
        self.assertEqual(
            {name: sorted(row.split(", ")) for name, row in rows},
            {name: sorted(levels) for name, levels in severities.items()})
        self.assertEqual(len(rows), len(ALERTS))


if __name__ == "__main__":
    unittest.main()
