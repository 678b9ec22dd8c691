"""Debian's Alertmanager, with a configuration and a memory of its own."""

import http.client
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from harness import PATIENCE, Process, lacking


class Alertmanager:
    """`config` is its configuration, as a dict."""

    def __init__(self, config):
        self._config = config
        self._directory = tempfile.TemporaryDirectory(prefix="alertmanager-")
        self.address = None

    def __enter__(self):
        path = shutil.which("prometheus-alertmanager")
        if path is None:
            raise lacking("no prometheus-alertmanager")
        folder = pathlib.Path(self._directory.name)
        # JSON is YAML.
        (folder / "alertmanager.yml").write_text(json.dumps(self._config),
                                                 encoding="utf-8")
        self._run = Process(
            [path, f"--config.file={folder}/alertmanager.yml",
             f"--storage.path={folder}/data",
             "--web.listen-address=127.0.0.1:0",
             # Alone, without the gossip of a cluster.
             "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, cwd=folder)
        try:
            match = self._run.wait_for_line(
                r'msg="?Listening on"? address=(127\.0\.0\.1:\d+)')
        except BaseException:
            self._run.kill()
            raise
        self.address = match[1]
        return self

    def __exit__(self, *unused):
        self._run.process.terminate()
        self._run.finish()
        self._directory.cleanup()

    def _request(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        connection.request(method, path, body and json.dumps(body),
                           {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        assert response.status == 200, (path, response.status, answer)
        return answer

    def post(self, *alerts):
        """Alerts as a Prometheus would send them, each a dict of labels."""
        self._request("POST", "/api/v2/alerts",
                      [{"labels": labels} for labels in alerts])

    def alerts(self):
        """What it knows to be firing, inhibited or not."""
        return json.loads(self._request("GET", "/api/v2/alerts"))

    def groups_until(self, condition):
        """The alerts, inhibited or not, by who is told of them and with which
        others, once `condition` holds for that."""
        deadline = time.monotonic() + PATIENCE
        while not condition(groups := json.loads(
                self._request("GET", "/api/v2/alerts/groups"))):
            assert time.monotonic() < deadline, \
                f"{groups}\n{self._run.errors()[-4000:]}"
            time.sleep(0.1)
        return groups
