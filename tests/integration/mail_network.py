"""Mail servers and their DNS on a host of their own, on ports 25 and 53, at
public addresses: the network is ours alone."""

import contextlib

from dns_servers import Dns
from harness import MailSim
from netns import Network

BLOCK = "11.0.0."
IP6_BLOCK = "2a00:1::"
RESOLVER = f"{BLOCK}54"
NUMBERS = (11, 12, 13)  # The mail servers, in both families.
NEAR_IP4 = f"{BLOCK}1/24"
NEAR_IP6 = f"{IP6_BLOCK}1/64"
# Behind the far host, which knows nothing of it and drops what is sent there.
DROPPED = "11.9.0."
IP6_DROPPED = "2a00:9::"

ZONES = {"example": f"""
$TTL 1
@    MX 10 mx11
@    MX 20 mx12
six  AAAA {IP6_BLOCK}11
""" + "".join(f"mx{number} A {BLOCK}{number}\n"
              f"mx{number} AAAA {IP6_BLOCK}{number}\n" for number in NUMBERS) +
         f"crowd A {BLOCK}11\n" +
         "".join(f"crowd AAAA {IP6_BLOCK}1{number:02}\n"
                 for number in range(40)) +
         "".join(f"dropped{number} A {DROPPED}{number}\n"
                 for number in NUMBERS),
         "0.0.11.in-addr.arpa": "11 PTR mx11.example.\n"}


class MailNetwork(Network):
    """`near`: the addresses of the host where the test and the daemon are.
    Without `dns` there are the mail servers alone, which needs no jail."""

    def __init__(self, near=(NEAR_IP4, NEAR_IP6), ports=(25,), dns=True):
        far = [f"{BLOCK}{number}/24" for number in (53, 54, *NUMBERS)]
        far += [f"{IP6_BLOCK}{number}/64" for number in NUMBERS]
        ways = {}
        if NEAR_IP4 in near:
            ways[f"{DROPPED}0/24"] = f"{BLOCK}53"
        if NEAR_IP6 in near:
            ways[f"{IP6_DROPPED}/64"] = f"{IP6_BLOCK}11"
        super().__init__(near, far, ways)
        self._ports = ports
        self._with_dns = dns
        self._servers = contextlib.ExitStack()
        self.dns = self.sim = None

    def __enter__(self):
        super().__enter__()
        try:
            with self.far.inside(), contextlib.ExitStack() as stack:
                if self._with_dns:
                    self.dns = stack.enter_context(Dns(ZONES, BLOCK, port=53))
                self.sim = stack.enter_context(MailSim({"servers": [
                    {"name": f"{host}-{port}", "listen": f"{host}:{port}",
                     "profile": {}}
                    for number in NUMBERS for port in self._ports
                    for host in (f"{BLOCK}{number}",
                                 f"[{IP6_BLOCK}{number}]")]}))
                self._servers = stack.pop_all()
        except BaseException:
            super().__exit__()
            raise
        return self

    def __exit__(self, *unused):
        self._servers.close()
        super().__exit__()
