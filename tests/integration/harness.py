"""What the integration tests share: the daemon, the simulator, the page.

The programs come from the environment: SMTP_PROBER, MAILSIM, MAKE_PKI.
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import unittest

# How long something that must happen may take, under sanitizers and on a busy
# machine. Only a failing test waits this long.
PATIENCE = 30
POLL_SECONDS = 0.1
SANITIZED = bool(os.environ.get("SMTP_PROBER_SANITIZE"))

_SANITIZER_COMPLAINTS = re.compile(
    r"Sanitizer|runtime error:|Assertion|terminate called")


def lacking(what):
    """The exception for a test that this machine cannot run, to be raised. In
    CI, where everything is there, a test that does not run is a failure."""
    if os.environ.get("CI") == "true":
        return AssertionError(f"in CI nothing may be skipped: {what}")
    return unittest.SkipTest(what)


def program(variable):
    path = os.environ.get(variable)
    assert path and os.access(path, os.X_OK), \
        f"{variable} names no program: {path}"
    return path


def run(*command, **options):
    """What a command prints. It has to succeed."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, **options)
    assert done.returncode == 0, \
        f"{' '.join(map(str, command))}:\n{done.stdout[-8000:]}{done.stderr}"
    return done.stdout


class Page:
    """One scraped page, text 0.0.4."""

    _SAMPLE = re.compile(
        r"([a-zA-Z_:][\w:]*)(?:\{((?:[^\"}]|\"(?:\\.|[^\"\\])*\")*)\})? (\S+)")
    _LABEL = re.compile(r"([a-zA-Z_]\w*)=\"((?:\\.|[^\"\\])*)\"(?:,|$)")
    _SUFFIX = re.compile(r"_(bucket|sum|count)$")

    def __init__(self, text):
        self.text = text
        self.samples = {}  # {(name, frozenset of labels): value}
        self.types = {}
        self._parse()

    def _parse(self):
        family = None
        for line in self.text.splitlines():
            if line.startswith("# TYPE "):
                _, _, family, kind = line.split(" ", 3)
                # promtool does not notice a family that is torn apart.
                assert family not in self.types, f"{family} comes twice"
                self.types[family] = kind
                continue
            if line.startswith("#"):
                continue
            match = self._SAMPLE.fullmatch(line)
            assert match, f"not a sample: {line!r}"
            name, labels, value = match.groups()
            base = name
            if self.types.get(family) == "histogram":
                base = self._SUFFIX.sub("", name)
            assert base == family, f"{name} is under # TYPE {family}"
            key = (name, frozenset(self._labels(labels or "")))
            assert key not in self.samples, f"twice: {line!r}"
            self.samples[key] = float(value)

    def _labels(self, text):
        position = 0
        while position < len(text):
            match = self._LABEL.match(text, position)
            assert match, f"not labels: {text!r}"
            value = re.sub(r"\\(.)",
                           lambda m: {"n": "\n"}.get(m[1], m[1]), match[2])
            yield match[1], value
            position = match.end()

    def all(self, name, **labels):
        """{labels as a dict's items: value} of the samples that match."""
        wanted = set(labels.items())
        return {key[1]: value for key, value in self.samples.items()
                if key[0] == name and wanted <= key[1]}

    def value(self, name, **labels):
        """The value of the only sample that matches; None without one."""
        found = self.all(name, **labels)
        assert len(found) <= 1, f"{name}{labels}: {len(found)} samples"
        return next(iter(found.values()), None)

    def label_values(self, name, label, **labels):
        """The sorted values of one label over the samples that match."""
        return sorted(dict(key)[label] for key in self.all(name, **labels))

    def failure(self, **labels):
        """(phase, reason) of the latest probe, None if it succeeded."""
        found = self.all("smtp_probe_failure_info", **labels)
        assert len(found) <= 1, f"several failures: {found}"
        for key, value in found.items():
            assert value == 1
            return dict(key)["phase"], dict(key)["reason"]
        return None


def check_page(text):
    """Lets promtool judge a page."""
    promtool = shutil.which("promtool")
    if promtool is None:
        raise lacking("no promtool")
    done = subprocess.run([promtool, "check", "metrics"], input=text,
                          capture_output=True, text=True, check=False)
    complaints = done.stdout + done.stderr
    assert done.returncode == 0 and not complaints, complaints


class Response:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode("utf-8")


class Process:
    """A program whose standard error is kept, line by line."""

    def __init__(self, command, **options):
        self.lines = []
        self._grown = threading.Condition()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors="replace", **options)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._grown:
                self.lines.append(line.rstrip("\n"))
                self._grown.notify_all()
        with self._grown:
            self.lines.append(None)  # The end.
            self._grown.notify_all()

    def errors(self):
        with self._grown:
            return "\n".join(line for line in self.lines if line is not None)

    def wait_for_line(self, pattern, seconds=PATIENCE):
        """The match of the first line that has `pattern`."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self._grown:
            while True:
                while seen < len(self.lines):
                    line = self.lines[seen]
                    if line is None:
                        raise AssertionError(
                            f"ended without {pattern!r}:\n" +
                            "\n".join(self.lines[:-1]))
                    match = re.search(pattern, line)
                    if match:
                        return match
                    seen += 1
                rest = deadline - time.monotonic()
                if rest <= 0:
                    raise AssertionError(f"no {pattern!r} in:\n" +
                                         "\n".join(self.lines))
                self._grown.wait(rest)

    def finish(self, seconds=PATIENCE):
        """Waits for the end; the exit code."""
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        self.process.stderr.close()
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        if not self.process.stderr.closed:
            self.finish()


class Prober:
    """The daemon with a configuration of its own.

    `with Prober(config) as prober:` waits until it is ready; at the end it
    must stop on SIGTERM with exit code 0 and, under sanitizers, without a
    complaint. `within`: the beginning of a command that ends as the daemon.
    """

    def __init__(self, config, *arguments, within=()):
        self._arguments = arguments
        self._within = within
        self._config = config
        self._directory = None
        self.config_file = None
        self.run = None
        self.address = None

    def write_config(self, config):
        self.config_file.write_text(config, encoding="utf-8")

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="smtp-prober-")
        self.config_file = pathlib.Path(self._directory.name) / "smtp.yml"
        self.write_config(self._config)
        return self._start("127.0.0.1:0")

    def start_again(self):
        """After run.kill(); on the same address."""
        return self._start(self.address)

    def _start(self, address):
        self.run = Process(
            [*self._within, program("SMTP_PROBER"),
             f"--config.file={self.config_file}",
             f"--web.listen-address={address}", *self._arguments],
            stdout=subprocess.DEVNULL)
        try:
            match = self.run.wait_for_line(
                r'msg="Listening on".* address=(127\.0\.0\.1:\d+)')
            self.address = match[1]
            self.until(lambda: self.get("/-/ready").status == 200,
                       "/-/ready")
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(self, kind, *unused):
        try:
            if kind is None:
                self.stop()
            else:
                # What the daemon said helps to understand the failure.
                print(self.run.errors()[-8000:])
        finally:
            self._discard()

    def _discard(self):
        if self.run is not None:
            self.run.kill()
        self._directory.cleanup()

    def stop(self, seconds=PATIENCE):
        if self.run.process.poll() is None:
            self.run.process.send_signal(signal.SIGTERM)
        code = self.run.finish(seconds)
        errors = self.run.errors()
        report = errors.find("WARNING: ThreadSanitizer")
        shown = errors[report:][:8000] if report >= 0 else errors[-8000:]
        assert code == 0, f"exit code {code}:\n{shown}"
        assert not _SANITIZER_COMPLAINTS.search(errors), errors

    def reload(self):
        self.run.process.send_signal(signal.SIGHUP)

    def request(self, method, path, headers=None, timeout=PATIENCE):
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        try:
            connection.request(method, path, headers=headers or {})
            return Response(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, headers=None, timeout=PATIENCE):
        return self.request("GET", path, headers, timeout)

    def scrape(self, check=True):
        response = self.get("/metrics")
        assert response.status == 200, response.text
        content_type = response.headers["Content-Type"]
        assert content_type == "text/plain; version=0.0.4; charset=utf-8", \
            content_type
        if check:
            check_page(response.text)
        return Page(response.text)

    def until(self, condition, what, seconds=PATIENCE):
        """What `condition` returned once it was true."""
        deadline = time.monotonic() + seconds
        while True:
            outcome = condition()
            if outcome:
                return outcome
            assert self.run.process.poll() is None, \
                f"the daemon ended:\n{self.run.errors()[-8000:]}"
            assert time.monotonic() < deadline, \
                f"never came: {what}\n{self.run.errors()[-8000:]}"
            time.sleep(POLL_SECONDS)

    def scrape_until(self, condition, what, seconds=PATIENCE):
        """The first page that fulfils `condition`."""
        def attempt():
            page = self.scrape()
            return page if condition(page) else None
        return self.until(attempt, what, seconds)

    def probed(self, times=1, seconds=PATIENCE, **labels):
        """The first page after `times` probes of the target."""
        def often_enough(page):
            values = page.all("smtp_probes_total", **labels).values()
            return values and min(values) >= times
        return self.scrape_until(often_enough, f"{times} probes of {labels}",
                                 seconds)

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.run.process.pid}/status")
        match = re.search(r"VmRSS:\s+(\d+) kB",
                          status.read_text(encoding="ascii"))
        return int(match[1]) * 1024


class MailSim:
    """The simulator; `targets[name]` is a server's "address:port".
    `arguments` are further ones of the program."""

    def __init__(self, scenario, *arguments):
        self._scenario = scenario
        self._arguments = arguments
        self._directory = None
        self._process = None
        self.targets = {}

    def __enter__(self):
        path = program("MAILSIM")
        self._directory = tempfile.TemporaryDirectory(prefix="mailsim-")
        file = pathlib.Path(self._directory.name) / "scenario.yaml"
        # JSON is YAML.
        file.write_text(json.dumps(self._scenario), encoding="utf-8")
        self._log = file.with_name("log.json")
        self._process = subprocess.Popen(
            [path, "--exit-with-stdin", "--log", self._log, *self._arguments,
             file],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line in self._process.stdout:
            server = json.loads(line)
            if server.get("ready"):
                return self
            host = server["address"]
            host = f"[{host}]" if ":" in host else host
            self.targets[server["name"]] = f"{host}:{server['port']}"
        self.__exit__()
        raise AssertionError("mailsim ended before it was ready")

    def conversations(self):
        """What it recorded of each conversation that is over."""
        with open(self._log, encoding="utf-8") as log:
            # The last line may be under way.
            return [json.loads(line) for line in log if line.endswith("\n")]

    def __exit__(self, *unused):
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()
        self._directory.cleanup()


class Switch(socketserver.ThreadingTCPServer):
    """One address, `target`, behind which the server changes when the test
    says so: each new connection goes to the server that `behind` names."""

    daemon_threads = True

    class Session(socketserver.BaseRequestHandler):
        def handle(self):
            host, port = self.server.behind.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as server:
                back = threading.Thread(
                    target=self.pump, args=(server, self.request), daemon=True)
                back.start()
                self.pump(self.request, server)
                back.join()

        @staticmethod
        def pump(source, sink):
            try:
                while piece := source.recv(65536):
                    sink.sendall(piece)
            except OSError:
                pass  # One of them is gone, and the other will learn it.
            try:
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def __init__(self, behind):
        self.behind = behind
        super().__init__(("127.0.0.1", 0), self.Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def target(self):
        return "127.0.0.1:{}".format(self.server_address[1])

    def __exit__(self, *unused):
        self.shutdown()
        self.server_close()


def config(*targets, **settings):
    """A configuration: probes each target every second, and keeps facts
    longer than a test takes.

    A target is "host:port" or a dict; settings are top-level keys.
    """
    whole = {
        "ehlo_name": "monitor.example.net",
        "interval": "1s",
        "timeout": "20s",
        "stale_after": "5m",
    }
    whole |= settings
    whole["targets"] = list(targets)
    return json.dumps(whole, indent=1)
