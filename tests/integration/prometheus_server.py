"""Debian's Prometheus, with a configuration and a database of its own."""

import http.client
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.parse

from harness import PATIENCE, Process, lacking


class Prometheus:
    """`jobs` are items of `scrape_configs`, `settings` other keys of the
    configuration, `arguments` further ones of the program."""

    def __init__(self, *jobs, settings=None, arguments=()):
        self._jobs = jobs
        self._settings = settings or {}
        self._arguments = arguments
        self._directory = tempfile.TemporaryDirectory(prefix="prometheus-")

    def __enter__(self):
        path = shutil.which("prometheus")
        if path is None:
            raise lacking("no prometheus")
        folder = pathlib.Path(self._directory.name)
        (folder / "prometheus.yml").write_text(json.dumps({
            # No scrape may fail, on a busy machine either.
            "global": {"scrape_interval": "2s", "scrape_timeout": "2s"},
            "scrape_configs": list(self._jobs),
        } | self._settings), encoding="utf-8")
        self._run = Process(
            [path, f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data",
             "--web.listen-address=127.0.0.1:0", *self._arguments],
            stdout=subprocess.DEVNULL, cwd=folder)
        try:
            match = self._run.wait_for_line(
                r'msg="Listening on" address=(127\.0\.0\.1:\d+)')
        except BaseException:
            self._run.kill()
            raise
        self._address = match[1]
        return self

    def __exit__(self, *unused):
        self._run.process.terminate()
        self._run.finish()
        self._directory.cleanup()

    def query(self, expression):
        """[(labels, value)] of an instant query; [] before it is ready."""
        connection = http.client.HTTPConnection(self._address,
                                                timeout=PATIENCE)
        connection.request("GET", "/api/v1/query?" + urllib.parse.urlencode(
            {"query": expression}))
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status == 503:
            return []
        answer = json.loads(body)
        assert answer["status"] == "success", answer
        return [(sample["metric"], float(sample["value"][1]))
                for sample in answer["data"]["result"]]

    def query_until(self, expression, count):
        deadline = time.monotonic() + PATIENCE
        while len(found := self.query(expression)) != count:
            assert time.monotonic() < deadline, \
                f"{expression}: {found}\n{self._run.errors()[-4000:]}"
            time.sleep(0.2)
        return found
