"""Everything between mail servers and whoever is paged: Debian's Postfix, the
daemon, Debian's Prometheus with our rules, Debian's Alertmanager with our
routes, and a receiver of its webhooks."""

import concurrent.futures
import contextlib
import json
import pathlib
import tempfile
import time

import yaml
from alertmanager_server import Alertmanager
from harness import PATIENCE, Prober, config
from pki import pki
from prometheus_server import Prometheus
from sasl_stub import SaslStub
from scaled_time import ScaledTime
from servers import Postfix
from tls_facts import clear_target
from webhook_receiver import WebhookReceiver

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
RULES = PACKAGING / "prometheus" / "smtp-prober.rules.yml"
SCRAPING = PACKAGING / "prometheus" / "prometheus.example.yml"
ROUTES = PACKAGING / "alertmanager" / "alertmanager.example.yml"

# A minute takes a second, which is the shortest interval of the daemon.
TIME = ScaledTime(60)
INTERVAL = "60s"  # The daemon's default, from probe to probe.


def shipped(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def routes_for_a_busy_machine():
    """The example's, but that a group waits for what belongs to it twice as long.
    Two exporters bring a fault up to 120 seconds one after the other, and the
    example waits for 150: in quick time that leaves half a second for what a busy
    machine does late."""
    routes = shipped(ROUTES)
    ours, = routes["route"]["routes"]
    assert ours["group_wait"] == "150s", ours
    ours["group_wait"] = "300s"
    return routes


def replace_receivers(routes, address):
    """The example's receivers, at another address. Returns `routes`."""
    for receiver in routes["receivers"]:
        # A receiver that is not replaced would tell somebody else.
        assert receiver.keys() <= {"name", "webhook_configs"}, receiver
        for webhook in receiver.get("webhook_configs", []):
            webhook["url"] = f"http://{address}/"
    return routes


class MailWatch:
    """Healthy mail servers, one for each of `names`, and one exporter that
    watches them. The test breaks `servers[name]`."""

    def __init__(self, *names):
        self.servers = dict.fromkeys(names)
        self._names = {}  # Of targets and of instances, which are exporters.
        self._scraped = []  # Instances.

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def _start(self, stack):
        sasl = stack.enter_context(SaslStub())
        settings = sasl.settings() | {"smtpd_sasl_auth_enable": "no"}
        for name in self.servers:
            self.servers[name] = Postfix(
                settings, identities=[pki().identity("good")])
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(stack.enter_context, self.servers.values()))
        self._names |= {server.target: name
                        for name, server in self.servers.items()}

        self._began = time.monotonic()
        self.receiver = stack.enter_context(WebhookReceiver())
        self.alertmanager = stack.enter_context(Alertmanager(
            replace_receivers(TIME.routes(routes_for_a_busy_machine()),
                              self.receiver.address)))
        self._folder = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix="mail-watch-")))
        self._write("rules.yml", TIME.rules(shipped(RULES)))
        self.prober = stack.enter_context(self.exporter("exporter"))
        scraping = shipped(SCRAPING)
        self.prometheus = stack.enter_context(Prometheus(
            {"job_name": scraping["scrape_configs"][0]["job_name"],
             "file_sd_configs": [{"files": [
                 f"{self._folder}/exporters.json"]}]},
            settings={
                "global": {name: TIME.duration(value) for name, value
                           in scraping["global"].items()},
                "rule_files": [f"{self._folder}/rules.yml"],
                "alerting": {"alertmanagers": [{"static_configs": [
                    {"targets": [self.alertmanager.address]}]}]},
            },
            # Its own defaults.
            arguments=[f"--query.lookback-delta={TIME.duration('5m')}",
                       f"--rules.alert.resend-delay={TIME.duration('1m')}"]))

    def _write(self, name, content):
        # All at once: Prometheus looks at some of them again and again.
        new = self._folder / "new"
        new.write_text(json.dumps(content), encoding="utf-8")
        new.rename(self._folder / name)

    @contextlib.contextmanager
    def exporter(self, name):
        """The daemon, watching all servers, scraped by Prometheus."""
        targets = [clear_target(server) for server in self.servers.values()]
        with Prober(config(*targets, interval=TIME.duration(INTERVAL),
                           stale_after=TIME.duration("5m"))) as prober:
            self._names[prober.address] = name
            self._scrape([*self._scraped, prober.address])
            yield prober
            # Scraped no more, and then it ends.
            self._scrape([instance for instance in self._scraped
                          if instance != prober.address])

    def _scrape(self, instances):
        self._scraped = instances
        self._write("exporters.json", [{"targets": instances}])

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, \
                f"never came: {what}\n{self.report()}"
            time.sleep(0.1)

    def healthy(self):
        """Whether Prometheus sees nothing else."""
        return (len(self.prometheus.query("smtp_probe_success == 1")) ==
                len(self.servers) * len(self.prometheus.query("up == 1")) > 0
                and not self.prometheus.query("ALERTS")
                and not self.alertmanager.alerts())

    def probed(self, name, times=1, counter="smtp_probes_total"):
        """Waits until the server has had so many probes more."""
        def count():
            return self.prober.scrape(check=False).value(
                counter, target=self.servers[name].target)
        enough = count() + times
        self.until(lambda: count() >= enough, f"{enough} {counter} of {name}")

    def told(self):
        """What people were told until now, in order: (receiver, "firing" or
        "resolved", [(alertname, about whom, severity, status)])."""
        return [(message.receiver, message.status,
                 [(name, self.whom(labels), labels["severity"], status)
                  for name, labels, status in message.alerts])
                for message in self.receiver.notifications()]

    def whom(self, labels):
        """The server or exporter that an alert is about."""
        return self._names[labels.get("target") or labels["instance"]]

    def report(self):
        """For who has to find out why a test failed."""
        lines = ["---- told"]
        lines += [f"{message.at - self._began:.1f}s {message}"
                  for message in self.receiver.notifications()]
        lines += [f"---- now, {time.monotonic() - self._began:.1f}s"]
        lines += [f"{target} is {name}"
                  for target, name in self._names.items()]
        lines += ["---- Alertmanager's alerts"]
        lines += [f"{alert['labels']} {alert['status']}"
                  for alert in self.alertmanager.alerts()]
        lines += ["---- Prometheus' series"]
        for family in ("ALERTS", "address:smtp_fault:confirmed", "up",
                       "smtp_reachable", "smtp_starttls_advertised",
                       "smtp_probe_failure_info", "smtp_prober_vantage_ok"):
            lines += [f"{labels} {value:g}"
                      for labels, value in self.prometheus.query(family)]
        lines += ["---- the daemon's log", self.prober.run.errors()[-4000:]]
        return "\n".join(lines)
