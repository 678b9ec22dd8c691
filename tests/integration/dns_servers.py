"""A DNS of the test's own: an authoritative server (NSD) with its zones, and a
resolver (Unbound) in front of it, each in a jail, on loopback addresses and
ports of their own."""

import errno
import ipaddress
import itertools
import os
import socket
import struct
import time

from harness import PATIENCE
from jailed_server import JailedServer, own_address

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "AAAA": 28}
CODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
_query_ids = itertools.count(1)
_serials = itertools.count(1)


def own_block():
    """"127.64.3.": the first three parts of loopback addresses that nothing
    else here uses."""
    return own_address().rsplit(".", 1)[0] + "."


def free_port(*addresses):
    """A port that is free on all of `addresses`, for UDP and TCP. Below those
    that the system gives to clients, which could take it meanwhile."""
    for port in range(20000 + os.getpid() * 7 % 10000, 32768):
        if all(_is_free(address, port) for address in addresses):
            return port
    raise AssertionError(f"no free port on {addresses}")


def _is_free(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                return False
    return True


def reverse_name(address):
    """The name of an address's PTR records, without the last dot."""
    return ipaddress.ip_address(address).reverse_pointer


def _encode(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("ascii")
                    for label in labels) + b"\0"


def ask(address, port, name, kind, seconds=2):
    """Asks a server over UDP: (code, answers, the bytes of the reply); None
    when it says nothing. For the tests' own needs: neither TCP nor EDNS."""
    query_id = next(_query_ids) % 65536
    query = struct.pack("!6H", query_id, 0x0100, 1, 0, 0, 0)
    query += _encode(name) + struct.pack("!2H", TYPES[kind], 1)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as link:
        link.settimeout(seconds)
        try:
            link.connect((address, port))
            link.send(query)
            reply = link.recv(65535)
        except OSError:  # Silence, or nobody there yet.
            return None
    got_id, flags, _, answers = struct.unpack("!4H", reply[:8])
    assert got_id == query_id, reply
    return CODES.get(flags & 15, flags & 15), answers, reply


class _DnsServer(JailedServer):
    """`control("reload")` has the server's own control program say that."""

    binary = control_program = configuration = ""

    def command(self):
        # The server is the one whose end ends the jail.
        return ["/bin/sh", "-c", f"""
conf=/mnt/{self.configuration}
while read -r words </mnt/control; do
  {self.control_program} -c $conf $words >/mnt/reply.new 2>&1
  mv /mnt/reply.new /mnt/reply
done &
exec {self.binary} -d -c $conf
"""]

    def control(self, words):
        """What the control program answered."""
        reply = self.directory / "reply"
        reply.unlink(missing_ok=True)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                pipe = os.open(self.directory / "control",
                               os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
            self._check_time(deadline, words)
        with os.fdopen(pipe, "w", encoding="ascii") as commands:
            commands.write(words + "\n")
        while not reply.exists():
            self._check_time(deadline, words)
        return reply.read_text(encoding="utf-8")

    def _check_time(self, deadline, words):
        assert time.monotonic() < deadline, \
            f"{self.binary} does not {words}:\n{self.output()}"
        time.sleep(0.02)

    def setup(self):
        os.mkfifo(self.directory / "control")
        return "test -d /run\n"


class Nsd(_DnsServer):
    """The authoritative server. `zones`: {name: records in the form of zone
    files, without SOA and NS}."""

    package = "nsd"
    binary = "/usr/sbin/nsd"
    control_program = "/usr/sbin/nsd-control"
    configuration = "nsd.conf"

    def __init__(self, zones, address, port):
        super().__init__()
        self.address = address
        self.port = port
        self._zones = dict(zones)

    def setup(self):
        (self.directory / "zones").mkdir()
        for name, records in self._zones.items():
            self._write_zone(name, records)
        self.write("nsd.conf", f"""
server:
  ip-address: {self.address}@{self.port}
  username: ""
  chroot: ""
  database: ""
  pidfile: ""
  zonesdir: "/mnt/zones"
  zonelistfile: "/tmp/zone.list"
  xfrdfile: "/tmp/xfrd.state"
  xfrdir: "/tmp"
  server-count: 1
  rrl-ratelimit: 0
  verbosity: 1
remote-control:
  control-enable: yes
  control-interface: /run/nsd.ctl
""" + "".join(f'zone:\n  name: "{name}"\n  zonefile: "{name}"\n'
              for name in self._zones))
        return super().setup()

    def _write_zone(self, name, records):
        """Its serial."""
        serial = next(_serials)
        # Denials are kept for as long as the SOA says: a second.
        text = (f"$ORIGIN {name}.\n$TTL 300\n"
                f"@ 1 IN SOA ns.{name}. root.{name}. ({serial} 3600 600 "
                f"86400 1)\n@ IN NS ns.{name}.\n"
                f"ns IN A {self.address}\n{records}\n")
        new = self.directory / f"{name}.new"
        new.write_text(text, encoding="latin-1")
        new.rename(self.directory / "zones" / name)
        return serial

    def edit(self, name, records):
        """Replaces a zone's records, and waits until they are served."""
        serial = self._write_zone(name, records)
        self.control("reload")
        deadline = time.monotonic() + PATIENCE
        while not self._serves(name, serial):
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)

    def _serves(self, name, serial):
        answer = ask(self.address, self.port, name, "SOA", seconds=0.5)
        return (answer is not None and answer[:2] == ("NOERROR", 1) and
                struct.pack("!2I", serial, 3600) in answer[2])


class Unbound(_DnsServer):
    """The resolver. `zones`: their names, all at `authority`; all others are
    refused. `settings`: more lines of its server clause. `addresses`: where it
    listens, all at `port`.

    Everything under `invalid.` gets SERVFAIL: it is said to be at `authority`
    too, which does not have it.
    """

    package = "unbound"
    binary = "/usr/sbin/unbound"
    control_program = "/usr/sbin/unbound-control"
    configuration = "unbound.conf"

    def __init__(self, zones, authority, addresses, port, settings=""):
        super().__init__()
        self.address = addresses[0]
        self.port = port
        self._addresses = addresses
        self._authority = authority
        self._zones = list(zones)
        self._settings = settings

    def setup(self):
        interfaces = "".join(f"  interface: {address}@{self.port}\n"
                             for address in self._addresses)
        # Nothing leaves this machine: all other names are refused, and so are
        # loopback's, for which it would answer by itself.
        kinds = dict.fromkeys(["", reverse_name("::1"), "127.in-addr.arpa"],
                              "always_refuse")
        kinds |= dict.fromkeys([*self._zones, "invalid"], "transparent")
        opened = "".join(f'  local-zone: "{name}." {kind}\n'
                         for name, kind in kinds.items())
        stubs = "".join(
            f'stub-zone:\n  name: "{name}"\n  stub-addr: '
            f"{self._authority[0]}@{self._authority[1]}\n  stub-prime: no\n"
            for name in [*self._zones, "invalid"])
        self.write("unbound.conf", f"""
server:
{interfaces}{opened}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: ""
  pidfile: ""
  use-syslog: no
  num-threads: 1
  outgoing-range: 256
  do-not-query-localhost: no
  module-config: "iterator"
  extended-statistics: yes
  log-queries: yes
  # As the DNS flag day of 2020 has it: more than this needs TCP.
  edns-buffer-size: 1232
  max-udp-size: 1232
{self._settings}
remote-control:
  control-enable: yes
  control-interface: /run/unbound.ctl
  control-use-cert: no
{stubs}""")
        return super().setup()

    def statistics(self):
        """{name: value}, since the start."""
        lines = self.control("stats_noreset").splitlines()
        return {name: float(value) for name, value
                in (line.split("=") for line in lines if "=" in line)}

    def queries(self, name, kind):
        """How often it was asked about `name`."""
        return self.output().count(f" {name}. {kind} IN")


class Dns:
    """NSD at `block`53 and Unbound at `block`54, both with `zones`. `also`:
    further addresses of Unbound's; `settings` are Unbound's, too."""

    def __init__(self, zones, block, also=(), settings="", port=None):
        authority = f"{block}53"
        addresses = [f"{block}54", *also]
        port = port or free_port(authority, *addresses)
        self.authority = Nsd(zones, authority, port)
        self.resolver = Unbound(zones, (authority, port), addresses, port,
                                settings)
        self.port = port

    @property
    def servers(self):
        """For `dns: {servers: ...}`."""
        return [self.resolver.target]

    def edit(self, zone, records):
        """Replaces a zone's records; who asks gets the new ones from now on."""
        self.authority.edit(zone, records)
        self.resolver.control(f"flush_zone {zone}")

    def ask(self, name, kind, seconds=2):
        return ask(self.resolver.address, self.port, name, kind, seconds)

    def __enter__(self):
        self.authority.__enter__()
        try:
            self.resolver.__enter__()
        except BaseException:
            self.authority.stop()
            raise
        return self

    def __exit__(self, *unused):
        self.resolver.stop()
        self.authority.stop()
