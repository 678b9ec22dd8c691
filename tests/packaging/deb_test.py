#!/usr/bin/env python3
"""The Debian package: built, judged by lintian, and taken through its life in a
small Debian that runs systemd, with a Postfix to watch."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from booted_systemd import BootedSystemd
from debian_root import debian_root
from harness import Page, lacking, run
from jailed_server import SUDO

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
NAME = "prometheus-smtp-prober"
SERVICE, SOCKET = f"{NAME}.service", f"{NAME}.socket"
CONFIG = "/etc/prometheus/smtp.yml"
DEFAULTS = f"/etc/default/{NAME}"


class Built:
    """What packaging/deb/build made, once for all tests."""

    folder = None
    changes = None
    package = None
    version = None


def setUpModule():
    for tool in ("dpkg-buildpackage", "dh", "lintian"):
        if shutil.which(tool) is None:
            raise lacking(f"no {tool}")
    scratch = tempfile.TemporaryDirectory(prefix="deb-test-")
    unittest.addModuleCleanup(scratch.cleanup)
    Built.folder = pathlib.Path(scratch.name)
    run(REPOSITORY / "packaging/deb/build", Built.folder)
    Built.changes, = Built.folder.glob("*.changes")
    Built.package, = Built.folder.glob(f"{NAME}_*.deb")
    Built.version = run("dpkg-deb", "--field", Built.package,
                        "Version").strip()


def higher(version, change=lambda root: None):
    """The package again as another version, without compiling it again."""
    with tempfile.TemporaryDirectory(dir=Built.folder) as scratch:
        root = pathlib.Path(scratch)
        run("dpkg-deb", "--raw-extract", Built.package, root)
        control = root / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}",
                                  control.read_text(encoding="utf-8")),
                           encoding="utf-8")
        change(root)
        package = Built.folder / f"{NAME}_{version}_repacked.deb"
        run("dpkg-deb", "--root-owner-group", "--build", root, package)
    return package


class BuildTools(unittest.TestCase):
    """debian/control and packaging/install-packages name the same packages."""

    # In a set for other reasons: what Debian takes for granted, what our own
    # tests and the checkout need.
    NOT_NEEDED = {"g++", "dpkg-dev", "fakeroot", "catch2", "git",
                  "ca-certificates"}

    def test_they_agree(self):
        control = (REPOSITORY / "packaging/deb/debian/control").read_text(
            encoding="utf-8")
        field = re.search(r"^Build-Depends:((?:\n .*)+)", control,
                          re.MULTILINE)[1]
        depends = {line.split()[0].rstrip(",")
                   for line in field.strip().splitlines()}
        depends = {name.replace("debhelper-compat", "debhelper")
                   for name in depends}
        text = (REPOSITORY / "packaging/install-packages").read_text(
            encoding="utf-8")
        installed = set()
        for which in ("build", "package"):
            packages = re.search(rf'\[{which}\]="([^"]*)"', text)[1]
            installed |= set(packages.split())
        self.assertEqual(installed - self.NOT_NEEDED, depends)


class Package(unittest.TestCase):

    def field(self, name):
        return run("dpkg-deb", "--field", Built.package, name).strip()

    def test_lintian_finds_nothing(self):
        report = run("lintian", "--fail-on", "error,warning", "--info",
                     "--allow-root", Built.changes)
        self.assertEqual("", report)

    def test_version_is_that_of_the_program(self):
        project = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
        self.assertEqual(
            re.search(r"project\(smtp_prober VERSION ([\d.]+)", project)[1],
            self.field("Version"))

    def test_depends_are_those_of_the_program(self):
        names = {entry.split()[0] for entry in
                 self.field("Depends").split(", ")}
        for wanted in ("adduser", "ca-certificates", "libc6", "libssl3",
                       "libuv1", "libprometheus-cpp-core1.0"):
            self.assertIn(wanted, names)

    def test_everything_in_etc_is_a_conffile(self):
        listing = run("dpkg-deb", "--contents", Built.package)
        in_etc = set(re.findall(r"^-\S+ .* \.(/etc/\S+)$", listing,
                                re.MULTILINE))
        self.assertEqual({CONFIG, DEFAULTS}, in_etc)
        conffiles = run("dpkg-deb", "--info", Built.package, "conffiles")
        self.assertEqual(in_etc, set(conffiles.split()))
        # Nobody may read it before its group is known.
        self.assertRegex(listing, rf"(?m)^-rw-r----- root/root .* \.{CONFIG}$")

    def test_debug_symbols_fit(self):
        symbols, = Built.folder.glob(f"{NAME}-dbgsym_*.deb")
        with tempfile.TemporaryDirectory() as folder:
            run("dpkg-deb", "--extract", Built.package, folder)
            notes = run("readelf", "--notes",
                        pathlib.Path(folder) / "usr/bin/smtp_prober")
        build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)[1]
        self.assertIn(f"/.build-id/{build_id[:2]}/{build_id[2:]}.debug",
                      run("dpkg-deb", "--contents", symbols))


class Life(unittest.TestCase):
    """From the first installation to the purge."""

    def setUp(self):
        root = debian_root(Built.package, also=["postfix"])
        self.machine = self.enterContext(BootedSystemd(root))

    def apt(self, *arguments, options=()):
        """Without a terminal: who asks a question fails. And without a network,
        so all that it takes is in the cache."""
        self.machine.run(
            "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "apt-get",
            "-q", "-y", "--no-install-recommends", *options, *arguments)

    def install(self, package, options=()):
        with open(package, "rb") as file:
            subprocess.run(
                self.machine.command("cp", "/dev/stdin", "/tmp/new.deb"),
                stdin=file, check=True)
        self.apt("install", "/tmp/new.deb", options=options)

    def status(self):
        return self.machine.run(
            "dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}",
            NAME, check=False).stdout

    def mode(self, path):
        return self.machine.run("stat", "-c", "%U:%G %a", path).stdout.strip()

    def read(self, path):
        return self.machine.run("cat", path).stdout

    def exists(self, path):
        return self.machine.run("test", "-e", path, check=False).returncode == 0

    def enabled(self, unit):
        return self.machine.systemctl("is-enabled", unit,
                                      check=False).stdout.strip()

    def page(self):
        """By a program of this machine, in the other one's network."""
        return Page(run(
            *SUDO, "nsenter", f"--target={self.machine.init}", "--net",
            "curl", "-sS", "--fail", "http://127.0.0.1:10125/metrics"))

    def active(self):
        return self.machine.is_active(SERVICE)

    def until_watched(self, target):
        def watched():
            page = self.page()
            found = page.all("smtp_probes_total", target=target).values()
            return page if found and min(found) >= 1 else None
        return self.machine.until(watched, f"a probe of {target}")

    def test_life(self):
        self.first_installation()
        self.use_with_a_real_mail_server()
        self.upgrades()
        self.removal_and_return()
        self.purge()
        self.installation_where_the_administrator_has_decided()

    def first_installation(self):
        self.install(Built.package)
        self.assertEqual(f"installed {Built.version}", self.status())
        self.machine.run("dpkg", "--verify", NAME)
        user = self.machine.run("getent", "passwd", "prometheus").stdout
        self.assertRegex(user, r":Prometheus daemon[^:]*:"
                         r"/var/lib/prometheus:/usr/sbin/nologin$")
        self.assertFalse(self.exists("/var/lib/prometheus"))
        self.assertEqual("root:prometheus 640", self.mode(CONFIG))
        self.assertEqual("root:root 644", self.mode(DEFAULTS))
        self.assertEqual("root:root 755", self.mode("/usr/bin/smtp_prober"))
        for name in ("man/man1/smtp_prober.1.gz",
                     f"doc/{NAME}/examples/config.example.yaml",
                     f"doc/{NAME}/copyright"):
            self.assertEqual("root:root 644",
                             self.mode(f"/usr/share/{name}"))
        # It runs, as that user, although there is nothing to watch yet.
        self.assertTrue(self.active(), self.machine.journal(SERVICE))
        self.assertEqual("enabled", self.enabled(SERVICE))
        self.assertEqual("disabled", self.enabled(SOCKET))
        pid = self.machine.show(SERVICE, "MainPID")
        self.assertEqual("prometheus prometheus\n", self.machine.run(
            "stat", "-c", "%U %G", f"/proc/{pid}").stdout)
        page = self.page()
        self.assertEqual(1, page.value("smtp_prober_build_info",
                                       version=Built.version))
        self.assertEqual(0, page.value("smtp_prober_targets"))

    def use_with_a_real_mail_server(self):
        self.apt("install", "postfix")
        self.machine.until(
            lambda: self.machine.run(
                "smtp_prober", "check", "127.0.0.1", check=False
            ).returncode in (0, 1), "Postfix")
        done = self.machine.run("smtp_prober", "check", "127.0.0.1",
                                "--expect.starttls=true", "-o", "json",
                                check=False)
        target, = json.loads(done.stdout)["targets"]
        self.assertIn(done.returncode, (0, 1), done.stdout)
        self.assertIn("PIPELINING", done.stdout)
        self.assertIn(target["level"], ("ok", "warning"))
        # As the comments of the file tell.
        config = self.read(CONFIG).replace(
            "targets: []", "interval: 1s\ntargets: [127.0.0.1]")
        self.machine.run("tee", CONFIG, stdin=config)
        self.config = config
        self.machine.systemctl("reload", SERVICE)
        page = self.until_watched("127.0.0.1:25")
        self.assertEqual(
            1, page.value("smtp_starttls_success", target="127.0.0.1:25"))
        self.assertEqual(
            1, page.value("smtp_probe_success", target="127.0.0.1:25"))

    def upgrades(self):
        self.machine.systemctl("enable", SOCKET)
        before = self.machine.show(SERVICE, "MainPID")
        # No question is asked: the file is new by our hand only.
        self.install(higher(f"{Built.version}+1"))
        self.assertEqual(f"installed {Built.version}+1", self.status())
        self.assertTrue(self.active())
        self.assertNotEqual(before, self.machine.show(SERVICE, "MainPID"))
        self.assertEqual(self.config, self.read(CONFIG))
        self.assertEqual("root:prometheus 640", self.mode(CONFIG))
        self.assertEqual("enabled", self.enabled(SOCKET))
        self.until_watched("127.0.0.1:25")

        # New by the package's hand, too: ours stays as dpkg is told, with the
        # mode that we gave it.
        def change(root):
            file = root / CONFIG.lstrip("/")
            file.write_text("interval: 30s\ntargets: []\n", encoding="utf-8")
        self.machine.run("chmod", "644", CONFIG)
        self.machine.systemctl("disable", SERVICE)
        self.latest = higher(f"{Built.version}+2", change)
        self.install(self.latest,
                     options=["-o", "Dpkg::Options::=--force-confold"])
        self.assertEqual(self.config, self.read(CONFIG))
        self.assertEqual("root:prometheus 644", self.mode(CONFIG))
        self.assertTrue(self.exists(f"{CONFIG}.dpkg-dist"))
        self.assertEqual("disabled", self.enabled(SERVICE))
        self.machine.systemctl("enable", SERVICE)

    def removal_and_return(self):
        # By the socket, which must not start anew what is being removed.
        defaults = self.read(DEFAULTS)
        self.machine.systemctl("stop", SERVICE)
        self.machine.run("tee", "-a", DEFAULTS,
                         stdin=f'ARGS="--config.file={CONFIG} '
                               '--web.systemd-socket"\n')
        self.machine.systemctl("start", SOCKET)
        self.assertEqual(1, self.page().value("smtp_prober_build_info"))
        self.apt("remove", NAME)
        self.assertFalse(self.machine.is_active(SOCKET))
        self.machine.run("tee", DEFAULTS, stdin=defaults)
        self.assertEqual(f"config-files {Built.version}+2", self.status())
        self.assertFalse(self.exists("/usr/bin/smtp_prober"))
        self.assertFalse(self.active())
        self.assertEqual("not-found",
                         self.machine.show(SERVICE, "LoadState"))
        self.assertEqual(self.config, self.read(CONFIG))
        self.install(self.latest)
        self.assertEqual(f"installed {Built.version}+2", self.status())
        self.assertEqual(self.config, self.read(CONFIG))
        self.assertEqual("enabled", self.enabled(SERVICE))
        self.assertTrue(self.active())
        self.until_watched("127.0.0.1:25")

    def purge(self):
        self.apt("purge", NAME)
        self.assertNotIn("installed", self.status())
        self.assertFalse(self.active())
        left = self.machine.run(
            "find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path",
            "/var/log", "-o", "-path", "/var/cache/apt", ")", "-prune", "-o",
            "(", "-name", "*smtp[-_]prober*", "-o", "-path",
            "/etc/prometheus*", ")", "-print").stdout
        self.assertEqual("", left)
        # As Debian has it: files may be left that are the user's.
        self.machine.run("getent", "passwd", "prometheus")

    def installation_where_the_administrator_has_decided(self):
        self.machine.run("dpkg-statoverride", "--add", "root", "root", "600",
                         CONFIG)
        self.install(Built.package)
        self.assertEqual(f"installed {Built.version}", self.status())
        self.assertEqual("root:root 600", self.mode(CONFIG))


if __name__ == "__main__":
    unittest.main()
