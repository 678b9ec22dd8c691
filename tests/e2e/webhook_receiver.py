"""Who is paged: receives Alertmanager's webhooks and remembers them."""

import dataclasses
import http.server
import json
import threading
import time


@dataclasses.dataclass(frozen=True)
class Notification:
    """One message to somebody. `alerts` are those that it is about, each
    (alertname, labels, "firing" or "resolved")."""

    receiver: str
    status: str  # "firing" while one of its alerts is.
    group: dict  # The labels that its alerts share by group_by.
    alerts: tuple
    at: float  # time.monotonic()

    def __str__(self):
        lines = [f"{self.receiver}: {self.status} {self.group}"]
        for name, labels, status in self.alerts:
            lines.append(f"    {status} {name} {labels}")
        return "\n".join(lines)


class WebhookReceiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    class Exchange(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            self.server.remember(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *unused):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Exchange)
        self._grown = threading.Condition()
        self._notifications = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return "127.0.0.1:{}".format(self.server_address[1])

    def remember(self, message):
        alerts = []
        for alert in message["alerts"]:
            labels = dict(alert["labels"])
            alerts.append((labels.pop("alertname"), labels, alert["status"]))
        with self._grown:
            self._notifications.append(Notification(
                message["receiver"], message["status"],
                message["groupLabels"],
                tuple(sorted(alerts, key=str)), time.monotonic()))
            self._grown.notify_all()

    def notifications(self):
        with self._grown:
            return list(self._notifications)

    def wait_for(self, condition, seconds):
        """Until `condition` holds for what has arrived, or `seconds` have
        passed: whether it holds."""
        with self._grown:
            return self._grown.wait_for(
                lambda: condition(list(self._notifications)), seconds)

    def __exit__(self, *unused):
        self.shutdown()
        self.server_close()
