#!/usr/bin/env python3
"""What the daemon tells the service manager, and when: here the manager is the
test. tests/packaging/systemd_test.py has a real one."""

import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import PATIENCE, MailSim, Prober, Process, config, lacking, \
    program

SCENARIO = {"servers": [{"name": "one", "listen": "127.0.0.1:0",
                         "profile": {}}]}
# Nobody listens there.
DEAD = "127.0.0.1:9"
# Seconds without a sign of life; twice in that time one comes.
LIMIT = 1

_PTRACE_DETACH = 17
_PTRACE_SEIZE = 0x4206
_PTRACE_INTERRUPT = 0x4207
_WALL = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p,
                         ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def setUpModule():
    done = subprocess.run([program("SMTP_PROBER"), "--version"],
                          capture_output=True, text=True, check=True)
    if "nosystemd" in done.stdout:
        raise lacking("built without libsystemd")


class Manager:
    """Its socket. `within` is for Prober."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="manager-")
        path = os.path.join(self._directory.name, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.within = ["env", f"NOTIFY_SOCKET={path}"]
        return self

    def __exit__(self, *unused):
        self.socket.close()
        self._directory.cleanup()

    def next(self, seconds=PATIENCE):
        """The next message; None if there is none for so long."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(4096).decode("utf-8")
        except TimeoutError:
            return None

    def until(self, wanted, seconds=PATIENCE):
        """Those up to the first that begins with `wanted`."""
        heard = []
        deadline = time.monotonic() + seconds
        while not heard or not heard[-1].startswith(wanted):
            rest = deadline - time.monotonic()
            message = self.next(rest) if rest > 0 else None
            assert message is not None, f"no {wanted!r} after {heard}"
            heard.append(message)
        return heard

    def swallow(self):
        """Drops what has come until now."""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(4096)

    def signs_of_life(self, seconds):
        """How many come in that time."""
        self.swallow()
        signs = 0
        deadline = time.monotonic() + seconds
        while (rest := deadline - time.monotonic()) > 0:
            signs += self.next(rest) == "WATCHDOG=1"
        return signs


def _trace(request, thread):
    if _libc.ptrace(request, thread, None, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@contextlib.contextmanager
def stopped(thread):
    """While one thread of the daemon stands still and the others go on."""
    try:
        _trace(_PTRACE_SEIZE, thread)
    except PermissionError as error:
        raise lacking("no ptrace") from error
    _trace(_PTRACE_INTERRUPT, thread)
    os.waitpid(thread, _WALL)
    try:
        yield
    finally:
        _trace(_PTRACE_DETACH, thread)


def probe_thread(process):
    """That of the only loop beside the main one."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        loops = [
            int(task.name)
            for task in pathlib.Path(f"/proc/{process}/task").iterdir()
            if int(task.name) != process and
            # Its name differs from kernel to kernel.
            "poll" in (task / "wchan").read_text(encoding="ascii")]
        if loops:
            assert len(loops) == 1, loops
            return loops[0]
        time.sleep(0.05)
    raise lacking("/proc does not tell what threads wait for")


class ServiceManagerTest(unittest.TestCase):
    def setUp(self):
        self.sim = self.enterContext(MailSim(SCENARIO))
        self.manager = self.enterContext(Manager())

    def start(self, *targets, extra=()):
        return Prober(config(*targets),
                      within=[*self.manager.within, *extra])

    def test_ready_when_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "smtp.yml"
            command = [*self.manager.within, program("SMTP_PROBER"),
                       f"--config.file={file}",
                       "--web.listen-address=127.0.0.1:0"]
            file.write_text("targetss: []\n", encoding="utf-8")
            run = Process(command, stdout=subprocess.DEVNULL)
            self.assertEqual(run.finish(), 1)
            self.assertIsNone(self.manager.next(0.1))

            file.write_text(config(self.sim.targets["one"]), encoding="utf-8")
            run = Process(command, stdout=subprocess.DEVNULL)
            self.addCleanup(run.kill)
            self.assertEqual(self.manager.next(), "READY=1")
            address = run.wait_for_line(r"address=127.0.0.1:(\d+)")[1]
            # The first attempt is answered.
            with socket.create_connection(("127.0.0.1", int(address)),
                                          PATIENCE) as client:
                client.sendall(b"GET /-/ready HTTP/1.0\r\n\r\n")
                self.assertIn(b" 200 ", client.recv(100))
            run.process.terminate()
            self.assertEqual(run.finish(), 0)

    def test_line_of_status(self):
        with self.start(self.sim.targets["one"], DEAD):
            self.manager.until("STATUS=Targets: 2, endpoints: 2, failing: 1")

    def test_reload(self):
        one = self.sim.targets["one"]
        with self.start(one) as prober:
            self.manager.until("READY=1")
            for ask in (prober.reload,
                        lambda: prober.request("POST", "/-/reload")):
                prober.write_config(config(one, DEAD))
                ask()
                before = self.manager.until("RELOADING=1\nMONOTONIC_USEC=")
                self.assertNotIn("READY=1", before)
                self.manager.until("READY=1")
                # It is in force by now.
                self.assertEqual(
                    prober.scrape().value("smtp_prober_targets"), 2)
                prober.write_config(config(one))
                prober.reload()
                self.manager.until("RELOADING=1")
                self.manager.until("READY=1")
                self.assertEqual(
                    prober.scrape().value("smtp_prober_targets"), 1)

    def test_bad_reload(self):
        with self.start(self.sim.targets["one"]) as prober:
            self.manager.until("READY=1")
            prober.write_config("targets: [")
            prober.reload()
            self.manager.until("RELOADING=1")
            self.manager.until("READY=1")
            status = self.manager.until("STATUS=")[-1]
            self.assertTrue(status.startswith("STATUS=Targets: 1, "), status)
            self.assertIn("; the last reload failed", status)
            prober.write_config(config(self.sim.targets["one"]))
            prober.reload()
            self.manager.until("READY=1")
            self.assertNotIn("the last reload",
                             self.manager.until("STATUS=")[-1])

    def test_stopping(self):
        with self.start(self.sim.targets["one"]) as prober:
            self.manager.until("READY=1")
            prober.run.process.send_signal(signal.SIGTERM)
            self.manager.until("STOPPING=1")
            prober.run.finish()
            self.assertIsNone(self.manager.next(0.1))

    def test_signs_of_life_end_with_either_loop(self):
        with self.start(self.sim.targets["one"],
                        extra=[f"WATCHDOG_USEC={LIMIT}000000"]) as prober:
            main = prober.run.process.pid
            self.assertIn(self.manager.signs_of_life(3 * LIMIT), range(3, 7))
            with stopped(probe_thread(main)):
                # One may be under way.
                time.sleep(0.2)
                self.assertEqual(self.manager.signs_of_life(2 * LIMIT), 0)
                # All else is well; nobody would notice.
                self.assertEqual(prober.get("/-/ready").status, 200)
            self.manager.until("WATCHDOG=1")
            with stopped(main):
                time.sleep(0.2)
                self.assertEqual(self.manager.signs_of_life(2 * LIMIT), 0)
            self.manager.until("WATCHDOG=1")
            self.assertGreater(self.manager.signs_of_life(2 * LIMIT), 0)

    def test_a_manager_that_does_not_read(self):
        with self.start(self.sim.targets["one"],
                        extra=["WATCHDOG_USEC=2000"]) as prober:
            # Far more messages than the kernel takes.
            page = prober.probed(times=3)
            self.assertEqual(page.value("smtp_probe_success"), 1)
            lag = page.value("smtp_prober_event_loop_lag_seconds_sum",
                             loop="main")
            self.assertLess(lag, PATIENCE / 2)
            prober.stop()

    def test_without_a_manager(self):
        with Prober(config(self.sim.targets["one"])) as prober:
            prober.probed()
            self.assertNotIn("level=WARN", prober.run.errors())


if __name__ == "__main__":
    unittest.main()
