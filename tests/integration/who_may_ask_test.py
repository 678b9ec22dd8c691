#!/usr/bin/env python3
"""Tests on demand are no way into the network of whoever runs the daemon, nor
do their answers tell what is there."""

import contextlib
import re
import socket
import struct
import threading
import unittest
import urllib.parse

from dns_servers import TYPES, Unbound, free_port, own_block
from harness import MailSim, Page, Prober, check_page, config
from mail_site import IP6, Site, has_ip6

# Servers .14 and ::1 are open where nobody may come, .15 is closed.
ZONES = {"example": """
ok       A %11
both     A %11
both     A %14
inside   A %14
closed   A %15
inside6  AAAA ::1
alias    CNAME inside
chain    CNAME alias
zero     A 0.0.0.0
loopback A 127.0.0.1
metadata A 169.254.169.254
ten      A 10.0.0.1
shared   A 100.64.0.1
seventy  A 172.16.0.1
home     A 192.168.0.1
group    A 224.0.0.1
all      A 255.255.255.255
any6     AAAA ::
mapped   AAAA ::ffff:127.0.0.1
nat64    AAAA 64:ff9b::7f00:1
link6    AAAA fe80::1
unique6  AAAA fd00::1
group6   AAAA ff02::1
mixed    A %14
mixed    AAAA ::1
mx-in    MX 10 inside
mx-chain MX 10 chain
mx-many  MX 10 closed
mx-many  MX 20 inside6
mx-many  MX 30 nowhere
mx-text  MX 10 127.0.0.1.
mx-half  MX 10 ok
mx-half  MX 20 inside
"""}
# Names that lead to where nobody may come, and one that leads nowhere; the
# latter is what they all have to look like.
HOSTS = ["inside", "closed", "inside6", "alias", "chain", "zero", "loopback",
         "metadata", "ten", "shared", "seventy", "home", "group", "all", "any6",
         "mapped", "nat64", "link6", "unique6", "group6", "mixed"]
DOMAINS = ["mx-in", "mx-chain", "mx-many", "inside"]
NOWHERE = "nowhere"

# Addresses as they are written, where they are no text for a host name.
LITERALS = ["0.0.0.0", "127.0.0.1", "127.255.255.254", "10.0.0.1",
            "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1",
            "224.0.0.1", "255.255.255.255", "[::]", "[::1]", "[::127.0.0.1]",
            "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]",
            "[::ffff:0.0.0.0]", "[::ffff:169.254.169.254]",
            "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
            "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[fe80::1]",
            "[fec0::1]", "[fd00::1]", "[ff02::1]", "[2001:db8::1]"]
# Nor is any of these an address: as one, or as a name that a resolver would
# take for one.
MALFORMED = [
    "0x7f.0.0.1", "0x7f000001", "0x7F.1", "0177.0.0.1", "017700000001",
    "127.0.0.01", "2130706433", "127.1", "127.0.1", "0", "127.0.0.1.",
    "127.0.0.256", "127.0.0.1.1", "1.2.3.4.5", "a.0x7f", "[127.0.0.1]",
    "[::1", "[::1%lo]", "[fe80::1%25eth0]", "[localhost]", "[::1]x",
    "\uff11\uff12\uff17.0.0.1",  # Digits that look like others become them,
    "127\u30020\u30020\u30021",  # and so does a full stop.
    "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:-1",
    "127.0.0.1:25:25", "127.0.0.1:0x19", "::1%lo", "-inside.example",
    "in..side.example", ".inside.example", "inside.example..",
    "inside.example:25\u0660", "x" * 64 + ".example", "a." * 127 + "example",
    "!", "*", "*.example", "inside.example;x", "inside.example,x", "a\\b",
    "a'b", 'a"b', "a<b>", "a&b", "a?b", "a#b", "a|b", "$(id)", "`id`",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") +
    "\u202e.example",
]
# What could end up in a command, a header or a log line.
NEITHER = ["inside.example\r\nRSET", "inside.example\n", "in side.example",
           " inside.example", "inside.example ", "\tinside.example",
           "inside\0.example", "\0", "inside.example\x7f", "\x1b[31m",
           "user@inside.example", "x@127.0.0.1", "inside.example/24",
           "//inside.example", "smtp://inside.example", "http://127.0.0.1/",
           "/etc/passwd", "a" * 513, "a" * 8000]


def query(path, **arguments):
    return f"{path}?{urllib.parse.urlencode(arguments)}"


def stable_headers(response):
    return sorted((name.lower(), value) for name, value
                  in response.headers.items() if name.lower() != "date")


class Counting:
    """Listens where nobody may come, and counts who comes."""

    def __init__(self, port, *addresses):
        self._sockets = []
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listener = socket.socket(family)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen()
            listener.setblocking(False)
            self._sockets.append(listener)

    def visitors(self):
        """Those since the last call; they wait in the listeners' queues."""
        count = 0
        for listener in self._sockets:
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    count += 1
        return count

    def close(self):
        for listener in self._sockets:
            listener.close()


class WhoMayAskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ZONES, {11: {"profile": {}}})
        cls.site.__enter__()
        cls.addClassCleanup(cls.site.__exit__)
        cls.counting = Counting(cls.site.port, "127.0.0.1",
                                cls.site.address(14), *[IP6] * has_ip6())
        cls.addClassCleanup(cls.counting.close)

    def prober(self, *targets, **on_demand):
        on_demand = {"ports": [self.site.port]} | on_demand
        return Prober(self.site.config(*targets, on_demand=on_demand,
                                       interval="5m"))

    def at_port(self, name):
        return f"{name}:{self.site.port}"

    def ask(self, prober, target, path="/probe", **arguments):
        return prober.get(query(path, target=target, **arguments))

    def tearDown(self):
        # Whatever a test asked.
        self.assertEqual(self.counting.visitors(), 0)

    def assert_idle(self, prober):
        """No conversation was ever begun."""
        page = prober.scrape()
        self.assertEqual(
            page.value("smtp_prober_schedule_lag_seconds_count"), 0)
        self.assertEqual(page.value("smtp_prober_probes_in_flight"), 0)

    def assert_forbidden(self, prober, targets, **arguments):
        """All get one and the same answer, to the byte."""
        targets = list(targets)
        for path, body in [
                ("/probe", b"this target is not permitted\n"),
                ("/api/v1/probe",
                 b'{"error":"this target is not permitted"}')]:
            first = None
            for target in targets:
                with self.subTest(target, path=path):
                    response = self.ask(prober, target, path, **arguments)
                    self.assertEqual(response.status, 403)
                    self.assertEqual(response.body, body)
                    first = first or stable_headers(response)
                    self.assertEqual(stable_headers(response), first)

    def questions(self):
        """How often the resolver was asked about strangers."""
        return sum(self.site.dns.resolver.queries(f"{name}.example", record)
                   for name in [*HOSTS, *DOMAINS, NOWHERE]
                   for record in ("A", "AAAA", "MX"))

    def test_by_default_nobody_but_the_configured(self):
        site = self.site
        target = {"host": "ok.example", "port": site.port}
        asked = self.questions()
        with self.prober(target) as prober:
            names = [f"{name}.example" for name in [*HOSTS, NOWHERE, "both"]]
            names += ["localhost", site.address(11), "xok.example",
                      "ok.example.evil.example", *LITERALS]
            self.assert_forbidden(prober, map(self.at_port, names))
            self.assert_forbidden(
                prober, [self.at_port(f"{name}.example") for name in DOMAINS],
                kind="domain")
            # The name is configured, another port or kind of it is not.
            self.assert_forbidden(prober, ["ok.example", "ok.example:26"])
            self.assert_forbidden(prober, [self.at_port("ok.example")],
                                  kind="domain")
            # A stranger's name is not even looked up.
            self.assertEqual(self.questions(), asked)
            for name in ("ok.example", "OK.Example", "ok.example."):
                response = self.ask(prober, self.at_port(name))
                self.assertEqual(response.status, 200)
                self.assertEqual(
                    Page(response.text).value("probe_success"), 1)

    def test_what_is_malformed_is_told_so(self):
        with self.prober(any=True, allow=["127.0.0.0/8", "::/0"]) as prober:
            for text in MALFORMED:
                with self.subTest(text):
                    response = self.ask(prober, text)
                    self.assertEqual(response.status, 400, response.text)
                    self.assertRegex(response.text, "^target: .*\n$")
            for text in NEITHER:
                with self.subTest(text):
                    response = self.ask(prober, text)
                    self.assertEqual(response.status, 400)
                    self.assertEqual(
                        response.text,
                        "target: is neither a host name nor an address\n")
                    response = self.ask(prober, "ok.example", hostname=text)
                    self.assertEqual(response.status, 400)
                    self.assertEqual(response.text,
                                     "hostname: is no host name\n")
            for text in ("127.0.0.1", "::1", "-a", "a_b.example/"):
                with self.subTest(text):
                    response = self.ask(prober, "ok.example", hostname=text)
                    self.assertEqual(response.status, 400)
            # Of two, somebody in front of us may have looked at the other.
            for twice in ("target=ok.example&target=inside.example",
                          "target=ok.example&hostname=a&hostname=b"):
                response = prober.get(f"/probe?{twice}")
                self.assertEqual(response.status, 400)
                self.assertIn("is given twice", response.text)
            # Not even an address that a name may not be written as.
            response = prober.get("/probe?target=%ff%fe.example")
            self.assertEqual(response.status, 400)
            self.assert_idle(prober)

    def test_a_network_lets_in_what_leads_into_it(self):
        site = self.site
        with self.prober(allow=[f"{site.address(11)}/32"]) as prober:
            # In whatever way a name is refused, it is refused alike: it does
            # not exist, or leads to an open or a closed port inside.
            self.assert_forbidden(prober, [
                self.at_port(f"{name}.example")
                for name in [NOWHERE, *HOSTS]] + [self.at_port("localhost")])
            self.assert_forbidden(prober, [
                self.at_port(f"{name}.example")
                for name in [NOWHERE, *DOMAINS, "mx-text"]], kind="domain")
            self.assert_forbidden(prober, map(self.at_port, LITERALS))
            self.assert_forbidden(prober, [site.address(11)])  # Port 25.
            self.assert_idle(prober)
            for name, kind in [("ok.example", "host"), ("both.example", "host"),
                               (site.address(11), "host"),
                               (f"[::ffff:{site.address(11)}]", "host"),
                               ("ok.example", "domain")]:
                with self.subTest(name, kind=kind):
                    response = self.ask(prober, self.at_port(name), kind=kind)
                    self.assertEqual(response.status, 200, response.text)
                    page = Page(response.text)
                    self.assertEqual(page.value("probe_success"), 1)
                    self.assertEqual(len(page.all("smtp_reachable")), 1)
            # Of a domain the hosts inside are not gone to, and not told of.
            response = self.ask(prober, self.at_port("mx-half.example"),
                                kind="domain")
            page = Page(response.text)
            self.assertEqual(page.failure(mx="inside.example"),
                             ("resolve", "no_address"))
            self.assertEqual(page.value("smtp_reachable", mx="ok.example"), 1)

    def normal(self, text, name):
        """Without times, and without the name itself."""
        return re.sub(r"\b[0-9]+(\.[0-9]+(e-?[0-9]+)?|e-?[0-9]+)\b", "TIME",
                      text.replace(name, "NAME"))

    def bodies(self, prober, name, **arguments):
        """What somebody learns who asks about a permitted name, in each form
        of the answer."""
        found = []
        for path, more in [("/probe", {}), ("/probe", {"debug": "true"}),
                           ("/api/v1/probe", {})]:
            response = self.ask(prober, self.at_port(name), path,
                                **arguments, **more)
            self.assertEqual(response.status, 200, response.text)
            found.append((response.headers["Content-Type"],
                          self.normal(response.text, name)))
        return found

    def test_a_permitted_name_tells_nothing_of_what_is_inside(self):
        for allowed in ({"any": True}, {"allow": ["*.example"]}):
            with self.prober(**allowed) as prober:
                self.assert_forbidden(prober, map(self.at_port, LITERALS))
                self.assert_forbidden(
                    prober, ["inside.example:22", "8.8.8.8:22"])
                for kind, names in [("host", HOSTS), ("domain", DOMAINS)]:
                    nowhere = self.bodies(prober, f"{NOWHERE}.example",
                                          kind=kind)
                    page = Page(self.ask(
                        prober, self.at_port(f"{NOWHERE}.example"),
                        kind=kind).text)
                    self.assertEqual(page.value("probe_success"), 0)
                    self.assertEqual(page.failure(), ("resolve", "no_address"))
                    check_page(page.text)
                    for name in names:
                        with self.subTest(name, kind=kind, allowed=allowed):
                            self.assertEqual(
                                self.bodies(prober, f"{name}.example",
                                            kind=kind), nowhere)
                if "any" in allowed:
                    # The hosts file is no way in either.
                    response = self.ask(prober, self.at_port("localhost"))
                    self.assertEqual(Page(response.text).failure(),
                                     ("resolve", "no_address"))
                self.assert_idle(prober)
                # Our own metrics do not tell it either: what was refused was
                # refused by its text.
                self.assertEqual(
                    prober.scrape().value(
                        "smtp_prober_on_demand_refusals_total",
                        reason="forbidden"), 2 * (len(LITERALS) + 2))

    def test_a_suffix_is_no_more_than_it_says(self):
        with self.prober(allow=["*.ok.example", "Both.Example."]) as prober:
            for name in ("a.ok.example", "A.OK.EXAMPLE", "a.ok.example.",
                         "a.b.ok.example", "both.example", "BOTH.example."):
                with self.subTest(name):
                    response = self.ask(prober, self.at_port(name))
                    self.assertEqual(response.status, 200)
            self.assert_forbidden(prober, [self.at_port(name) for name in (
                "ok.example", "evilok.example", "a-ok.example",
                "a.ok.example.evil.example", "a.ok.examples", "xboth.example",
                "a.both.example", "\u00f6k.example", "a.ok.\u0435xample")])
            self.assert_idle(prober)


class Flipping:
    """An authority for `name` whose answer is another one each time, with a
    TTL of 0."""

    def __init__(self, address, port, name, *answers):
        self._name = name.encode("ascii")
        self._answers = answers
        self.questions = 0
        self._link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._link.bind((address, port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                question, client = self._link.recvfrom(4096)
            except OSError:
                return
            self._link.sendto(self._reply(question), client)

    def _reply(self, question):
        end = question.index(b"\0", 12)
        labels, at = [], 12
        while at < end:
            labels.append(question[at + 1:at + 1 + question[at]])
            at += 1 + question[at]
        kind, = struct.unpack("!H", question[end + 1:end + 3])
        asked = question[12:end + 5]
        answer = b""
        if b".".join(labels).lower() == self._name and kind == TYPES["A"]:
            address = self._answers[self.questions % len(self._answers)]
            self.questions += 1
            answer = (b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, 4) +
                      socket.inet_aton(address))
        return (question[:2] + struct.pack(
            "!5H", 0x8400, 1, 1 if answer else 0, 0, 0) + asked + answer)

    def close(self):
        self._link.close()


class RebindingTest(unittest.TestCase):
    def test_what_was_judged_is_what_is_connected_to(self):
        block = own_block()
        authority, resolver = f"{block}53", f"{block}54"
        dns_port = free_port(authority, resolver)
        open_to_all, inside = f"{block}11", f"{block}14"
        port = free_port(open_to_all, inside)
        with contextlib.ExitStack() as stack:
            flipping = Flipping(authority, dns_port, "rebind.example",
                                open_to_all, inside)
            stack.callback(flipping.close)
            unbound = stack.enter_context(Unbound(
                ["example"], (authority, dns_port), [resolver], dns_port))
            sim = stack.enter_context(MailSim({"servers": [
                {"name": "mail", "listen": f"{open_to_all}:{port}",
                 "profile": {}}]}))
            counting = Counting(port, inside)
            stack.callback(counting.close)
            prober = stack.enter_context(Prober(config(
                dns={"servers": [unbound.target], "timeout": "2s"},
                on_demand={"allow": [f"{open_to_all}/32"], "ports": [port],
                           "rate": 1000})))
            path = query("/probe", target=f"rebind.example:{port}")
            answers = [prober.get(path) for _ in range(60)]
            statuses = [answer.status for answer in answers]
            self.assertEqual(set(statuses), {200, 403})
            # Each question was one of its own.
            self.assertGreaterEqual(flipping.questions, 60)
            for answer in answers:
                if answer.status != 200:
                    continue
                page = Page(answer.text)
                self.assertEqual(page.value("probe_success"), 1)
                self.assertEqual(
                    page.label_values("smtp_reachable", "address"),
                    [open_to_all])
            self.assertEqual(counting.visitors(), 0)
            talks = prober.until(sim.conversations, "conversations")
            self.assertTrue(talks)


if __name__ == "__main__":
    unittest.main()
