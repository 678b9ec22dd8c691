"""The demo's mail servers and what the demo lacks, watched by the daemon, which
Debian's Prometheus scrapes: whatever a dashboard asks for is there."""

import contextlib
import http.client
import json
import pathlib
import tempfile
import urllib.parse

import yaml

from dns_servers import Dns, free_port, own_block, reverse_name
from harness import PATIENCE, MailSim, Prober
from prometheus_server import Prometheus

DEMO = pathlib.Path(__file__).parents[2] / "packaging/demo"
JOB = "smtp-prober"
DOMAIN = "example.org"
# Servers 1 to 10 are the demo's. The healthy one is the first choice of the
# domain, the one that refuses connections its second.
FIRST, SECOND = 1, 7
INJECTED, INSIDE_ONLY = 11, 12
MORE_SERVERS = [
    {"name": "injected", "number": INJECTED, "tls": {}, "script": [
        {"send": "220 mx11.example.com ESMTP"}, {"expect": "EHLO"},
        {"send": ["250-mx11.example.com", "250 STARTTLS"]},
        {"expect": "STARTTLS"},
        {"send": ["220 go", "250 in clear"]},
        "never"]},
    {"name": "implicit-tls", "number": INSIDE_ONLY,
     "tls": {"implicit": True},
     "profile": {"hostname": "mail.example.com",
                 "capabilities": ["SIZE 1000000", "AUTH PLAIN"]}},
]


class Asked(Prometheus):
    """Answers as it does to Grafana."""

    def ask(self, path, **arguments):
        """The data of an answer of /api/v1/`path`; by POST, as Grafana asks,
        because queries are long."""
        return self._data("POST", path, urllib.parse.urlencode(arguments), {
            "Content-Type": "application/x-www-form-urlencoded"})

    def get(self, path):
        return self._data("GET", path)

    def _data(self, method, path, *rest):
        connection = http.client.HTTPConnection(self._address,
                                                timeout=PATIENCE)
        connection.request(method, f"/api/v1/{path}", *rest)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        assert answer["status"] == "success", (path, rest, answer)
        return answer["data"]


class World:
    """`prometheus` and `prober`, who probes every two seconds."""

    def __init__(self):
        self.block = own_block()
        self.port = free_port(*(f"{self.block}{number}"
                                for number in range(1, 13)))
        self._stack = contextlib.ExitStack()
        self.prober = self.prometheus = None

    def target(self, number):
        """The label of a server."""
        return f"{self.block}{number}:{self.port}"

    @property
    def domain(self):
        return f"{DOMAIN}:{self.port}"

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._folder = pathlib.Path(stack.enter_context(
                tempfile.TemporaryDirectory(prefix="dashboards-")))
            stack.enter_context(MailSim(self._scenario(), "--pki",
                                        self._folder / "pki"))
            dns = stack.enter_context(Dns(self._zones(), self.block))
            self.prober = stack.enter_context(
                Prober(json.dumps(self._config(dns))))
            self.prometheus = stack.enter_context(Asked(*self._jobs()))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *unused):
        self._stack.close()

    def _demo(self, name):
        """One of the demo's files, on addresses of our own."""
        text = (DEMO / name).read_text(encoding="utf-8")
        return yaml.safe_load(text.replace("127.0.25.", self.block)
                              .replace("2525", str(self.port)))

    def _scenario(self):
        scenario = self._demo("servers.yaml")
        # Whoever looks from now on still sees what it offered.
        gone = next(server for server in scenario["servers"]
                    if server["name"] == "starttls-gone")
        gone["profiles"][0]["connections"] = 6
        for server in MORE_SERVERS:
            entry = {key: value for key, value in server.items()
                     if key != "number"}
            entry["listen"] = self.target(server["number"])
            scenario["servers"].append(entry)
        return scenario

    def _zones(self):
        block = self.block
        return {
            DOMAIN: f"@ MX 10 mx1\n@ MX 20 mx2\nmx1 A {block}{FIRST}\n"
                    f"mx2 A {block}{SECOND}\n",
            "null.example": "@ MX 0 .\n",
            reverse_name(block + "0").split(".", 1)[1]:
                f"{FIRST} PTR mx1.{DOMAIN}.\n",
        }

    def _config(self, dns):
        config = self._demo("smtp.yml")
        tls = config["modules"]["smtp"]["tls"]
        tls["ca_file"] = str(self._folder / "pki/roots.pem")
        lists = self._folder / "targets.json"
        lists.write_text(json.dumps([{
            "targets": [self.target(INJECTED)],
            "labels": {"server": "injected"},
        }]), encoding="utf-8")
        config |= {
            # Nothing is late while the machine is busy for a second or two.
            "interval": "2s",
            "stale_after": "5m",
            "timeouts": {"connect": "500ms", "greeting": "1500ms", "ehlo": "1s",
                         "quit": "500ms"},
            "dns": {"servers": dns.servers, "timeout": "500ms", "tries": 1},
            "target_files": [str(lists)],
        }
        config["targets"] += [
            {"domain": DOMAIN, "port": self.port,
             "private_addresses": "probe"},
            {"domain": "null.example", "port": self.port},
            {"host": self.target(INSIDE_ONLY), "module": "submissions",
             "tls": tls},
        ]
        return config

    def _jobs(self):
        yield {
            "job_name": JOB,
            "scrape_interval": "1s", "scrape_timeout": "1s",
            "static_configs": [{"targets": [self.prober.address]}],
        }
        # As README.md has it: its series must not count as watched ones.
        yield {
            "job_name": "smtp-probe", "metrics_path": "/probe",
            "static_configs": [{"targets": [self.target(3)]}],
            "relabel_configs": [
                {"source_labels": ["__address__"],
                 "target_label": "__param_target"},
                {"source_labels": ["__param_target"],
                 "target_label": "instance"},
                {"target_label": "__address__",
                 "replacement": self.prober.address},
            ],
        }

    def ask(self, target, **arguments):
        """A test on demand."""
        return self.prober.get("/probe?" + urllib.parse.urlencode(
            {"target": target} | arguments)).status
