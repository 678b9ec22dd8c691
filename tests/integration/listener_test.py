#!/usr/bin/env python3
"""Where the daemon can be reached: sockets of systemd, Unix sockets, a path
behind a proxy."""

import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import PATIENCE, Prober, Process, config, lacking, program

# Port 9 of loopback: nobody listens.
TARGETS = config("127.0.0.1:9")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


class Daemon:
    """The daemon with nothing but these arguments."""

    def __init__(self, folder, *arguments, command=(), **options):
        file = folder / "smtp.yml"
        file.write_text(TARGETS, encoding="utf-8")
        self.run = Process([*command, program("SMTP_PROBER"),
                            f"--config.file={file}", *arguments],
                           stdout=subprocess.DEVNULL, **options)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.run.process.poll() is None:
            self.run.process.send_signal(signal.SIGTERM)
            self.run.finish()
        self.run.kill()


def ask(connection, path="/-/healthy"):
    connection.request("GET", path)
    answer = connection.getresponse().read()
    connection.close()
    return answer


class SystemdTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = pathlib.Path(directory.name)

    def start(self, listeners, count=None):
        """With these as descriptors 3 and up, as systemd passes them."""
        script = ('export LISTEN_PID=$$ LISTEN_FDS={}; exec "$@"'
                  .format(len(listeners) if count is None else count))

        def pass_on():
            high = [os.dup2(one.fileno(), 100 + i)
                    for i, one in enumerate(listeners)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)

        return Daemon(self.folder, "--web.systemd-socket",
                      command=["sh", "-c", script, "sh"],
                      preexec_fn=pass_on, close_fds=False)

    def test_two_sockets(self):
        with socket.create_server(("127.0.0.1", 0)) as one, \
                socket.socket(socket.AF_UNIX) as two:
            path = self.folder / "prober.sock"
            two.bind(str(path))
            two.listen()
            port = one.getsockname()[1]
            with self.start([one, two]) as daemon:
                daemon.run.wait_for_line(
                    rf"Listening on.* address=127\.0\.0\.1:{port}$")
                daemon.run.wait_for_line(
                    rf"Listening on.* address=unix:{path}$")
                tcp = http.client.HTTPConnection("127.0.0.1", port,
                                                 timeout=PATIENCE)
                self.assertEqual(ask(tcp), b"Healthy\n")
                self.assertEqual(ask(UnixConnection(path)), b"Healthy\n")
            # It is systemd's, which goes on to use it.
            self.assertTrue(path.is_socket())

    def test_by_systemd_socket_activate(self):
        tool = shutil.which("systemd-socket-activate")
        if tool is None:
            raise lacking("no systemd-socket-activate")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with Daemon(self.folder, "--web.systemd-socket",
                    command=[tool, f"--listen=127.0.0.1:{port}"]) as daemon:
            daemon.run.wait_for_line("Listening on 127")
            tcp = http.client.HTTPConnection("127.0.0.1", port,
                                             timeout=PATIENCE)
            self.assertEqual(ask(tcp), b"Healthy\n")

    def test_what_is_not_passed(self):
        none = "no socket activation file descriptors found"
        with Daemon(self.folder, "--web.systemd-socket") as daemon:
            daemon.run.wait_for_line(none)
            self.assertEqual(daemon.run.finish(), 1)
        with socket.create_server(("127.0.0.1", 0)) as one:
            environment = os.environ | {"LISTEN_PID": "1", "LISTEN_FDS": "1"}
            with Daemon(self.folder, "--web.systemd-socket",
                        env=environment) as daemon:
                daemon.run.wait_for_line(none)
                self.assertEqual(daemon.run.finish(), 1)
            with self.start([one], count=2) as daemon:
                daemon.run.wait_for_line(
                    "descriptor 4 is no listening stream socket")
                self.assertEqual(daemon.run.finish(), 1)


class UnixSocketTest(unittest.TestCase):
    def test_it_comes_and_goes(self):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            path = folder / "prober.sock"
            for how in (signal.SIGKILL, signal.SIGTERM):
                with Daemon(folder,
                            f"--web.listen-address=unix:{path}") as daemon:
                    daemon.run.wait_for_line("Listening on.* address=unix:")
                    self.assertEqual(ask(UnixConnection(path)), b"Healthy\n")
                    done = subprocess.run(
                        ["curl", "-sS", "--unix-socket", path,
                         "http://localhost/-/ready"],
                        capture_output=True, check=True)
                    self.assertEqual(done.stdout, b"Ready\n")
                    with Daemon(folder,
                                f"--web.listen-address=unix:{path}") as other:
                        other.run.wait_for_line("address already in use")
                        self.assertEqual(other.run.finish(), 1)
                    daemon.run.process.send_signal(how)
                    daemon.run.finish()
                # What a killed one leaves, the next one takes.
                self.assertEqual(path.exists(), how == signal.SIGKILL)


class PrefixTest(unittest.TestCase):
    def paths(self, arguments):
        prober = Prober(TARGETS, *arguments)
        prober.get = lambda path, *rest: Prober.get(
            prober, "/smtp" + path if path == "/-/ready" else path, *rest)
        return prober

    def test_prefix(self):
        with self.paths(["--web.external-url=https://proxy.example.com/smtp/"]
                        ) as prober:
            for path, status in [("/smtp/metrics", 200), ("/smtp/", 200),
                                 ("/smtp/-/healthy", 200), ("/metrics", 404),
                                 ("/smtpmetrics", 404)]:
                self.assertEqual(prober.get(path).status, status, path)
            root = prober.get("/")
            self.assertEqual((root.status, root.headers["Location"]),
                             (302, "https://proxy.example.com/smtp/"))
            bare = prober.get("/smtp")
            self.assertEqual((bare.status, bare.headers["Location"]),
                             (302, "/smtp/"))
            self.assertEqual(prober.request("POST", "/smtp/-/reload").status,
                             200)
            # Nothing on the page leaves the prefix.
            page = prober.get("/smtp/").text
            self.assertNotRegex(page, r"""(href|src|action)=["']?/""")


if __name__ == "__main__":
    unittest.main()
