"""A small Debian, without anything of this machine, to install a package in: apt
and systemd, and the archives of what the package depends on, so that nothing is
downloaded twice. Made once by mmdebstrap and kept in the cache."""

import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from fetch_servers import cache_directory
from harness import lacking
from jailed_server import SUDO

# What a server that runs systemd has, and what the tests use beside it.
_THERE = ["systemd-sysv"]
# Of the machine, so that the same mirror is asked.
_SOURCES = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]


def _release():
    """The one that the package is built on."""
    lines = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    fields = dict(line.split("=", 1) for line in lines.splitlines()
                  if "=" in line)
    if fields.get("ID") != "debian":
        raise lacking("packages are tried on Debian")
    return fields["VERSION_CODENAME"]


def debian_root(package, also=()):
    """The folder. `package`: a .deb file whose dependencies are to be there as
    archives, as those of the packages `also` are."""
    if shutil.which("mmdebstrap") is None:
        raise lacking("no mmdebstrap")
    release = _release()
    depends = subprocess.run(
        ["dpkg-deb", "--field", package, "Pre-Depends", "Depends"], check=True,
        capture_output=True, text=True).stdout
    key = hashlib.sha256("\n".join(
        [release, depends, *_THERE, *also]).encode()).hexdigest()[:16]
    folder = cache_directory().with_name("debian-roots") / key
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _make(folder, release, package, also)
    return folder


def _make(folder, release, package, also):
    sources = [path for path in _SOURCES if pathlib.Path(path).is_file()]
    # Only downloaded: to install what is missing is what the test is about.
    download = ("chroot \"$1\" apt-get -q -y --no-install-recommends "
                "--download-only install ")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        new = pathlib.Path(scratch) / "root"
        done = subprocess.run(
            [*SUDO, "mmdebstrap", "--quiet", "--mode=root", "--variant=apt",
             "--skip=cleanup/apt", f"--include={','.join(_THERE)}",
             f"--customize-hook=copy-in {package} /tmp",
             f"--customize-hook={download}/tmp/{package.name} {' '.join(also)}",
             f"--customize-hook=rm \"$1\"/tmp/{package.name}",
             release, new, *sources[:1]],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False)
        if done.returncode != 0:
            subprocess.run([*SUDO, "rm", "-rf", new], check=True)
            raise lacking(f"no small Debian: {done.stderr[-2000:]}")
        subprocess.run([*SUDO, "mv", new, folder], check=True)
