#!/usr/bin/env python3
"""Downloads the mail and DNS servers that the integration tests talk to, and
fail2ban, which reads their logs.

The packages exclude each other, and none may touch a server that the machine
runs: they are never installed. apt-get downloads them, with the
libraries that this machine lacks, into a cache directory; the tests unpack
them in a root directory of their own (see jail).
"""

import fcntl
import os
import pathlib
import subprocess
import sys
import tempfile

PACKAGES = {
    "postfix": ["postfix"],
    "exim": ["exim4-base", "exim4-config", "exim4-daemon-light"],
    "opensmtpd": ["opensmtpd"],
    "dovecot": ["dovecot-core", "dovecot-submissiond"],
    "nsd": ["nsd"],
    "unbound": ["unbound"],
    "fail2ban": ["fail2ban"],
}


class Unavailable(Exception):
    """This machine cannot provide a server; says why."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "smtp_prober" / "debs"


def _run(*command, **options):
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, **options)
    except FileNotFoundError as error:  # No apt-get, no sudo.
        raise Unavailable(str(error)) from error
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command[:2])}: {done.stderr.strip()}")
    return done.stdout


def _missing_libraries(packages):
    """What apt would install beside `packages` here. Installs nothing."""
    plan = _run("apt-get", "-s", "-o", "Debug::NoLocking=1",
                "--no-install-recommends", "install", *packages)
    names = [line.split()[1] for line in plan.splitlines()
             if line.startswith("Inst ")]
    return [name for name in names if name not in packages]


def _download(packages, directory):
    wanted = packages + _missing_libraries(packages)
    _run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
         *wanted, cwd=directory)


def _update_package_lists():
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    _run(*sudo, "apt-get", "-q", "update")


def fetch(server):
    """The .deb files of `server` ("postfix", ...), downloaded if need be."""
    directory = cache_directory() / server
    directory.parent.mkdir(parents=True, exist_ok=True)
    # Tests run beside each other; one of them downloads.
    lock = directory.parent / f"{server}.lock"
    with open(lock, "w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not directory.is_dir():
            with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
                new = pathlib.Path(scratch) / server
                new.mkdir()
                try:
                    _download(PACKAGES[server], new)
                except Unavailable:
                    # Lists that are missing or older than the archive.
                    _update_package_lists()
                    _download(PACKAGES[server], new)
                new.rename(directory)
    return sorted(directory.glob("*.deb"))


def main():
    failed = False
    for server in PACKAGES:
        try:
            fetch(server)
        except (Unavailable, OSError) as error:
            print(f"{server} is not available: {error}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
