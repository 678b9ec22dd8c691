#!/usr/bin/env python3
"""`cmake --install`: every file in its place, the units with the path of the
program; and a man page that knows every option."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import lacking, program, run

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MAN_PAGE = REPOSITORY / "packaging/man/smtp_prober.1"
UNITS = ["prometheus-smtp-prober.service", "prometheus-smtp-prober.socket"]
EXAMPLES = "share/doc/prometheus-smtp-prober/examples"
DATA = "share/prometheus-smtp-prober"


class Install(unittest.TestCase):
    """Of the build that is tested."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="install-")
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        self.build = pathlib.Path(program("SMTP_PROBER")).parent

    def install(self, prefix):
        """Where the prefix is, below DESTDIR."""
        run("cmake", "--install", self.build, "--prefix", prefix, umask=0o022,
            env=os.environ | {"DESTDIR": str(self.root)})
        return self.root / prefix.lstrip("/")

    def test_everything_below_the_prefix(self):
        prefix = self.install("/opt/prober")
        self.assertEqual([self.root / "opt"], list(self.root.iterdir()))
        self.assertEqual([prefix], list((self.root / "opt").iterdir()))
        installed = {str(path.relative_to(prefix))
                     for path in prefix.rglob("*") if path.is_file()}
        expected = {
            "bin/smtp_prober", "share/man/man1/smtp_prober.1",
            *(f"lib/systemd/system/{unit}" for unit in UNITS),
            *(f"share/doc/prometheus-smtp-prober/{name}"
              for name in ("README.md", "CHANGELOG.md", "LICENSE")),
            f"{EXAMPLES}/config.example.yaml",
            f"{EXAMPLES}/etc/prometheus/smtp.yml",
            f"{EXAMPLES}/etc/default/prometheus-smtp-prober",
        }
        packaging = REPOSITORY / "packaging"
        for pattern, where in (
                ("prometheus/*.example.yml", EXAMPLES),
                ("alertmanager/*.example.yml", EXAMPLES),
                ("grafana/provisioning/*/*.yml", EXAMPLES),
                ("prometheus/*.rules.yml", DATA),
                ("grafana/smtp-prober-*.json", DATA)):
            expected |= {f"{where}/{source.relative_to(packaging)}"
                         for source in packaging.glob(pattern)}
        self.assertEqual(expected, installed)
        for path in prefix.rglob("*"):
            executable = path.is_dir() or path.name == "smtp_prober"
            self.assertEqual(0o755 if executable else 0o644,
                             path.stat().st_mode & 0o7777, path)
        run(prefix / "bin/smtp_prober", "--version")

    def test_units_name_the_program_where_it_is(self):
        for prefix in ("/opt/prober", "/usr/local"):
            with self.subTest(prefix=prefix):
                folder = self.install(prefix) / "lib/systemd/system"
                unit = (folder / UNITS[0]).read_text(encoding="utf-8")
                commands = re.findall(r"^Exec\w+=(\S*smtp_prober) ", unit,
                                      re.MULTILINE)
                self.assertGreaterEqual(len(commands), 2)
                self.assertEqual({f"{prefix}/bin/smtp_prober"}, set(commands))

    def test_below_usr_the_units_go_where_systemd_says(self):
        done = subprocess.run(
            ["pkg-config", "--variable=systemdsystemunitdir", "systemd"],
            capture_output=True, text=True, check=False)
        folder = done.stdout.strip() or "/usr/lib/systemd/system"
        self.install("/usr")
        for unit in UNITS:
            installed = self.root / folder.lstrip("/") / unit
            self.assertEqual((REPOSITORY / "systemd" / unit).read_bytes(),
                             installed.read_bytes())


def options(text):
    """The options that a help text or a formatted page has entries for."""
    found = set()
    for line in text.splitlines():
        # Explanations stand further in.
        if re.match(r" {2,5}-", line):
            names, *_ = re.split(r" {2,}", line.strip())
            found |= set(re.findall(r"(?:^|, ?)(--?[\w.-]+)", names))
    return found


class ManPage(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        if shutil.which("mandoc") is None:
            raise lacking("no mandoc")
        cls.text = run("mandoc", "-T", "utf8", "-O", "width=200", MAN_PAGE)
        # Bold and underlined by overstriking.
        cls.text = re.sub(".\b", "", cls.text)

    def section(self, begin, end):
        return self.text.split(f"\n{begin}\n")[1].split(f"\n{end}\n")[0]

    def test_options_are_those_of_the_program(self):
        prober = program("SMTP_PROBER")
        for arguments, begin, end in (
                (["--help"], "OPTIONS", "   Options of check"),
                (["check", "--help"], "   Options of check", "SIGNALS")):
            with self.subTest(arguments=arguments):
                wanted = options(run(prober, *arguments))
                self.assertGreater(len(wanted), 15)
                self.assertEqual(wanted, options(self.section(begin, end)))

    def test_defaults_are_those_of_the_program(self):
        text = re.sub(r"\s+", " ", self.section("OPTIONS",
                                                "   Options of check"))
        defaults = re.findall(
            r"^\s+(--[\w.-]+) [A-Z].*?=\[?([^\s\]]+)",
            run(program("SMTP_PROBER"), "--help"), re.MULTILINE)
        self.assertGreater(len(defaults), 8)
        for name, default in defaults:
            if name.startswith("--shard."):
                continue  # Told by what they are for.
            with self.subTest(name=name):
                entry = text.split(f" {name}=")[1].split(" --")[0]
                self.assertRegex(
                    entry, rf"Default: {re.escape(default)}\b|"
                    rf"\b{re.escape(default)}, the default")

    def test_the_page_is_clean(self):
        complaints = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "style", MAN_PAGE],
            capture_output=True, text=True, check=False).stdout
        # Whether other programs' pages are installed.
        lines = [line for line in complaints.splitlines()
                 if "referenced manual not found" not in line]
        self.assertEqual([], lines)
        done = subprocess.run(
            ["groff", "-ww", "-mandoc", "-T", "utf8", MAN_PAGE],
            capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))


if __name__ == "__main__":
    unittest.main()
