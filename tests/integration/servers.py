"""The real mail servers that the tests talk to, each in a jail of its own."""

import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import lacking
from jailed_server import HERE, JailedServer, add_user

class Postfix(JailedServer):
    """smtpd(8), or postscreen(8) in front of it."""

    package = "postfix"
    log_file = "mail.log"

    def __init__(self, settings=None, postscreen=False, **keys):
        """`settings`: lines of main.cf, {name: value}."""
        super().__init__(**keys)
        self._settings = settings or {}
        self._postscreen = postscreen

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
        if self._identities:
            settings |= {
                # Each file a key and then its certificates.
                "smtpd_tls_chain_files": ", ".join(
                    f"{key}, {certificate}"
                    for certificate, key in self.copy_identities()),
                "smtpd_tls_security_level": "may",
                "smtpd_tls_loglevel": "1",
            }
        if self._client_roots:
            settings["smtpd_tls_CAfile"] = "/mnt/clients.pem"
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
        if self._identities:
            services.append(f"{self.address}:{self.tls_port} inet n - n - - "
                            "smtpd -o smtpd_tls_wrappermode=yes")
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
        users = add_user("postfix", 64101, "postdrop")
        return users + self.guard_keys() + """
cp /mnt/main.cf /mnt/master.cf /etc/postfix/
cp /usr/share/postfix/makedefs.out /usr/share/postfix/dynamicmaps.cf \
  /etc/postfix/
rm -rf /var/spool/postfix /var/lib/postfix
mkdir -p /var/spool/postfix /var/lib/postfix
chown postfix /var/lib/postfix
"""

    def command(self):
        return ["/usr/sbin/postfix", "start-fg"]

    def change(self, settings):
        """Other values of main.cf, for conversations from now on."""
        self.run_inside("/usr/sbin/postconf", "-e", *(
            f"{name}={value}" for name, value in settings.items()))
        # Of a file that is younger than two seconds Postfix thinks that somebody
        # writes it still, and waits.
        self.run_inside("/bin/touch", "-d", "1 minute ago",
                        "/etc/postfix/main.cf")
        self._reload()

    def change_identity(self, certificate, key):
        """Another certificate in the place of the first."""
        # Root's is the file, and root's it stays.
        for source, name in [(certificate, "0.crt"), (key, "0.key")]:
            shutil.copy(source, self.directory / f"new-{name}")
            self.run_inside("/bin/cp", f"/mnt/new-{name}", f"/mnt/{name}")
        self._reload()

    def _reload(self):
        # What `postfix reload` does after a second of checks and sleep.
        self.run_inside(
            "/bin/sh", "-euc",
            "kill -HUP $(head -1 /var/spool/postfix/pid/master.pid)")


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

    def __init__(self, settings="", acls="", authenticators="",
                 log_selector="+all -pid", **keys):
        """Pieces of the configuration: main options, more ACLs (after `begin
        acl`), authenticators."""
        super().__init__(**keys)
        self._settings = settings
        self._acls = acls
        self._log_selector = log_selector
        self._authenticators = authenticators

    def setup(self):
        ports, tls = str(self.port), ""
        if self._identities:
            ports += f" : {self.tls_port}"
            certificates, keys = zip(*self.copy_identities())
            tls = (f"tls_on_connect_ports = {self.tls_port}\n"
                   f"tls_certificate = {' : '.join(certificates)}\n"
                   f"tls_privatekey = {' : '.join(keys)}\n")
        self.write("exim.conf", f"""
primary_hostname = mail.example.com
local_interfaces = {self.address}
daemon_smtp_ports = {ports}
{tls}
spool_directory = /var/spool/exim4
log_file_path = /mnt/exim/%s.log
pid_file_path =
exim_user = Debian-exim
exim_group = Debian-exim
never_users = root
host_lookup =
rfc1413_query_timeout = 0s
log_selector = {self._log_selector}
acl_smtp_rcpt = refuse
{self._settings}
begin acl
refuse:
  deny
{self._acls}
begin authenticators
{self._authenticators}
""")
        user = add_user("Debian-exim", 64111)
        return user + self.guard_keys("Debian-exim") + """
mkdir -p /var/spool/exim4 /mnt/exim /etc/exim4
cp /mnt/exim.conf /etc/exim4/exim4.conf
chown root:root /etc/exim4/exim4.conf
chmod 644 /etc/exim4/exim4.conf
chown Debian-exim:Debian-exim /var/spool/exim4 /mnt/exim
"""

    def command(self):
        return ["/usr/sbin/exim4", "-bdf"]


@functools.cache
def _scratch():
    return tempfile.TemporaryDirectory(prefix="smtp-servers-")


@functools.cache
def opensmtpd_keys():
    """The library of opensmtpd_keys.cc, which says why."""
    library = pathlib.Path(_scratch().name) / "keys.so"
    try:
        subprocess.run(
            [os.environ.get("CXX", "c++"), "-shared", "-fPIC",
             "-Wno-deprecated-declarations", "-o", library,
             HERE / "opensmtpd_keys.cc", "-lcrypto"],
            check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise lacking(f"no opensmtpd_keys: {error}") from error
    return library


class OpenSmtpd(JailedServer):
    package = "opensmtpd"

    def __init__(self, settings="", listen="", starttls="tls", **keys):
        """`settings`: lines of smtpd.conf before the listeners, whose options
        are `listen`; `starttls`: how the one without TLS offers it."""
        super().__init__(**keys)
        self._settings = settings
        self._listen = listen
        self._starttls = starttls

    def setup(self):
        # smtpd chooses among the certificates by their name in smtpd.conf.
        pki = [f'pki "mx{index}" cert "{certificate}"\n'
               f'pki "mx{index}" key "{key}"\n'
               for index, (certificate, key)
               in enumerate(self.copy_identities())]
        clear, tls = self._listener(self.port, ""), ""
        if pki:
            clear = self._listener(self.port, f"{self._starttls} pki mx0")
            tls = self._listener(self.tls_port, "smtps pki mx0")
        self.write("smtpd.conf", f"""
{"".join(pki)}
{self._settings}
{clear}
{tls}
action "drop" mda "/bin/true"
match from any for domain "example.com" action "drop"
""")
        users = add_user("opensmtpd", 64121) + add_user("opensmtpq", 64123)
        if pki:
            shutil.copy(opensmtpd_keys(), self.directory / "keys.so")
        return users + self.guard_keys() + """
cp /mnt/smtpd.conf /etc/smtpd.conf
chmod 644 /etc/smtpd.conf
mkdir -p /var/spool/smtpd /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd
"""

    def _listener(self, port, options):
        return (f"listen on {self.address} port {port} {options} "
                f"{self._listen} hostname mail.example.com")

    def command(self):
        preload = []
        if self._identities:
            preload = ["/usr/bin/env", "LD_PRELOAD=/mnt/keys.so"]
        return [*preload, "/usr/sbin/smtpd", "-d", "-v"]


class Dovecot(JailedServer):
    """Its submission service, which asks another server only after AUTH."""

    package = "dovecot"
    log_file = "dovecot.log"

    def __init__(self, settings="", **keys):
        """`settings`: more lines of dovecot.conf."""
        super().__init__(**keys)
        self._settings = settings

    def setup(self):
        tls, tls_listener = "ssl = no", ""
        if self._identities:
            (certificate, key), = self.copy_identities()
            tls = f"ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}"
            tls_listener = f"""
  inet_listener submissions {{
    port = {self.tls_port}
    ssl = yes
  }}"""
        self.write("dovecot.conf", f"""
protocols = submission
listen = {self.address}
hostname = mail.example.com
log_path = /mnt/dovecot.log
base_dir = /run/dovecot
state_dir = /run/dovecot
{tls}
disable_plaintext_auth = yes
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = /mnt/no-users
}}
userdb {{
  driver = passwd-file
  args = /mnt/no-users
}}
submission_relay_host = 127.0.0.1
submission_relay_port = 9
service submission-login {{
  inet_listener submission {{
    port = {self.port}
  }}{tls_listener}
}}
{self._settings}
""")
        self.write("no-users", "")
        users = add_user("dovecot", 64131) + add_user("dovenull", 64133)
        return users + self.guard_keys() + """
rm -rf /etc/dovecot
mkdir -p /etc/dovecot
cp /mnt/dovecot.conf /etc/dovecot/
chmod 644 /etc/dovecot/dovecot.conf
"""

    def command(self):
        return ["/usr/sbin/dovecot", "-F"]
