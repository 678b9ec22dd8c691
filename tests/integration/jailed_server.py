"""A real mail server on loopback, in the foreground, in a root directory of
its own (see jail) and on an address of its own, so that it never meets the
machine's."""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time

import fetch_servers
from harness import lacking

HERE = pathlib.Path(__file__).resolve().parent
PORT = 2525
TLS_PORT = 4650
START_SECONDS = 30  # A cold start on a busy machine under test.
LOG_SECONDS = 10
CANNOT = 75  # jail's exit code.
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]


def own_address():
    """A loopback address that nothing else here uses."""
    while True:
        address = "127.{}.{}.{}".format(
            random.randint(64, 250), random.randint(1, 254),
            random.randint(1, 254))
        # Listeners on 0.0.0.0 have every address.
        if not any(accepts(address, port) for port in (PORT, TLS_PORT)):
            return address


def accepts(address, port):
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def add_user(name, uid, *groups):
    """Shell lines that add a user to the jail, unless the machine has it."""
    lines = [
        f"getent group {name} >/dev/null || "
        f"echo '{name}:x:{uid}:' >>/etc/group",
        f"getent passwd {name} >/dev/null || "
        f"echo '{name}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin' "
        ">>/etc/passwd",
    ]
    for offset, group in enumerate(groups, 1):
        lines.append(f"getent group {group} >/dev/null || "
                     f"echo '{group}:x:{uid + offset}:' >>/etc/group")
    return "\n".join(lines) + "\n"


class JailedServer:
    """A server in a jail. Subclasses say what to run.

    `with Postfix({...}) as server:` starts it and waits until it accepts
    connections on `server.address`, port `server.port`. One that is given
    identities, pairs (certificate file, key file), knows STARTTLS there and
    speaks TLS from the first byte on `server.tls_port`. `client_roots`: the
    file with the CAs of clients' certificates, /mnt/clients.pem in the jail.
    """

    package = ""  # A key of fetch_servers.PACKAGES.
    # Where it logs, under /mnt in the jail; by default what it prints.
    log_file = "output.log"

    def __init__(self, identities=(), client_roots=None):
        self.address = own_address()
        self.port = PORT
        self.tls_port = TLS_PORT if identities else None
        self._identities = list(identities)
        self._client_roots = client_roots
        self._directory = None
        self._process = None

    @property
    def target(self):
        return f"{self.address}:{self.port}"

    @property
    def directory(self):
        """Seen as /mnt in the jail."""
        return pathlib.Path(self._directory.name)

    def setup(self):
        """Shell script to run inside the jail before the server."""
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def write(self, name, text):
        (self.directory / name).write_text(text, encoding="utf-8")

    def copy_identities(self):
        """Copies them; returns their names in the jail, pairs as well."""
        names = []
        if self._client_roots:
            shutil.copy(self._client_roots, self.directory / "clients.pem")
        for index, (certificate, key) in enumerate(self._identities):
            shutil.copy(certificate, self.directory / f"{index}.crt")
            shutil.copy(key, self.directory / f"{index}.key")
            names.append((f"/mnt/{index}.crt", f"/mnt/{index}.key"))
        return names

    def guard_keys(self, owner="root"):
        """Shell lines: some servers look who else may read their keys."""
        if not self._identities:
            return ""
        return f"chown {owner} /mnt/*.key && chmod 600 /mnt/*.key\n"

    def log(self):
        return self._read(self.log_file)

    def log_until(self, condition):
        """The log once `condition` holds for it, or else as it is after some
        seconds: a server may write the last line after its last reply."""
        deadline = time.monotonic() + LOG_SECONDS
        while not condition(log := self.log()):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return log

    def output(self):
        return self._read("output.log")

    def _read(self, name):
        """"" while it is not there. Under sudo it may be root's alone."""
        done = subprocess.run([*SUDO, "cat", self.directory / name],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False)
        return done.stdout.decode("utf-8", errors="replace")

    def __enter__(self):
        if SUDO and shutil.which("sudo") is None:
            raise lacking("a mail server needs root or sudo")
        try:
            packages = fetch_servers.fetch(self.package)
        except (fetch_servers.Unavailable, OSError) as error:
            raise lacking(f"no {self.package}: {error}") from error
        self._directory = tempfile.TemporaryDirectory(prefix="smtp-server-")
        os.chmod(self.directory, 0o755)
        setup = self.setup()
        with open(self.directory / "output.log", "wb") as output:
            self._process = subprocess.Popen(
                [*SUDO, "unshare", "--mount", "--pid", "--fork",
                 "--kill-child", "--propagation", "private", HERE / "jail",
                 self.directory, setup, *packages, "--", *self.command()],
                stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT)
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise
        return self

    def run_inside(self, *command):
        """Runs a program in the jail beside the server; what it prints."""
        # Process 1 inside. Between it and our child may be sudo.
        inside = self._process.pid
        while not self._is_jail(inside):
            children = pathlib.Path(f"/proc/{inside}/task/{inside}/children")
            inside = int(children.read_text(encoding="ascii").split()[0])
        done = subprocess.run(
            [*SUDO, "nsenter", f"--target={inside}", "--mount", "--pid",
             "chroot", self.directory / "jail" / "root", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, \
            f"{command}: {done.stdout}\n{self.log()}"
        return done.stdout

    @staticmethod
    def _is_jail(pid):
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        return str(HERE / "jail").encode() in command.split(b"\0")[:2]

    def _wait_until_it_listens(self):
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            code = self._process.poll()
            if code == CANNOT or (code is not None and os.geteuid() != 0):
                raise lacking(
                    f"no root directory of its own: {self.output()}")
            if code is not None or time.monotonic() > deadline:
                raise AssertionError(
                    f"{type(self).__name__} did not start (exit code {code}):"
                    f"\n{self.output()}\n{self.log()}")
            time.sleep(0.02)

    def _listens(self):
        """Looks without connecting: some servers count connections."""
        quad = bytes(map(int, self.address.split(".")))[::-1].hex().upper()
        wanted = {f"{quad}:{port:04X}"
                  for port in (self.port, self.tls_port) if port is not None}
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in list(table)[1:]]
        return wanted <= {row[1] for row in rows if row[3] == "0A"}

    def stop(self):
        if self._process is not None:
            self._process.stdin.close()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._directory is not None:
            if SUDO:  # Some of it is the server's.
                subprocess.run([*SUDO, "chown", "-R", str(os.geteuid()),
                                self.directory], check=False)
            self._directory.cleanup()
            self._directory = None

    def __exit__(self, *unused):
        self.stop()
