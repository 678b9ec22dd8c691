"""As much of Dovecot's authentication service as smtpd needs to know which
mechanisms it may offer."""

import socketserver
import threading

from jailed_server import own_address


class SaslStub(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    MECHANISMS = ("PLAIN", "LOGIN")

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            lines = ["VERSION\t1\t1"]
            lines += [f"MECH\t{m}\tplaintext" for m in SaslStub.MECHANISMS]
            lines += ["SPID\t1", "CUID\t1", "COOKIE\t0123456789abcdef",
                      "DONE"]
            self.wfile.write("".join(l + "\n" for l in lines).encode())
            while self.rfile.readline():
                pass

    def __init__(self):
        super().__init__((own_address(), 0), self.Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def settings(self):
        """Lines of main.cf, {name: value}."""
        return {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot",
                "smtpd_sasl_path": "inet:{}:{}".format(*self.server_address)}

    def __exit__(self, *unused):
        self.shutdown()
        self.server_close()
