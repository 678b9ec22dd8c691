"""Networks of the test's own: two hosts, each a network namespace, with a
cable between them. There ports 25 and 53 are free, and a host can lack IPv6
or its way out.

A process that is started gets the namespace in which its starter's thread is;
so the tests move their own thread, and nothing has to know of namespaces.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys

from harness import lacking

_CLONE_NEWNET = 0x40000000
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_libc = ctypes.CDLL(None, use_errno=True)


def require():
    """To be called by setUpModule: raises when this machine cannot do it.

    Without root it starts the test program anew as the root of a user
    namespace, which may have networks of its own.
    """
    if shutil.which("ip", path=_PATH) is None:
        raise lacking("no ip (iproute2) to build a network with")
    if os.geteuid() != 0:
        # A thread only returns to a network that its own root owns.
        unshare = ["unshare", "--map-root-user", "--net"]
        done = subprocess.run([*unshare, "true"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise lacking(f"no user namespaces: {done.stderr.strip()}")
        sys.stdout.flush()
        sys.stderr.flush()
        os.execvp(unshare[0], [*unshare, sys.executable, "-B", *sys.argv])
    try:
        with Host():
            pass
    except OSError as error:
        raise lacking(f"no network namespaces: {error.strerror}") from error


def _check(result):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _here():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _do_not_forward():
    """A machine that runs containers forwards, and a new network does as the
    machine's own; a host that forwards answers for addresses that nobody has,
    instead of dropping what is sent there."""
    for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        with contextlib.suppress(FileNotFoundError):  # Without IPv6.
            with open(f"/proc/sys/net/{setting}", "w", encoding="ascii") as file:
                file.write("0")


class Host:
    """A network namespace with loopback up. It lasts until `close`, or as a
    context, and then as long as a process is in it."""

    def __init__(self):
        before = _here()
        try:
            _check(_libc.unshare(_CLONE_NEWNET))
            self._file = _here()
            try:
                ip("link set lo up")
                _do_not_forward()
            finally:
                _check(_libc.setns(before, _CLONE_NEWNET))
        finally:
            os.close(before)

    @contextlib.contextmanager
    def inside(self):
        """The calling thread, and what it starts, is here."""
        before = _here()
        try:
            _check(_libc.setns(self._file, _CLONE_NEWNET))
            try:
                yield
            finally:
                _check(_libc.setns(before, _CLONE_NEWNET))
        finally:
            os.close(before)

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self._file}"

    def close(self):
        os.close(self._file)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def ip(arguments):
    """Runs ip(8) where the calling thread is."""
    done = subprocess.run(["ip", *arguments.split()], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, env=os.environ | {"PATH": _PATH})
    if done.returncode != 0:
        raise OSError(0, f"ip {arguments}: {done.stderr.strip()}")


class Network:
    """`with Network(near=[...], far=[...]) as network:` puts the calling
    thread on the near host; `with network.far.inside():` on the other one.

    `near`, `far`: the hosts' addresses, with the length of the prefix. `ways`:
    prefixes that the near host reaches through the far one's address beside
    them, {prefix: address}.
    """

    def __init__(self, near, far, ways=None):
        self._near = near
        self._far = far
        self._ways = ways or {}
        self._stack = contextlib.ExitStack()
        self.near = self.far = None

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.near = stack.enter_context(Host())
            self.far = stack.enter_context(Host())
            stack.enter_context(self.near.inside())
            # Both ends at once, the second one where it belongs.
            ip(f"link add cable type veth peer name cable netns "
               f"{self.far.path}")
            with self.far.inside():
                self._connect(self._far)
            self._connect(self._near)
            for prefix, gateway in self._ways.items():
                ip(f"route add {prefix} via {gateway}")
            self._stack = stack.pop_all()
        return self

    @staticmethod
    def _connect(addresses):
        for address in addresses:
            # Nobody else is on the cable who could have the address too.
            extra = " nodad" if ":" in address else ""
            ip(f"addr add {address} dev cable{extra}")
        ip("link set cable up")

    def __exit__(self, *unused):
        self._stack.close()
