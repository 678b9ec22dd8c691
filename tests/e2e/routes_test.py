#!/usr/bin/env python3
"""Who hears of which alert by the example for Alertmanager, and what is not
told because something else says it: decided by Alertmanager itself."""

import pathlib
import shutil
import subprocess
import unittest

import yaml
from alertmanager_server import Alertmanager
from harness import lacking

EXAMPLE = (pathlib.Path(__file__).resolve().parents[2] / "packaging" /
           "alertmanager" / "alertmanager.example.yml")
PAGER, TICKET, NOBODY = "smtp-pager", "smtp-ticket", "smtp-nobody"


def of_exporter(alert, severity="critical", **labels):
    return {"alertname": alert, "severity": severity, "job": "smtp-prober",
            "instance": "prober1:10125"} | labels


def of_host(alert, severity="critical", **labels):
    return of_exporter(alert, severity, target="mail.example.com:25",
                       module="smtp", address="192.0.2.1") | labels


def of_domain(alert, mx=None, address=None, **labels):
    labels = {"mx": mx, "address": address} | labels
    return of_exporter(
        alert, target="example.org:25", module="smtp",
        **{name: value for name, value in labels.items() if value})


def settled(groups, count):
    """Whether so many alerts are there, and then the last pair, of which one
    inhibits the other."""
    alerts = [alert for group in groups for alert in group["alerts"]]
    return len(alerts) == count + 2 and any(
        alert["labels"].get("target") == "last" and
        alert["status"]["inhibitedBy"] for alert in alerts)


class RoutesTest(unittest.TestCase):
    def ask(self, *alerts):
        """What Alertmanager makes of them when they fire together: how it
        groups those that it would tell, {(receiver, labels of the group):
        [alert]}."""
        example = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
        with Alertmanager(example) as alertmanager:
            alertmanager.post(*alerts)
            # When it knows of this pair, it knows of all before.
            alertmanager.post(of_host("SMTPAuthInClear", target="last"))
            alertmanager.post(of_host("SMTPHostUnreachable", target="last"))
            groups = alertmanager.groups_until(
                lambda groups: settled(groups, len(alerts)))
        told = {}
        for group in groups:
            for alert in group["alerts"]:
                if (alert["status"]["inhibitedBy"] or
                        alert["labels"].get("target") == "last"):
                    continue
                key = group["receiver"]["name"], *group["labels"].values()
                told.setdefault(key, []).append(alert["labels"])
        return told

    def check_same(self, source, hidden, *labels):
        """The source hides it, and none of which one of `labels` is another."""
        others = [hidden | {label: "2001:db8::77"} for label in labels]
        self.check([source, *others], hidden)

    def check(self, told, *inhibited):
        """Of all these alerts just `told` are told."""
        groups = self.ask(*told, *inhibited)
        key = lambda alert: sorted(alert.items())
        self.assertEqual(sorted(sum(groups.values(), []), key=key),
                         sorted(told, key=key))

    def test_amtool_accepts_it(self):
        amtool = shutil.which("amtool")
        if amtool is None:
            raise lacking("no amtool")
        done = subprocess.run([amtool, "check-config", EXAMPLE], text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_one_message_for_each_target(self):
        target = "mail.example.com:25"
        lost = of_host("SMTPStarttlsDisappeared")
        groups = self.ask(
            lost, lost | {"address": "192.0.2.2"},
            lost | {"instance": "prober2:10125"},
            of_host("SMTPAuthInClear"),
            of_host("SMTPSizeTooSmall", "warning"),
            of_host("SMTPBannerMismatch", "info"),
            of_domain("SMTPStarttlsDisappeared", "mx1.example.org",
                      "192.0.2.3"),
            of_domain("SMTPStarttlsDisappeared", "mx2.example.org",
                      "192.0.2.4"),
            of_exporter("SMTPConfigReloadFailed", "warning"),
            of_exporter("SMTPConfigReloadFailed", "warning",
                        instance="prober2:10125"),
            of_exporter("SMTPDiscoveryFailed", "warning"),
            of_exporter("SMTPExporterDown", instance="prober3:10125"),
            # Not ours.
            {"alertname": "DiskFull", "severity": "critical"})
        self.assertEqual(
            {key: len(alerts) for key, alerts in groups.items()},
            {(PAGER, target): 4, (TICKET, target): 1, (NOBODY, target): 1,
             (PAGER, "example.org:25"): 2,
             (TICKET, "SMTPConfigReloadFailed"): 2,
             (TICKET, "SMTPDiscoveryFailed"): 1,
             (PAGER, "SMTPExporterDown"): 1, (TICKET,): 1})

    def test_a_dead_exporter(self):
        down = of_exporter("SMTPExporterDown")
        others = of_exporter("SMTPExporterDown", job="other",
                             instance="prober9:10125")
        seen = of_host("SMTPStarttlsDisappeared", instance="prober2:10125")
        self.check([down, others, seen,
                    of_exporter("SMTPConfigReloadFailed", "warning"),
                    of_host("NotOurs")],
                   of_host("SMTPStarttlsDisappeared"),
                   of_host("SMTPSizeTooSmall", "warning"),
                   of_domain("SMTPDomainUnreachable"))
        # One that is not known to Prometheus any more has no instance.
        gone = of_exporter("SMTPExporterDown")
        del gone["instance"]
        self.check([gone, of_host("SMTPStarttlsDisappeared")])

    def test_a_bad_vantage(self):
        v4 = of_host("SMTPAddressUnreachable")
        v6 = of_host("SMTPAddressUnreachable", address="2001:db8::1",
                     target="[2001:db8::1]:25")
        named_v6 = of_host("SMTPAddressUnreachable", address="2001:db8::2")
        literal = of_host("SMTPHostUnreachable", target="192.0.2.9:25",
                          address="192.0.2.9")
        host_v6 = of_host("SMTPHostUnreachable", address="2001:db8::3",
                          target="[2001:db8::3]:25")
        other_v6 = v6 | {"instance": "prober2:10125"}
        other_port = of_host("SMTPHostUnreachable",
                             target="mail.example.com:587",
                             address="192.0.2.7")
        domain = of_domain("SMTPDomainUnreachable")
        fact = of_host("SMTPStarttlsDisappeared", target="other.example:25",
                       address="192.0.2.8")
        elsewhere = of_host("SMTPHostUnreachable", target="third.example:25",
                            instance="prober2:10125")
        everything = [v4, v6, named_v6, host_v6, other_v6, literal, other_port,
                      domain, fact, elsewhere]
        literal_v6 = of_exporter("SMTPHostUnreachable", module="smtp",
                                 target="[2001:db8::4]:587")
        everything.append(literal_v6)
        for check, hidden in [
                ("ipv4_route", [v4, literal, other_port, domain]),
                ("ipv6_route", [v6, named_v6]),
                ("outbound_25", [v4, v6, named_v6, host_v6, literal, domain]),
                ("resolver", [v4, named_v6, other_port, domain])]:
            with self.subTest(check):
                self.check(
                    [of_exporter("SMTPVantageBad", check=check),
                     *(alert for alert in everything if alert not in hidden)],
                    *hidden)

    def test_unreachable(self):
        # The domain before its exchangers before their addresses.
        self.check([of_domain("SMTPDomainUnreachable")],
                   of_domain("SMTPHostUnreachable", "mx1"),
                   of_domain("SMTPAddressUnreachable", "mx1", "192.0.2.3"),
                   of_domain("SMTPStarttlsDisappeared", "mx1", "192.0.2.3"))
        self.check([of_domain("SMTPDomainUnreachable"),
                    of_host("SMTPStarttlsDisappeared")],
                   of_domain("SMTPStarttlsDisappeared", "mx1", "192.0.2.3"))
        self.check_same(of_host("SMTPAddressUnreachable"),
                        of_host("SMTPStarttlsDisappeared"),
                        "target", "mx", "address", "instance", "module")
        self.check_same(of_host("SMTPHostUnreachable"),
                        of_host("SMTPStarttlsDisappeared"),
                        "target", "mx", "instance", "module")
        self.check_same(of_domain("SMTPDomainUnreachable"),
                        of_domain("SMTPStarttlsDisappeared", "mx1"),
                        "target", "instance", "module")
        self.check([of_domain("SMTPHostUnreachable", "mx1"),
                    of_domain("SMTPAddressUnreachable", "mx2", "192.0.2.4"),
                    # Not a word about these is lost.
                    of_domain("SMTPStarttlsDisappeared", "mx2", "192.0.2.5"),
                    of_host("SMTPHostUnreachable")],
                   of_domain("SMTPAddressUnreachable", "mx1", "192.0.2.3"),
                   of_domain("SMTPStarttlsDisappeared", "mx1", "192.0.2.3"),
                   of_domain("SMTPStarttlsDisappeared", "mx2", "192.0.2.4"),
                   of_host("SMTPAuthOn25", "warning"),
                   of_host("SMTPCertificateExpired", key="rsa2048"))
        # As it is for a name that does not resolve.
        nowhere = of_host("SMTPHostUnreachable")
        del nowhere["address"]
        self.check([nowhere], of_host("SMTPAddressUnreachable"))

    def test_one_fault_with_many_faces(self):
        address = "target", "mx", "address"
        unmet = "SMTPExpectationUnmet"
        for alert in ("SMTPStarttlsDisappeared", "SMTPStarttlsFailing"):
            lost = of_host(alert)
            self.check_same(lost, of_host("SMTPCapabilityLost"), *address)
            self.check_same(lost, of_host(unmet, expectation="starttls"),
                            *address)
            self.check([lost, of_host(unmet, expectation="banner"),
                        of_host("SMTPAuthInClear")],
                       of_host(unmet, expectation="capabilities"))
        self.check_same(of_host("SMTPAuthInClear"),
                        of_host("SMTPAuthOn25", "warning"), *address)

        def certificate(fault):
            return of_host(f"SMTPCertificate{fault}", key="rsa2048")
        for source, hidden in [("ExpiresVerySoon", "ExpiresSoon"),
                               ("Expired", "ExpiresSoon"),
                               ("Expired", "ExpiresVerySoon"),
                               ("Expired", "Untrusted")]:
            self.check_same(certificate(source), certificate(hidden),
                            *address, "key")
        self.check([certificate("Expired"), certificate("WrongName")])


if __name__ == "__main__":
    unittest.main()
