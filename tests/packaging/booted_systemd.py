"""A real systemd as process 1 of a copy of this machine (see boot), to install
and run units in. What is done there is gone at the end.

    with BootedSystemd() as machine:
        machine.copy("build/release/smtp_prober", "/usr/bin/smtp_prober")
        machine.write("/etc/default/prometheus-smtp-prober", "ARGS=...")
        machine.systemctl("start", "prometheus-smtp-prober.service")
        machine.run("curl", "-sS", "http://127.0.0.1:10125/metrics").stdout

Its network is loopback alone, its files are those of the machine, or of `root`,
until they are changed; /run, /tmp and /dev are empty.
"""

import pathlib
import subprocess
import tempfile
import time

from harness import PATIENCE, POLL_SECONDS, lacking
from jailed_server import CANNOT, SUDO

_HERE = pathlib.Path(__file__).resolve().parent


class BootedSystemd:
    def __init__(self, root="/"):
        self._root = root
        self._directory = None
        self._boot = None
        self._errors = None
        self.init = None  # The process id of systemd, seen from outside.

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="booted-")
        self._errors = tempfile.TemporaryFile("w+")
        self._boot = subprocess.Popen(
            [*SUDO, _HERE / "boot", self._directory.name, self._root],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._errors, text=True)
        try:
            self.init = self._boot.stdout.readline().strip()
            self.until(lambda: self.is_active("tested.target"), "the boot")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *unused):
        self._stop()

    def _stop(self):
        self._boot.stdin.close()
        self._boot.wait(PATIENCE)
        self._boot.stdout.close()
        self._errors.close()
        self._directory.cleanup()

    def _look_whether_it_runs(self):
        code = self._boot.poll()
        if code is None:
            return
        self._errors.seek(0)
        errors = self._errors.read()
        if code == CANNOT or SUDO:
            raise lacking(f"no systemd can be booted: {errors}")
        raise AssertionError(f"the booted systemd ended: {code}\n{errors}")

    def command(self, *command):
        """What runs `command` inside."""
        return [*SUDO, "nsenter", f"--target={self.init}", "--mount", "--pid",
                "--net", "--uts", "--ipc", "--cgroup", "--root", "--wd",
                *map(str, command)]

    def run(self, *command, check=True, stdin=""):
        """Runs a command inside, as root."""
        done = subprocess.run(self.command(*command), input=stdin, text=True,
                              errors="replace", capture_output=True,
                              timeout=300, check=False)
        assert not check or done.returncode == 0, \
            f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def systemctl(self, *arguments, check=True):
        return self.run("systemctl", *arguments, check=check)

    def is_active(self, unit):
        return self.systemctl("is-active", unit, check=False).returncode == 0

    def show(self, unit, name):
        """One property of a unit."""
        done = self.systemctl("show", "--value", "--property", name, unit)
        return done.stdout.strip()

    def journal(self, unit):
        """What the unit and systemd said of it, without times."""
        return self.run("journalctl", "--no-pager", "--output=cat",
                        f"--unit={unit}").stdout

    def write(self, path, text, mode="644"):
        """A file inside, in a folder that is made if need be."""
        self.run("install", "-D", f"--mode={mode}", "/dev/stdin", path,
                 stdin=text)

    def copy(self, source, path, mode="755"):
        """The same with a file of this machine."""
        with open(source, "rb") as file:
            subprocess.run(
                self.command("install", "-D", f"--mode={mode}", "/dev/stdin",
                             path),
                stdin=file, check=True)

    def until(self, condition, what, seconds=PATIENCE):
        """What `condition` returned once it was true."""
        deadline = time.monotonic() + seconds
        while True:
            self._look_whether_it_runs()
            outcome = condition()
            if outcome:
                return outcome
            assert time.monotonic() < deadline, f"never came: {what}"
            time.sleep(POLL_SECONDS)
