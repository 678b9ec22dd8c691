#!/usr/bin/env python3
"""The RPM package: what the spec file makes of what is installed. Fedora's macros
are played, and nothing is compiled: see fedora.macros."""

import os
import pathlib
import re
import shutil
import tempfile
import unittest

from harness import lacking, program, run

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SPEC = REPOSITORY / "packaging/rpm/prometheus-smtp-prober.spec"
MACROS = pathlib.Path(__file__).with_name("fedora.macros")
NAME = "prometheus-smtp-prober"


class Rpm(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        if shutil.which("rpmbuild") is None:
            raise lacking("no rpmbuild")
        scratch = tempfile.TemporaryDirectory(prefix="rpm-test-")
        cls.addClassCleanup(scratch.cleanup)
        build = pathlib.Path(program("SMTP_PROBER")).parent
        run(REPOSITORY / "packaging/rpm/build", scratch.name, "--nodeps",
            f"--load={MACROS}", "--define", "debug_package %{nil}",
            # The units of the build that is there go where its machine has them.
            "--define", "_unitdir " + run(
                "pkg-config", "--variable=systemdsystemunitdir", "systemd"
            ).strip(),
            env=os.environ | {"SMTP_PROBER_BUILD": str(build)})
        cls.package, = pathlib.Path(scratch.name).glob("*.rpm")

    def query(self, what):
        return run("rpm", "-qp", "--queryformat", what, self.package)

    def test_version_is_that_of_the_program(self):
        project = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
        self.assertEqual(
            re.search(r"project\(smtp_prober VERSION ([\d.]+)", project)[1],
            self.query("%{VERSION}"))

    def test_files(self):
        files = {}
        for line in self.query(
                "[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME}:"
                "%{FILEGROUPNAME} %{FILEFLAGS:fflags}.\n]").splitlines():
            name, *attributes = line.split()
            files[name] = attributes
        self.assertEqual(["100640", "root:prometheus", "cn."],
                         files["/etc/prometheus/smtp.yml"])
        self.assertEqual(["100644", "root:root", "cn."],
                         files[f"/etc/default/{NAME}"])
        self.assertEqual(["100755", "root:root", "."],
                         files["/usr/bin/smtp_prober"])
        for name in ("/usr/lib/sysusers.d/prometheus-smtp-prober.conf",
                     f"/usr/share/doc/{NAME}/examples/config.example.yaml"):
            self.assertEqual(["100644", "root:root"], files[name][:2])
        self.assertTrue(
            any(name.endswith(f"/system/{NAME}.service") for name in files))
        # Compressed where rpm's scripts run as they should.
        self.assertTrue(any("/man1/smtp_prober.1" in name for name in files))
        self.assertEqual(
            ["l."], [attributes[2] for name, attributes in files.items()
                     if name.endswith("/LICENSE")])
        self.assertFalse(any(name.startswith(f"/usr/share/doc/{NAME}/"
                                             "examples/etc")
                             for name in files))

    def test_scripts(self):
        scripts = run("rpm", "-qp", "--scripts", self.package)
        for line in ("systemd-sysusers prometheus-smtp-prober.sysusers",
                     f"systemctl --no-reload preset {NAME}.service",
                     f"systemctl --no-reload disable --now {NAME}.service "
                     f"{NAME}.socket",
                     f"systemctl try-restart {NAME}.service"):
            self.assertIn(line, scripts)
        self.assertNotIn("%", scripts)

    def test_requires_the_libraries(self):
        requires = run("rpm", "-qp", "--requires", self.package)
        for library in ("libssl.so.3", "libuv.so.1", "ca-certificates"):
            self.assertIn(library, requires)


if __name__ == "__main__":
    unittest.main()
