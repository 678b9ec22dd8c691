#!/usr/bin/env python3
"""The JSON API is as its OpenAPI description says, the description as the
README's tables, and the values as the metrics."""

import json
import pathlib
import re
import unittest
import urllib.parse

from dns_servers import reverse_name
from harness import Prober, lacking
from mail_site import IP6, Site
from pki import pki
from tls_cases import WELL

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = yaml = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEDIA_TYPE = "application/json"


def setUpModule():
    if jsonschema is None:
        raise lacking("no python3-jsonschema or no python3-yaml")


class Description:
    """An OpenAPI 3.1 document; its schemas are JSON Schema 2020-12."""

    def __init__(self, text):
        self.document = yaml.safe_load(text)

    def follow(self, node):
        """`node`, or what it refers to."""
        while "$ref" in node:
            path = node["$ref"].removeprefix("#/").split("/")
            node = self.document
            for key in path:
                node = node[key.replace("~1", "/").replace("~0", "~")]
        return node

    def schema(self, path, status):
        operation = self.document["paths"][path]["get"]
        response = self.follow(operation["responses"][str(status)])
        return response["content"][MEDIA_TYPE]["schema"]

    def validator(self, schema):
        # References are into the whole document.
        return jsonschema.Draft202012Validator(self.document | schema)

    def check(self, path, response):
        """The answer's JSON, if it is as described."""
        content_type = response.headers["Content-Type"]
        assert content_type == MEDIA_TYPE, content_type
        answer = json.loads(response.body)
        faults = [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}"
                  for fault in self.validator(
                      self.schema(path, response.status)).iter_errors(answer)]
        assert not faults, "\n".join(faults[:10])
        return answer

    def properties(self, name):
        return self.document["components"]["schemas"][name]["properties"]


def nodes(node):
    """Every map in a document."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from nodes(child)


def described():
    return Description((ROOT / "exporter/api/openapi.yaml").read_text(
        encoding="utf-8"))


def families_of_readme():
    """{name: {"gauge" or "counter", its own labels}} of the tables of what
    belongs to mail servers."""
    rows = re.findall(r"^\| (`smtp_[^|]*) \| (\w+) \|([^|]*)\|",
                      (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    found = {}
    for names, kind, labels in rows:
        for name in re.findall(r"`(smtp_\w+)`", names):
            if not name.startswith("smtp_prober_"):
                found[name] = (kind, labels)
    return found


class DescriptionTest(unittest.TestCase):
    """What can be said of the file alone."""

    def test_it_is_sound(self):
        description = described()
        document = description.document
        self.assertRegex(document["openapi"], r"^3\.1\.")
        referred = set()
        for node in nodes(document):
            if "$ref" in node:
                description.follow(node)  # Or a KeyError.
                referred.add(node["$ref"])
        for kind, components in document["components"].items():
            for name in components:
                self.assertIn(f"#/components/{kind}/{name}", referred)
        for name, schema in document["components"]["schemas"].items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)
                # A field that is not described is a fault.
                for node in nodes(schema):
                    if node.get("type") == "object":
                        self.assertIn("additionalProperties", node)
                        self.assertLessEqual(set(node.get("required", [])),
                                             set(node.get("properties", {})))
        operations = set()
        for path, item in document["paths"].items():
            operation = item["get"]
            self.assertNotIn(operation["operationId"], operations)
            operations.add(operation["operationId"])
            parameters = [description.follow(parameter)
                          for parameter in operation.get("parameters", [])]
            self.assertEqual(
                set(re.findall(r"\{(\w+)\}", path)),
                {parameter["name"] for parameter in parameters
                 if parameter["in"] == "path"})

    def test_it_knows_the_metrics_of_the_readme(self):
        description = described()
        families = families_of_readme()
        self.assertGreater(len(families), 30)
        place = description.properties("Place")
        target = description.properties("Target")
        fields = {name: schema for name, schema in (place | target).items()
                  if name.startswith("smtp_")}
        self.assertEqual(set(fields), set(families))
        self.assertEqual(
            [name for name in place if name in target and
             name.startswith("smtp_")], [])
        # A summary says nothing else, and the same of it.
        for part, whole in [("SummaryPlace", place), ("Summary", target)]:
            for name, schema in description.properties(part).items():
                if name.startswith("smtp_"):
                    self.assertEqual(schema, whole[name])
        for name, (kind, labels) in families.items():
            with self.subTest(name):
                schema = description.follow(fields[name])
                own = {label for label in re.findall(r"`(\w+)`", labels)}
                if not own and "the same" not in labels:
                    self.assertNotEqual(schema.get("type"), "array")
                    continue
                self.assertEqual(schema["type"], "array")
                item = description.follow(schema["items"])
                self.assertIn("value", item["required"])
                self.assertLessEqual(own, set(item["properties"]))

    def test_validation_can_fail(self):
        description = described()
        schema = description.schema("/api/v1/targets/{id}", 200)
        validator = description.validator(schema)
        target = {"target": "a:25", "module": "smtp", "role": "mx",
                  "kind": "host", "labels": {}, "level": "ok", "findings": [],
                  "places": [{"level": "ok", "fact_levels": {},
                              "transcripts": {},
                              "smtp_reachable": 1,
                              "smtp_size_limit_bytes": "+Inf"}]}
        answer = {"as_of": 1.5, "target": target}
        self.assertTrue(validator.is_valid(answer))
        place = target["places"][0]
        for name, value in [("smtp_reachable", 2), ("smtp_reachable", "1"),
                            ("smtp_size_limit_bytes", "-Inf"),
                            ("smtp_unheard_of", 1), ("level", "good"),
                            ("smtp_quirk", [{"quirk": "bare_lf"}]),
                            ("smtp_quirk", [{"quirk": "x", "value": 1,
                                             "more": ""}])]:
            with self.subTest(name, value=value):
                target["places"] = [place | {name: value}]
                self.assertFalse(validator.is_valid(answer))


ZONES = {
    "%REVERSE": "11 PTR mx.example.com.\n12 PTR mx12.example.\n",
    reverse_name(IP6): "",
    "example": """
well    A %11
mx12    A %12
plain   MX 10 well
plain   MX 20 mx12
plain   MX 30 gone
null    MX 0 .
alias   MX 10 cname
cname   CNAME well
""",
}
HOSTILE = '<script>alert("\u202e")</script>'
SERVERS = {
    11: {"profile": WELL | {
        "hostname": "mx.example.com",
        "capabilities": ["SIZE 0", "STARTTLS", "AUTH PLAIN LOGIN", "pipelining",
                         "AUTH=PLAIN"]},
         "tls": {"identities": ["good-rsa", "good"]}},
    12: {"refused": True},
    13: {"script": ["never"]},
    14: {"profile": {"closing": "CONNECT"}},
    15: {"profile": {"banner": HOSTILE, "capabilities": [HOSTILE]}},
    16: {"profile": WELL, "tls": {"identities": "expired"}},
    17: {"profile": {"esmtp": False}},
    18: {"profiles": [{"connections": 1} | WELL | {"tls": {}},
                      {"capabilities": ["SIZE 5"]}]},
    # STARTTLS, and then what a man in the middle might say.
    19: {"tls": {}, "script": [
        {"send": "220 mx.example.com ESMTP"}, {"expect": "EHLO"},
        {"send": ["250-mx.example.com", "250 STARTTLS"]},
        {"expect": "STARTTLS"},
        {"send_raw": "220 go\r\n250 injected\r\n"}, "never"]},
}


def wanted(page, target, module):
    """{(family, labels)} of a target on /metrics."""
    found = set()
    for name, labels in page.samples:
        if {("target", target), ("module", module)} <= labels:
            found.add((name, frozenset(labels - {
                ("target", target), ("module", module), ("team", "mail")})))
    return found


def told(target):
    """The same of a target's JSON."""
    found = set()

    def add(fields, common):
        for name, value in fields.items():
            if not name.startswith("smtp_"):
                continue
            for sample in value if isinstance(value, list) else [{}]:
                labels = {key: text for key, text in sample.items()
                          if key != "value"}
                found.add((name, frozenset((common | labels).items())))

    add(target, {})
    for place in target["places"]:
        add(place, {key: place[key] for key in ("address", "mx")
                    if key in place})
    return found


class ApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = site = Site(ZONES, SERVERS)
        site.__enter__()
        cls.addClassCleanup(site.__exit__)
        host = cls.host
        targets = [
            {"host": "well.example", "port": site.port,
             "labels": {"team": "mail"},
             "tls": {"certificate_types": ["rsa", "ecdsa"],
                     "server_name": "mx.example.com"},
             "expect": {"banner": "mx.example.com", "starttls": True,
                        "auth": False, "size_at_least": 1000,
                        "capabilities": ["PIPELINING"],
                        "tls_min_version": "TLS1.2", "certificate_days": 14}},
            *(host(number) for number in range(12, 20)),
            {"host": "gone.example", "port": site.port},
            {"host": site.address(11), "port": site.port, "module": "watch"},
            *({"domain": f"{name}.example", "port": site.port,
               "private_addresses": "probe", "labels": {"team": "mail"}}
              for name in ("plain", "null", "alias", "missing"))]
        cls.prober = Prober(site.config(
            *targets, timeout="3s",
            modules={"watch": {"tls": {"ca_file": str(pki().roots)}},
                     "smtp": {"tls": {"ca_file": str(pki().roots)}}},
            on_demand={"allow": [f"{site.block}0/24"],
                       "ports": [site.port], "rate": 1000}))
        cls.prober.__enter__()
        cls.addClassCleanup(cls.prober.__exit__, None, None, None)
        cls.prober.scrape_until(
            lambda page: len(page.all("smtp_probe_success")) >= 15 and
            min(page.all("smtp_probes_total").values()) >= 2 and
            page.all("smtp_reverse_dns_match"), "all results")
        cls.description = Description(
            cls.prober.get("/api/v1/openapi.yaml").text)

    @classmethod
    def host(cls, number):
        return {"host": cls.site.address(number), "port": cls.site.port}

    def get(self, path, described_as=None, **arguments):
        query = "?" + urllib.parse.urlencode(arguments) if arguments else ""
        response = self.prober.get(f"/api/v1/{path}{query}")
        return self.description.check(
            f"/api/v1/{described_as or path}", response)

    def test_the_description_is_ours(self):
        response = self.prober.get("/api/v1/openapi.yaml")
        self.assertEqual(response.headers["Content-Type"], "application/yaml")
        self.assertEqual(
            response.body, (ROOT / "exporter/api/openapi.yaml").read_bytes())
        etag = response.headers["ETag"]
        response = self.prober.get("/api/v1/openapi.yaml",
                                   {"If-None-Match": etag})
        self.assertEqual((response.status, response.body), (304, b""))

    def test_every_answer_is_as_described(self):
        status = self.get("status")
        self.assertEqual(status["on_demand"], "listed")
        self.assertIn("watch", status["modules"])
        listed = self.get("targets")
        self.assertEqual(listed["total"], len(listed["targets"]))
        self.assertEqual(status["targets"], listed["total"])
        self.get("targets", since=listed["as_of"])
        seen, levels = set(), set()
        for summary in listed["targets"]:
            with self.subTest(summary["target"]):
                answer = self.get(f"targets/{summary['id']}", "targets/{id}")
                target = answer["target"]
                for name in ("id", "target", "module", "role", "kind",
                             "labels"):
                    self.assertEqual(target[name], summary[name])
                seen |= {name for name, _ in told(target)}
                levels |= {finding["level"] for finding in target["findings"]}
        # None of the fields is described in vain.
        self.assertEqual(set(families_of_readme()) - seen, set())
        self.assertEqual(levels, {"ok", "info", "warning", "critical"})
        groups = self.get("sd")
        self.assertEqual(len(groups), listed["total"])
        self.assertIn({"targets": [f"plain.example:{self.site.port}"],
                       "labels": {"__param_module": "smtp",
                                  "__param_kind": "domain", "team": "mail"}},
                      groups)

    def test_a_test_now_is_as_described(self):
        site = self.site
        for number in range(11, 20):
            target = f"{site.address(number)}:{site.port}"
            with self.subTest(number):
                answer = self.get("probe", target=target)["target"]
                self.assertNotIn("id", answer)
                [place] = answer["places"]
                self.assertNotIn("history", place)
                self.assertEqual(set(place["transcripts"]), {"latest"})
        for name in ("plain", "null", "missing"):
            self.get("probe", target=f"{name}.example:{site.port}")
        for name, status in [("", 400), ("a b", 400), ("8.8.8.8", 403)]:
            response = self.prober.get("/api/v1/probe?" +
                                       urllib.parse.urlencode({"target": name}))
            self.assertEqual(response.status, status)
            self.description.check("/api/v1/probe", response)
        response = self.prober.get("/api/v1/targets/0000000000000000")
        self.assertEqual(response.status, 404)
        self.description.check("/api/v1/targets/{id}", response)
        response = self.prober.get("/api/v1/targets?since=yesterday")
        self.assertEqual(response.status, 400)
        self.description.check("/api/v1/targets", response)

    def test_the_fields_are_the_metrics(self):
        for summary in self.get("targets")["targets"]:
            def agree(summary=summary):
                # Between two requests a probe may have ended.
                before = self.prober.scrape(check=False)
                target = self.get(f"targets/{summary['id']}",
                                  "targets/{id}")["target"]
                after = self.prober.scrape(check=False)
                pages = [wanted(page, target["target"], target["module"])
                         for page in (before, after)]
                if pages[0] != pages[1]:
                    return None
                self.assertEqual(told(target), pages[0])
                return True
            with self.subTest(summary["target"]):
                self.prober.until(agree, "a moment's peace")

    def test_what_a_server_says_is_text(self):
        target = f"{self.site.address(15)}:{self.site.port}"
        [summary] = self.get("targets", target=target)["targets"]
        response = self.prober.get(f"/api/v1/targets/{summary['id']}")
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertNotIn("\u202e", response.text)
        place = json.loads(response.body)["target"]["places"][0]
        lines = place["transcripts"]["latest"]["lines"]
        self.assertTrue(any("<script>" in line["text"] for line in lines))


if __name__ == "__main__":
    unittest.main()
