"""Mail servers and the DNS that leads to them, on a block of loopback
addresses: what the tests of names and domains share."""

import contextlib
import re

from dns_servers import Dns, free_port, own_block
from harness import MailSim, config, lacking

IP6 = "::1"  # The only IPv6 address that loopback has.
# Makes whatever asks wait for nothing: the prober's own time-out counts.
SILENT = "deny"
REFUSED = "always_refuse"


def has_ip6():
    try:
        free_port(IP6)
    except OSError:
        return False
    return True


class Site:
    """`zones`: {name: records}; `servers`: {number or IP6: an entry of a
    simulator's scenario, without name and address}. Server 11 listens on
    address .11 of the block, which records write as %11; all on `port`.
    `settings` are Unbound's, `also` its further addresses.
    """

    def __init__(self, zones, servers, settings="", also=()):
        if (IP6 in servers or IP6 in also) and not has_ip6():
            raise lacking("no ::1 on this machine")
        self.block = own_block()
        self.port = free_port(f"{self.block}1", *[IP6] * (IP6 in servers))
        self._servers = servers
        # Reverse zones, too, have names that the block decides.
        self._zones = {self.text(name): self.text(records)
                       for name, records in zones.items()}
        self._settings = self.text(settings)
        self._also = also
        self._stack = contextlib.ExitStack()
        self.sim = self.dns = None

    def text(self, text):
        """`text` with addresses for %11, their first parts reversed for
        %REVERSE."""
        reverse = ".".join(reversed(self.block.rstrip(".").split(".")))
        text = text.replace("%REVERSE", f"{reverse}.in-addr.arpa")
        return re.sub(r"%(\d+)", lambda match: self.block + match[1], text)

    def address(self, number):
        return number if number == IP6 else f"{self.block}{number}"

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            scenario = {"servers": [
                {"name": str(number), "listen": self._listen(number)} | entry
                for number, entry in self._servers.items()]}
            self.sim = stack.enter_context(MailSim(scenario))
            self.dns = stack.enter_context(
                Dns(self._zones, self.block, self._also, self._settings))
            self._stack = stack.pop_all()
        return self

    def _listen(self, number):
        return (f"[{IP6}]:{self.port}" if number == IP6
                else f"{self.block}{number}:{self.port}")

    def __exit__(self, *unused):
        self._stack.close()

    def edit(self, zone, records):
        self.dns.edit(zone, self.text(records))

    def break_name(self, name, how):
        """From now on the resolver says that of `name` and what is below."""
        assert "ok" in self.dns.resolver.control(f"local_zone {name} {how}")

    def mend_name(self, name):
        assert "ok" in self.dns.resolver.control(f"local_zone_remove {name}")

    def host(self, name, **keys):
        """A target. The label `case` is its name up to the first dot, or as
        given."""
        return self._target("host", name, keys)

    def domain(self, name, **keys):
        # Our servers are where those of a domain have no business.
        return self._target("domain", name,
                            {"private_addresses": "probe"} | keys)

    def _target(self, kind, name, keys):
        case = keys.pop("case", name.split(".", 1)[0])
        return {kind: name, "port": self.port, "labels": {"case": case}} | keys

    def config(self, *targets, **settings):
        dns = {"servers": self.dns.servers, "timeout": "500ms", "tries": 2}
        return config(*targets, **({"dns": dns} | settings))

    def conversations(self, number):
        return [talk for talk in self.sim.conversations()
                if talk["server"] == str(number)]


def verdicts(page, **labels):
    """{(mx, address): None or (phase, reason)} of the series with `labels`;
    "" for a label that a series has not. Checks that a series says the same
    in each of its families."""
    found = {}
    for key, reachable in page.all("smtp_reachable", **labels).items():
        series = dict(key)
        place = series.get("mx", ""), series.get("address", "")
        assert place not in found, f"{place} twice: {labels}"
        failures = [
            dict(other) for other in page.all("smtp_probe_failure_info",
                                              **series)
            if (dict(other).get("mx", ""), dict(other).get("address", "")) ==
            place]
        assert len(failures) <= 1, failures
        assert reachable == (0 if failures else 1), (place, reachable,
                                                     failures)
        found[place] = ((failures[0]["phase"], failures[0]["reason"])
                        if failures else None)
    return found


def quirks(page, **labels):
    return set(page.label_values("smtp_quirk", "quirk", **labels))


def common(page, name, **labels):
    """The value that all matching samples have in common; None without one."""
    values = set(page.all(name, **labels).values())
    assert len(values) <= 1, f"{name}{labels}: {page.all(name, **labels)}"
    return next(iter(values), None)
