"""Programs as a container engine runs them, without one (see contain), and a
compose file played that way."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import yaml

from harness import PATIENCE, Process, lacking

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parents[1]
CONTAINER = SOURCES / "packaging/container"
# That of the image.
UID = 65532
_CANNOT = 75


def require():
    """Raises when this machine cannot do it."""
    if os.geteuid() != 0:
        raise lacking("only root may be somebody else")
    for name in ("unshare", "setpriv", "strip"):
        if shutil.which(name) is None:
            raise lacking(f"no {name}")
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        done = subprocess.run(
            [*_within(root, UID, ["/usr:/usr:ro", "/lib64:/lib64:ro",
                                  "/lib:/lib:ro"]), "/usr/bin/true"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False)
    if done.returncode == _CANNOT:
        raise lacking(done.stderr.strip())
    assert done.returncode == 0, done.stderr


def _within(root, uid, mounts):
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child",
            "--propagation", "private", HERE / "contain", root, str(uid),
            *mounts, "--"]


def assemble(root, *programs):
    """The image's root file system, made as the Dockerfile makes it."""
    subprocess.run([CONTAINER / "assemble-root", root, *programs], check=True,
                   stdin=subprocess.DEVNULL)


class Contained:
    """A process in a container of its own. `mounts` are those of contain."""

    def __init__(self, root, command, mounts=(), uid=UID, output=None,
                 environment=None):
        self.run = Process(
            [*_within(root, uid, mounts), *command],
            stdout=output or subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"]} | (environment or {}))

    @property
    def pid(self):
        """Of the program, seen from here: unshare only waits for it."""
        task = self.run.process.pid
        children = pathlib.Path(f"/proc/{task}/task/{task}/children")
        return int(children.read_text(encoding="ascii"))

    def send(self, number):
        os.kill(self.pid, number)

    def stop(self, number=signal.SIGTERM):
        """The exit code after a signal to the program."""
        self.send(number)
        return self.run.finish(PATIENCE)

    def status(self):
        """/proc/PID/status of the program."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text(
            encoding="ascii")
        return dict(re.findall(r"(\w+):\s*(.*)", text))

    def __enter__(self):
        return self

    def __exit__(self, kind, *unused):
        if kind is not None:
            print(self.run.errors()[-4000:])
        # With unshare alone the program would live on: whoever became somebody
        # else no longer dies with his parent.
        try:
            self.send(signal.SIGKILL)
        except (OSError, ValueError):
            pass  # It has ended already.
        self.run.kill()


class Composition:
    """compose.yaml as data, with its variables filled in from .env."""

    def __init__(self, path):
        self.folder = path.parent
        settings = dict(
            line.split("=", 1) for line in
            (self.folder / ".env").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#"))
        text = re.sub(r"\$\{(\w+):-[^}]*\}", lambda match: settings[match[1]],
                      path.read_text(encoding="utf-8"))
        self.services = yaml.safe_load(text)["services"]

    def mounts(self, service, volumes):
        """Those of contain; volumes become folders below `volumes`, made when they
        are first asked for."""
        declared = self.services[service]
        for mount in declared["volumes"]:
            if mount["type"] == "bind":
                source = (self.folder / mount["source"]).resolve()
                assert source.is_dir(), f"{service} mounts {source}"
            else:
                source = volumes / mount["source"]
                source.mkdir(exist_ok=True)
                source.chmod(0o1777)
            mode = "ro" if mount.get("read_only") else "rw"
            yield f"{source}:{mount['target']}:{mode}"
        for target in declared.get("tmpfs", []):
            yield f"tmpfs:{target}:rw"
