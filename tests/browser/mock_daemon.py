"""Serves the page's files with their real headers, and a made-up API below a
route prefix: what a real daemon cannot be brought to say on purpose.

Alone, to look at the page:  mock_daemon.py [ordinary|hostile|many]
"""

import http.server
import json
import pathlib
import re
import sys
import threading
import time
import urllib.parse

import world

WEB = pathlib.Path(__file__).resolve().parents[2] / "exporter" / "web"
PREFIX = "/mail/prober"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript",
         ".svg": "image/svg+xml"}
PAGES = {"/": "index.html", "/target": "target.html"}
REFUSALS = {
    "odd name": (400, "target: a space", None),
    "forbidden.example": (403, "this target is not permitted", None),
    "often.example": (429, "too many tests", 7),
    "full.example": (503, "", 90),
    "broken.example": (500, "", None),
}


def asset_headers():
    """The headers that assets.h tells the daemon to send."""
    text = (WEB / "assets.h").read_text(encoding="utf-8")
    policy = re.search(r"kContentSecurityPolicy =\s*((?:\"[^\"]*\"\s*)+);",
                       text)[1]
    policy = "".join(re.findall(r"\"([^\"]*)\"", policy))
    table = re.search(r"kAssetHeaders = \{\{(.*?)\}\};", text, re.S)[1]
    headers = dict(re.findall(r"\{\"([^\"]*)\", \"([^\"]*)\"\}", table))
    return {"Content-Security-Policy": policy, **headers}


class MockDaemon:
    """`url` is its front page. `targets` may be changed while it runs, under
    `lock`; touch() says that one of them is new."""

    def __init__(self, targets, notices=()):
        self.lock = threading.Lock()
        self.notices = list(notices)
        self.on_demand = "listed"
        self.strays = []  # Requests outside the prefix.
        self.cancelled = threading.Event()
        self.targets = {}
        self.changed = {}
        for target in targets:
            self.put(target)
        mock = self

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                # A browser that went away.
                if not isinstance(sys.exc_info()[1], ConnectionError):
                    super().handle_error(request, client_address)

        class Exchange(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                mock.answer(self)

            def log_message(self, *unused):
                pass

        self.headers = asset_headers()
        self._server = Server(("127.0.0.1", 0), Exchange)
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()
        port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{port}{PREFIX}/"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def put(self, target):
        self.targets[target["id"]] = target
        self.changed[target["id"]] = time.time()

    def remove(self, name):
        for key, target in list(self.targets.items()):
            if target["target"] == name:
                del self.targets[key]

    def find(self, name):
        return next(target for target in self.targets.values()
                    if target["target"] == name)

    def answer(self, exchange):
        path, _, query = exchange.path.partition("?")
        if not path.startswith(PREFIX + "/"):
            self.strays.append(path)
            return self.send(exchange, 404, b"Not found\n", "text/plain")
        path = urllib.parse.unquote(path[len(PREFIX):])
        if path.startswith("/api/v1/"):
            query = dict(urllib.parse.parse_qsl(query))
            return self.api(exchange, path[len("/api/v1/"):], query)
        if path == "/metrics":
            return self.send(exchange, 200, b"# none\n", "text/plain")
        file = WEB / PAGES.get(path, path[1:])
        if file.parent != WEB or file.suffix not in TYPES or \
                not file.is_file():
            return self.send(exchange, 404, b"Not found\n", "text/plain")
        return self.send(exchange, 200, file.read_bytes(),
                         f"{TYPES[file.suffix]}; charset=utf-8",
                         self.headers)

    def send(self, exchange, status, body, content_type, headers=None):
        exchange.send_response(status)
        exchange.send_header("Content-Type", content_type)
        exchange.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            exchange.send_header(name, value)
        exchange.end_headers()
        exchange.wfile.write(body)

    def json(self, exchange, body, status=200, headers=None):
        text = json.dumps(body).encode("utf-8")
        self.send(exchange, status, text, "application/json", headers)

    def api(self, exchange, path, query):
        if path == "status":
            return self.json(exchange, {
                "version": "0.1.0", "revision": "4280a6c0d1e2f3a4b5",
                "modules": ["smtp", "submission", "submissions"],
                "targets": len(self.targets), "endpoints": len(self.targets),
                "notices": self.notices, "on_demand": self.on_demand})
        if path == "targets":
            return self.json(exchange, self.list(query))
        if path == "probe":
            return self.probe(exchange, query)
        with self.lock:
            target = self.targets.get(path.removeprefix("targets/"))
        if target is None:
            return self.json(exchange, {"error": "no such target"}, 404)
        return self.json(exchange, {"as_of": time.time(), "target": target})

    def list(self, query):
        since = float(query.get("since", 0))
        with self.lock:
            chosen = [
                world.summary(target) for key, target in self.targets.items()
                if self.changed[key] > since
                and query.get("target", target["target"]) == target["target"]
                and query.get("module", target["module"]) == target["module"]]
            return {"as_of": time.time(), "total": len(self.targets),
                    "targets": chosen}

    def probe(self, exchange, query):
        name = query.get("target", "")
        if name in REFUSALS:
            status, error, wait = REFUSALS[name]
            headers = {"Retry-After": str(wait)} if wait else None
            return self.json(exchange, {"error": error}, status, headers)
        if name.startswith("slow"):
            self.wait_for_hang_up(exchange)
            return None
        place = world.good_place("192.0.2.99", name, age=0)
        for absent in ("history", "smtp_probes_total",
                       "smtp_probe_failures_total"):
            place.pop(absent)
        place["transcripts"] = {"latest": place["transcripts"]["latest"]}
        target = world.target(name, [place], kind=query.get("kind", "host"),
                              module=query.get("module", "smtp"))
        del target["id"]
        return self.json(exchange, {"as_of": time.time(), "target": target})

    def wait_for_hang_up(self, exchange):
        """Answers never; tells when the client has given up."""
        exchange.connection.settimeout(60)
        try:
            exchange.connection.recv(1)
        except OSError:
            pass
        exchange.close_connection = True
        self.cancelled.set()


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "ordinary"
    targets = {"ordinary": world.ordinary, "hostile": world.hostile,
               "many": lambda: world.many(10000)}[kind]()
    mock = MockDaemon(targets, [
        "From here no port 25 answers: the fault is most likely here."])
    print(mock.url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
