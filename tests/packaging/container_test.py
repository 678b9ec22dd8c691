"""The container image and compose.yaml, without an engine.

What the Dockerfile's final stage gets is made by the script that makes it there,
and runs here as an engine would run it. packaging/container/try builds and runs
the image itself, which takes too long for each change.
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import yaml

import contained
import netns
import node_modules
from contained import CONTAINER, SOURCES, Composition, Contained
from harness import PATIENCE, Page, lacking, program

COMPOSE = CONTAINER / "compose.yaml"
LISTENING = r'msg="Listening on".* address=\S+:10125'
# What would let somebody who got in do more.
TOOLS = ("sh", "bash", "dash", "busybox", "apt", "apt-get", "dpkg", "env",
         "perl", "python3", "curl", "openssl")

_scratch = None
_root = None


def setUpModule():
    global _scratch, _root
    contained.require()
    netns.require()
    _scratch = pathlib.Path(tempfile.mkdtemp(prefix="container-"))
    unittest.addModuleCleanup(shutil.rmtree, _scratch)
    _scratch.chmod(0o755)
    # The demo's root has both programs; the image's is the same without one.
    _root = _scratch / "root"
    contained.assemble(_root, program("SMTP_PROBER"), program("MAILSIM"))
    (_root / "etc/smtp_prober").mkdir()
    shutil.copy(CONTAINER / "smtp.yml", _root / "etc/smtp_prober")


def instructions(stage):
    """{instruction: [its arguments]} of a stage of the Dockerfile."""
    text = (CONTAINER / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text))
    found = None
    for line in text.splitlines():
        if not line.strip():
            continue
        word, rest = line.split(None, 1)
        if word == "FROM":
            found = {} if rest.endswith(f" AS {stage}") else None
            if found is not None:
                wanted = found
        if found is not None:
            found.setdefault(word, []).append(rest.strip())
    return wanted


def command(stage="smtp_prober"):
    """What an engine runs when it is told nothing."""
    stage = instructions(stage)
    return [*json.loads(stage["ENTRYPOINT"][0]), *json.loads(stage["CMD"][0])]


def fetch(path, host="127.0.0.1", port=10125):
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8")
    finally:
        connection.close()


def until(condition, what, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while True:
        try:
            outcome = condition()
        except OSError:
            outcome = None  # It does not listen yet.
        if outcome:
            return outcome
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.1)


class Files(unittest.TestCase):
    def test_programs_libraries_and_nothing_to_work_with(self):
        files = {path.name for path in _root.rglob("*")
                 if not path.is_dir()}
        self.assertEqual(files.intersection(TOOLS), set())
        programs = sorted(path.name for path in (_root / "usr/bin").iterdir())
        self.assertEqual(programs, ["mailsim", "smtp_prober"])
        for path in _root.rglob("*"):
            if not path.is_symlink():
                mode = path.stat().st_mode
                self.assertFalse(mode & 0o6022,
                                 f"{path} may be changed or is setuid")

    def test_each_library_has_its_licence_and_its_version(self):
        libraries = [path for path in (_root / "usr/lib").rglob("*.so*")]
        self.assertGreater(len(libraries), 10)
        for folder in ("usr/share/doc", "var/lib/dpkg/status.d"):
            self.assertTrue((_root / folder / "libssl3").exists(), folder)
        for record in (_root / "var/lib/dpkg/status.d").iterdir():
            text = record.read_text(encoding="utf-8")
            self.assertRegex(text, rf"(?m)^Package: {re.escape(record.name)}$")
            self.assertRegex(text, r"(?m)^Version: \d")
            licence = _root / "usr/share/doc" / record.name / "copyright"
            self.assertGreater(licence.stat().st_size, 100)

    def test_a_program_with_a_library_that_is_not_debians_is_refused(self):
        library = _scratch / "libours.so"
        binary = _scratch / "ours"
        subprocess.run(["gcc", "-shared", "-x", "c", "/dev/null", "-o", library],
                       check=True)
        subprocess.run(["gcc", "-x", "c", "-", "-x", "none", "-o", binary,
                        "-Wl,--no-as-needed", library], check=True,
                       input=b"int main() { return 0; }")
        done = subprocess.run([CONTAINER / "assemble-root", _scratch / "other",
                               binary], capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("libours.so", done.stderr)

    def test_the_version_is_the_programs(self):
        version = re.search(r"project\(smtp_prober VERSION (\S+)",
                            (SOURCES / "CMakeLists.txt").read_text())[1]
        self.assertIn(f"VERSION={version}", instructions("smtp_prober")["ARG"])
        services = Composition(COMPOSE).services
        for name in ("smtp-prober", "demo-servers"):
            self.assertTrue(services[name]["image"].endswith(f":{version}"))


class Daemon(unittest.TestCase):
    def setUp(self):
        # Where the image's port is free.
        host = self.enterContext(netns.Host())
        self.enterContext(host.inside())

    def test_without_a_configuration_it_serves_and_watches_nothing(self):
        with Contained(_root, command()) as daemon:
            daemon.run.wait_for_line(LISTENING)
            status = daemon.status()
            uid = str(contained.UID)
            self.assertEqual(status["Uid"].split(), [uid] * 4)
            self.assertEqual(status["Gid"].split(), [uid] * 4)
            self.assertEqual(int(status["CapEff"], 16), 0)
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertEqual(status["NSpid"].split()[-1], "1")
            code, text = fetch("/metrics")
            self.assertEqual(code, 200)
            page = Page(text)
            self.assertEqual(page.all("smtp_reachable"), {})
            # /proc is there and can be read.
            self.assertGreater(page.value("process_open_fds"), 0)
            self.assertEqual(fetch("/-/ready")[0], 200)
            self.assertEqual(daemon.stop(), 0)

    def test_another_configuration_by_sighup_and_the_end_by_sigterm(self):
        folder = _scratch / "config"
        folder.mkdir()
        (folder / "smtp.yml").write_text("targets: []\n")
        mounts = [f"{folder}:/etc/smtp_prober:ro"]
        with Contained(_root, command(), mounts) as daemon:
            daemon.run.wait_for_line(LISTENING)
            # As an editor does: a new file in the place of the old one.
            (folder / "new").write_text("targets: [127.0.0.1:25]\n")
            (folder / "new").rename(folder / "smtp.yml")
            daemon.send(signal.SIGHUP)
            until(lambda: "127.0.0.1:25" in fetch("/metrics")[1],
                  "the new target")
            self.assertEqual(daemon.stop(), 0)

    def test_it_trusts_the_roots_and_finds_names(self):
        # http_sd goes through libcurl and getaddrinfo, which is where a bare
        # root file system lacks something first.
        folder = _scratch / "http_sd"
        folder.mkdir()
        (folder / "smtp.yml").write_text(
            "http_sd: [{url: 'https://inventory.test:4/'}]\ntargets: []\n")
        (folder / "hosts").write_text("127.0.0.9 inventory.test\n")
        mounts = [f"{folder}:/etc/smtp_prober:ro",
                  f"{folder}/hosts:/etc/hosts:ro"]
        with Contained(_root, command(), mounts) as daemon:
            daemon.run.wait_for_line(LISTENING)
            # Found, and there is nobody: not "cannot resolve", nor a complaint
            # about certificates that are missing.
            daemon.run.wait_for_line(r"inventory\.test.*(refused|connect)")
            self.assertEqual(daemon.stop(), 0)

    def test_check_as_the_command(self):
        with Contained(_root, ["/usr/bin/smtp_prober", "check", "127.0.0.1:25"],
                       output=subprocess.PIPE) as once:
            said = once.run.process.stdout.read()
            once.run.process.stdout.close()
            self.assertEqual(once.run.finish(), 2, once.run.errors())
            self.assertIn("CRITICAL", said)


class Composed(unittest.TestCase):
    """compose.yaml played by hand: its mounts, its commands, its names; with
    Debian's Prometheus and Alertmanager, and without Grafana, which Debian has
    not."""

    INSTEAD = {"prometheus": "/usr/bin/prometheus",
               "alertmanager": "/usr/bin/prometheus-alertmanager"}
    NOBODY = 65534

    def setUp(self):
        for path in self.INSTEAD.values():
            if not os.access(path, os.X_OK):
                raise lacking(f"no {path}")
        host = self.enterContext(netns.Host())
        self.enterContext(host.inside())
        self.composition = Composition(COMPOSE)
        self.services = self.composition.services
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=_scratch))
        self.folder.chmod(0o755)
        self.volumes = self.folder / "volumes"
        self.volumes.mkdir()
        self.write_hosts()
        self.shorten_intervals()

    def write_hosts(self):
        """The engine's DNS: services, and aliases that they have on a network that
        both are on."""
        names = list(self.services)
        aliases = self.services["demo-servers"]["networks"]["mail"]["aliases"]
        self.assertIn("mail", self.services["smtp-prober"]["networks"])
        self.hosts = self.folder / "hosts"
        self.hosts.write_text("".join(
            f"127.0.0.1 {name}\n" for name in ["localhost", *names, *aliases]))

    def shorten_intervals(self):
        """prometheus.yml as it is, but for its patience."""
        copy = self.folder / "prometheus"
        shutil.copytree(CONTAINER / "prometheus", copy)
        file = copy / "prometheus.yml"
        text, count = re.subn("_interval: 15s", "_interval: 1s",
                              file.read_text(encoding="utf-8"))
        self.assertEqual(count, 2)
        file.write_text(text)

    def start(self, service, root, words, uid=contained.UID):
        declared = self.services[service]
        mounts = list(self.composition.mounts(service, self.volumes))
        mounts = [mount.replace(f"{CONTAINER}/prometheus:",
                                f"{self.folder}/prometheus:")
                  for mount in mounts]
        mounts.append(f"{self.hosts}:/etc/hosts:ro")
        return self.enterContext(Contained(
            root, words, mounts, uid, self.log(service),
            declared.get("environment")))

    def log(self, service):
        return self.enterContext(open(self.folder / f"{service}.log", "wb"))

    def start_debians(self, service):
        root = self.folder / f"{service}-root"
        root.mkdir()
        for name in ("bin", "lib", "lib64"):
            (root / name).symlink_to(f"usr/{name}")
        program = self.INSTEAD[service]
        declared = self.services[service]
        declared["volumes"].append({"type": "bind", "source": "/usr",
                                    "target": "/usr", "read_only": True})
        return self.start(service, root, [program, *declared["command"]],
                          self.NOBODY)

    def start_demo(self):
        """The simulator, with the servers that its image has."""
        dockerfile = (CONTAINER / "Dockerfile").read_text(encoding="utf-8")
        change = re.search(r"sed -E '([^']+)'", dockerfile)[1]
        (_root / "etc/mailsim").mkdir(exist_ok=True)
        with open(_root / "etc/mailsim/servers.yaml", "wb") as servers:
            subprocess.run(["sed", "-E", change,
                            SOURCES / "packaging/demo/servers.yaml"],
                           stdout=servers, check=True)
        self.start("demo-servers", _root, command("demo-servers"))
        until(lambda: b'"ready":true' in
              (self.folder / "demo-servers.log").read_bytes(), "the simulator")
        declared = self.services["demo-servers"]
        kind, *words = declared["healthcheck"]["test"]
        self.assertEqual(kind, "CMD")
        check = self.start("demo-servers", _root, words)
        self.assertEqual(check.run.finish(), 0, (
            self.folder / "demo-servers.log").read_text())

    def test_the_demo_from_the_servers_to_the_alert(self):
        self.start_demo()
        prober = self.start("smtp-prober", _root, command())
        self.start_debians("alertmanager")
        prometheus = self.start_debians("prometheus")

        prober.run.wait_for_line(LISTENING)
        page = until(self.all_probed, "a probe of each server")
        reachable = {dict(labels)["target"].split(".")[0]: value for
                     labels, value in page.all("smtp_reachable").items()}
        down = {"too-busy", "refused", "silent"}
        names = {name.split(".")[0] for name in self.services["demo-servers"][
            "networks"]["mail"]["aliases"]}
        self.assertEqual(reachable, {name: 0 if name in down else 1
                                     for name in names})
        self.assertEqual(page.value("smtp_tls_certificate_trusted",
                                    target="healthy.mail.test:2501"), 1)

        until(lambda: self.query('up{job="smtp-prober"} == 1'), "a scrape")
        until(lambda: len(self.query("up == 1")) == 3, "all scrapes")
        code, text = fetch("/api/v1/rules", port=9090)
        self.assertEqual(code, 200)
        self.assertIn('"SMTPHostUnreachable"', text)
        # Alerts wait before they fire; that is not what is tested here.
        until(lambda: self.query('ALERTS{alertname=~"SMTP.+"}'), "an alert")
        until(lambda: "http://alertmanager:9093" in
              fetch("/api/v1/alertmanagers", port=9090)[1], "Alertmanager")
        self.assertEqual(fetch("/-/ready", port=9093)[0], 200)
        self.assertEqual(prober.stop(), 0)
        self.assertEqual(prometheus.stop(), 0)

    def all_probed(self):
        page = Page(fetch("/metrics")[1])
        probes = page.all("smtp_probes_total").values()
        return page if len(probes) == 10 and min(probes) > 0 else None

    def query(self, expression):
        code, text = fetch("/api/v1/query?query=" + urllib.parse.quote(
            expression), port=9090)
        return json.loads(text)["data"]["result"] if code == 200 else []

    def test_grafana_finds_the_data_source_and_the_dashboards(self):
        grafana = self.services["grafana"]
        targets = {mount["target"]: (CONTAINER / mount["source"]).resolve()
                   for mount in grafana["volumes"] if mount["type"] == "bind"}
        provisioning = targets["/etc/grafana/provisioning"]
        source = yaml.safe_load((provisioning / "datasources/prometheus.yml")
                                .read_text())["datasources"][0]
        self.assertEqual(source["url"], "http://prometheus:9090")
        provider = yaml.safe_load((provisioning / "dashboards/smtp-prober.yml")
                                  .read_text())["providers"][0]
        dashboards = targets[provider["options"]["path"]]
        home = grafana["environment"][
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertTrue((dashboards / pathlib.Path(home).name).is_file())
        # It takes every file there for a dashboard.
        for file in dashboards.rglob("*.json"):
            self.assertIn("uid", json.loads(file.read_text()), file)

    def test_all_services_are_confined(self):
        for name, declared in self.services.items():
            with self.subTest(name):
                self.assertTrue(declared["read_only"])
                self.assertEqual(declared["cap_drop"], ["ALL"])
                self.assertEqual(declared["security_opt"],
                                 ["no-new-privileges:true"])
                for port in declared.get("ports", []):
                    self.assertTrue(port.startswith("127.0.0.1:"), port)
                self.assertRegex(declared["image"], r":v?\d+\.\d+\.\d+$")


class Syntax(unittest.TestCase):
    """What others' linters say; dclint has the Compose specification's schema."""

    LINT = pathlib.Path(__file__).resolve().parent / "container_lint"

    @classmethod
    def setUpClass(cls):
        cls.modules = node_modules.installed(cls.LINT, "container_lint")

    def judge(self, tool, *arguments):
        """(exit code, words) of a linter."""
        done = subprocess.run(
            [self.modules / "node_modules/.bin" / tool, *arguments], text=True,
            stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def judge_compose(self, file):
        # Errors only: its warnings are about the order of keys. The images that
        # we build get their names by what it forbids.
        return self.judge("dclint", file, "--quiet", "--disable-rule",
                          "no-build-and-image")

    def test_compose_file(self):
        self.assertEqual(self.judge_compose(COMPOSE)[0], 0,
                         self.judge_compose(COMPOSE)[1])

    def test_dockerfile(self):
        code, words = self.judge("dockerfile-utils", "lint",
                                 CONTAINER / "Dockerfile")
        self.assertEqual((code, words.strip()), (0, ""))

    def test_mistakes_are_found(self):
        file = _scratch / "compose.yaml"
        file.write_text(COMPOSE.read_text().replace("cap_drop:", "cap_dropp:"))
        code, words = self.judge_compose(file)
        self.assertNotEqual(code, 0)
        self.assertIn("invalid-schema", words)


if __name__ == "__main__":
    unittest.main()
