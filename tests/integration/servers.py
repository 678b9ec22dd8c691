"""Real mail servers on loopback: Postfix, its smtp-sink, Exim, OpenSMTPD.

Each runs in the foreground in a root directory of its own (see jail) on a
loopback address of its own, so that it never meets the machine's.
"""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time

import fetch_servers
from harness import lacking

HERE = pathlib.Path(__file__).resolve().parent
PORT = 2525
START_SECONDS = 30  # A cold start on a busy machine under test.
LOG_SECONDS = 10
CANNOT = 75  # jail's exit code.
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]


def own_address():
    """A loopback address that nothing else here uses."""
    while True:
        address = "127.{}.{}.{}".format(
            random.randint(64, 250), random.randint(1, 254),
            random.randint(1, 254))
        with socket.socket() as probe:
            # Listeners on 0.0.0.0 have every address.
            if probe.connect_ex((address, PORT)) != 0:
                return address


def add_user(name, uid, *groups):
    """Shell lines that add a user to the jail, unless the machine has it."""
    lines = [
        f"getent group {name} >/dev/null || "
        f"echo '{name}:x:{uid}:' >>/etc/group",
        f"getent passwd {name} >/dev/null || "
        f"echo '{name}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin' "
        ">>/etc/passwd",
    ]
    for offset, group in enumerate(groups, 1):
        lines.append(f"getent group {group} >/dev/null || "
                     f"echo '{group}:x:{uid + offset}:' >>/etc/group")
    return "\n".join(lines) + "\n"


def make_certificate(directory, name):
    """A self-signed certificate; returns (certificate, key) file names."""
    certificate = pathlib.Path(directory) / "server.crt"
    key = pathlib.Path(directory) / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
         "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate.name, key.name


class JailedServer:
    """A server in a jail. Subclasses say what to run.

    `with Postfix({...}) as server:` starts it and waits until it accepts
    connections on `server.address`, port `server.port`.
    """

    package = ""  # A key of fetch_servers.PACKAGES.
    # Where it logs, under /mnt in the jail; by default what it prints.
    log_file = "output.log"

    def __init__(self):
        self.address = own_address()
        self.port = PORT
        self._directory = None
        self._process = None

    @property
    def target(self):
        return f"{self.address}:{self.port}"

    @property
    def directory(self):
        """Seen as /mnt in the jail."""
        return pathlib.Path(self._directory.name)

    def setup(self):
        """Shell script to run inside the jail before the server."""
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def write(self, name, text):
        (self.directory / name).write_text(text, encoding="utf-8")

    def log(self):
        return self._read(self.log_file)

    def log_until(self, condition):
        """The log once `condition` holds for it, or else as it is after some
        seconds: a server may write the last line after its last reply."""
        deadline = time.monotonic() + LOG_SECONDS
        while not condition(log := self.log()):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return log

    def output(self):
        return self._read("output.log")

    def _read(self, name):
        """"" while it is not there. Under sudo it may be root's alone."""
        done = subprocess.run([*SUDO, "cat", self.directory / name],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False)
        return done.stdout.decode("utf-8", errors="replace")

    def __enter__(self):
        if SUDO and shutil.which("sudo") is None:
            raise lacking("a mail server needs root or sudo")
        try:
            packages = fetch_servers.fetch(self.package)
        except (fetch_servers.Unavailable, OSError) as error:
            raise lacking(f"no {self.package}: {error}") from error
        self._directory = tempfile.TemporaryDirectory(prefix="smtp-server-")
        os.chmod(self.directory, 0o755)
        setup = self.setup()
        with open(self.directory / "output.log", "wb") as output:
            self._process = subprocess.Popen(
                [*SUDO, "unshare", "--mount", "--pid", "--fork",
                 "--kill-child", "--propagation", "private", HERE / "jail",
                 self.directory, setup, *packages, "--", *self.command()],
                stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT)
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_until_it_listens(self):
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            code = self._process.poll()
            if code == CANNOT or (code is not None and os.geteuid() != 0):
                raise lacking(
                    f"no root directory of its own: {self.output()}")
            if code is not None or time.monotonic() > deadline:
                raise AssertionError(
                    f"{type(self).__name__} did not start (exit code {code}):"
                    f"\n{self.output()}\n{self.log()}")
            time.sleep(0.02)

    def _listens(self):
        """Looks without connecting: some servers count connections."""
        quad = bytes(map(int, self.address.split(".")))[::-1].hex().upper()
        wanted = f"{quad}:{self.port:04X}"
        with open("/proc/net/tcp", encoding="ascii") as table:
            return any(
                line.split()[1] == wanted and line.split()[3] == "0A"
                for line in list(table)[1:])

    def stop(self):
        if self._process is not None:
            self._process.stdin.close()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._directory is not None:
            if SUDO:  # Some of it is the server's.
                subprocess.run([*SUDO, "chown", "-R", str(os.geteuid()),
                                self.directory], check=False)
            self._directory.cleanup()
            self._directory = None

    def __exit__(self, *unused):
        self.stop()


class Postfix(JailedServer):
    """smtpd(8), or postscreen(8) in front of it."""

    package = "postfix"
    log_file = "mail.log"

    def __init__(self, settings=None, postscreen=False, certificate=False):
        """`settings`: lines of main.cf, {name: value}."""
        super().__init__()
        self._settings = settings or {}
        self._postscreen = postscreen
        self._certificate = certificate

    def setup(self):
        settings = {
            "compatibility_level": "3.6",
            "maillog_file": "/mnt/mail.log",
            "maillog_file_prefixes": "/mnt",
            "myhostname": "mail.example.com",
            "mydestination": "example.com",
            "inet_protocols": "ipv4",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            # The tests' own address is 127.0.0.1, which is excepted.
            "smtpd_client_event_limit_exceptions": "",
        }
        if self._certificate:
            certificate, key = make_certificate(self.directory,
                                                "mail.example.com")
            settings |= {
                "smtpd_tls_cert_file": f"/mnt/{certificate}",
                "smtpd_tls_key_file": f"/mnt/{key}",
                "smtpd_tls_security_level": "may",
            }
        settings |= self._settings
        self.write("main.cf", "".join(
            f"{name} = {value}\n" for name, value in settings.items()))
        inlet = f"{self.address}:{self.port} inet n - n - "
        if self._postscreen:
            services = [inlet + "1 postscreen", "smtpd pass - - n - - smtpd",
                        "dnsblog unix - - n - 0 dnsblog",
                        "tlsproxy unix - - n - 0 tlsproxy"]
        else:
            services = [inlet + "- smtpd"]
        services += [
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "error unix - - n - - error",
            "discard unix - - n - - discard",
            "anvil unix - - n - 1 anvil",
            "postlog unix-dgram n - n - 1 postlogd",
        ]
        self.write("master.cf", "".join(line + "\n" for line in services))
        return add_user("postfix", 64101, "postdrop") + """
cp /mnt/main.cf /mnt/master.cf /etc/postfix/
cp /usr/share/postfix/makedefs.out /usr/share/postfix/dynamicmaps.cf \
  /etc/postfix/
rm -rf /var/spool/postfix /var/lib/postfix
mkdir -p /var/spool/postfix /var/lib/postfix
chown postfix /var/lib/postfix
"""

    def command(self):
        return ["/usr/sbin/postfix", "start-fg"]


class SmtpSink(JailedServer):
    """Postfix's test server, with its options for faults."""

    package = "postfix"

    def __init__(self, *options):
        super().__init__()
        self._options = options

    def setup(self):
        return """
mkdir -p /etc/postfix
echo 'compatibility_level = 3.6' >/etc/postfix/main.cf
"""

    def command(self):
        return ["/usr/sbin/smtp-sink", "-u", "nobody", *self._options,
                self.target, "100"]


class Exim(JailedServer):
    package = "exim"
    log_file = "exim/main.log"

    def __init__(self, settings="", acls="", authenticators=""):
        """Pieces of the configuration: main options, more ACLs (after `begin
        acl`), authenticators."""
        super().__init__()
        self._settings = settings
        self._acls = acls
        self._authenticators = authenticators

    def setup(self):
        self.write("exim.conf", f"""
primary_hostname = mail.example.com
local_interfaces = {self.address}
daemon_smtp_ports = {self.port}
spool_directory = /var/spool/exim4
log_file_path = /mnt/exim/%s.log
pid_file_path =
exim_user = Debian-exim
exim_group = Debian-exim
never_users = root
host_lookup =
rfc1413_query_timeout = 0s
log_selector = +all -pid
acl_smtp_rcpt = refuse
{self._settings}
begin acl
refuse:
  deny
{self._acls}
begin authenticators
{self._authenticators}
""")
        return add_user("Debian-exim", 64111) + """
mkdir -p /var/spool/exim4 /mnt/exim /etc/exim4
cp /mnt/exim.conf /etc/exim4/exim4.conf
chown root:root /etc/exim4/exim4.conf
chmod 644 /etc/exim4/exim4.conf
chown Debian-exim:Debian-exim /var/spool/exim4 /mnt/exim
"""

    def command(self):
        return ["/usr/sbin/exim4", "-bdf"]


class OpenSmtpd(JailedServer):
    package = "opensmtpd"

    def __init__(self, settings="", listen=""):
        """`settings`: lines of smtpd.conf before the listener, whose options
        are `listen`."""
        super().__init__()
        self._settings = settings
        self._listen = listen

    def setup(self):
        self.write("smtpd.conf", f"""
{self._settings}
listen on {self.address} port {self.port} {self._listen} hostname mail.example.com
action "drop" mda "/bin/true"
match from any for domain "example.com" action "drop"
""")
        users = add_user("opensmtpd", 64121) + add_user("opensmtpq", 64123)
        return users + """
cp /mnt/smtpd.conf /etc/smtpd.conf
chmod 644 /etc/smtpd.conf
mkdir -p /var/spool/smtpd /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd
"""

    def command(self):
        return ["/usr/sbin/smtpd", "-d", "-v"]
