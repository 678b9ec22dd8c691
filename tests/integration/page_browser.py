"""Runs the scripts of tests/browser: Debian's chromium, driven through
playwright-core, on whatever serves the page."""

import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

import node_modules
from harness import lacking

BROWSER = pathlib.Path(__file__).resolve().parents[1] / "browser"
# Only a browser that hangs takes so long.
SCRIPT_SECONDS = 600


def modules():
    """The folder with node_modules; no browser is downloaded."""
    if shutil.which("chromium") is None:
        raise lacking("no chromium")
    return node_modules.installed(BROWSER, "browser")


class Control:
    """What a script can have happen behind the page: POST /NAME calls
    `actions[NAME]()` and answers what it returned, as JSON."""

    def __init__(self, actions):
        class Exchange(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.dumps(actions[self.path[1:]]()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                       Exchange)
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()
        self.url = "http://127.0.0.1:{}".format(self._server.server_address[1])

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def run_script(name, url, targets, actions=None, **more):
    """Runs tests/browser/NAME.test.mjs on the page at `url` (which ends in
    "/"). `targets`: names of targets by their part in the play, see the
    script; `more` goes into the stage as it is. Raises when a test fails."""
    folder = modules()
    control = Control(actions or {})
    stage = {"url": url, "control": control.url, "targets": targets, **more}
    try:
        done = subprocess.run(
            ["node", "--test-reporter=spec", BROWSER / f"{name}.test.mjs"],
            env={**os.environ, "BROWSER_MODULES": str(folder),
                 "PAGE_STAGE": json.dumps(stage)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=SCRIPT_SECONDS, check=False)
    finally:
        control.close()
    print(done.stdout, file=sys.stderr)
    assert done.returncode == 0, f"{name}.test.mjs failed, see above"
    # A script that ran no test has shown nothing.
    assert re.search(r"^. pass [1-9]", done.stdout, re.M), "no test ran"
