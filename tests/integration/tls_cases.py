"""Mail servers of the simulator that do TLS, well and badly, and what is to be
seen of each."""

import dataclasses

HOST = "mx.example.com"  # Whom the certificates are for.
WELL = {"capabilities": ["PIPELINING", "SIZE 1000", "STARTTLS"]}
# For those that fall silent; the others have much longer.
IMPATIENT = {"timeout": "6s"}


@dataclasses.dataclass
class Case:
    """One server, how it is probed, and what is to be seen of it."""
    server: dict
    failure: tuple | None = None
    # (family, labels, value) each; value None: there is no such sample.
    facts: list = dataclasses.field(default_factory=list)
    module: str = "smtp"
    # The target's `tls`; the files are names in the PKI's directory.
    tls: dict = dataclasses.field(default_factory=dict)
    target: dict = dataclasses.field(default_factory=dict)  # Its other keys.
    log: str = ""  # Words in the daemon's log about it.

    @property
    def silent(self):
        return self.failure is not None and self.failure[1] == "timeout"


def fact(family, value, **labels):
    return family, labels, value


def served(tls=None, **profile):
    return {"profile": WELL | profile, "tls": tls or {}}


def with_certificate(name):
    return served(tls={"identities": name})


def scripted(*steps, **tls):
    """A script from the reply to STARTTLS on."""
    return {"tls": tls, "script": [
        {"send": "220 mx.example.com ESMTP"},
        {"expect": "EHLO"},
        {"send": ["250-mx.example.com", "250 STARTTLS"]},
        {"expect": "STARTTLS"}, *steps]}


READY = {"send": "220 2.0.0 go"}
DEAF = {"starttls": {"cut": 0}}  # After the ClientHello.
HALF = {"starttls": {"cut": 100}}

DEMANDED = {"mode": "required", "verify": True}
ADVERTISED = fact("smtp_starttls_advertised", 1)
DONE = [ADVERTISED, fact("smtp_starttls_success", 1),
        fact("smtp_plaintext_after_starttls", 0),
        fact("smtp_tls_certificate_trusted", 1),
        fact("smtp_tls_certificate_name_match", 1)]
NO_AUTH = [fact("smtp_auth_on_25", 0)]
NOT_SEEN = [fact("smtp_starttls_advertised", None),
            fact("smtp_tls_info", None)]
FAILED = [ADVERTISED, fact("smtp_starttls_success", 0),
          fact("smtp_tls_info", None)]
# The handshake was finished all the same.
JUDGED = [ADVERTISED, fact("smtp_starttls_success", 1),
          fact("smtp_capability", 1, capability="PIPELINING", tls="yes")]


def demanded(server, failure=None, facts=(), **keys):
    return Case(server, failure, facts, tls=DEMANDED, **keys)


def verdict(code, reason, trusted=0):
    return [fact("smtp_tls_certificate_trusted", trusted),
            fact("smtp_tls_verify_info", 1, code=str(code), reason=reason)]


# What other monitors tell of these is mostly the same for all: a timeout, or
# nothing. The healthy ones, which some of them raise an alarm for, are first.
HEALTHY = {
    "auth-after-tls": demanded(
        served(capabilities_tls=["AUTH PLAIN"]), module="submission",
        facts=[*DONE, fact("smtp_auth_on_25", None),
               fact("smtp_auth_mechanism", 1, mechanism="PLAIN", tls="yes")]),
    "starttls-is-the-last-line": demanded(
        served(capabilities=["SIZE 1", "STARTTLS"]), facts=DONE + NO_AUTH),
    "starttls-in-lower-case": demanded(
        served(capabilities=["starttls", "SIZE 1"]),
        facts=[*DONE, *NO_AUTH,
               fact("smtp_quirk", 1, quirk="nonupper_keyword")]),
    "no-esmtp-in-the-greeting": demanded(
        served(banner="mx.example.com ready"), facts=DONE + NO_AUTH),
    "no-auth-after-tls": demanded(
        served(capabilities_tls=["SIZE 1"]), facts=DONE + NO_AUTH),
}
FAULTS = {
    "starttls-not-advertised": demanded(
        served(capabilities=["SIZE 1"]),
        ("starttls", "starttls_not_advertised"),
        [fact("smtp_starttls_advertised", 0),
         fact("smtp_starttls_success", None)]),
    "too-many-connections": demanded(
        served(closing="CONNECT"), ("greeting", "service_closing"), NOT_SEEN),
    "refusing-greeting": demanded(
        served(greeting_code=554), ("greeting", "rejected_permanent"),
        NOT_SEEN),
    "454-to-starttls": demanded(
        served(replies={"STARTTLS": "454 4.7.0 TLS not available"}),
        ("starttls", "rejected_temporary"), FAILED),
    "502-to-ehlo": demanded(
        served(hard_reject=["EHLO", "HELO"],
               replies={"EHLO": "502 5.5.1 what", "HELO": "502 5.5.1 what"}),
        ("ehlo", "rejected_permanent"), NOT_SEEN),
    "silent": demanded(
        served(silent="CONNECT"), ("greeting", "timeout"), NOT_SEEN,
        target=IMPATIENT),
    "garbage-for-tls": demanded(
        scripted(READY, DEAF, {"send": "500 what"}, "never"),
        ("tls", "tls_protocol"), FAILED),
    "expired": demanded(
        with_certificate("expired"), ("tls", "certificate_untrusted"),
        [*JUDGED, *verdict(10, "cert_has_expired"),
         fact("smtp_tls_certificate_name_match", 1)]),
    "wrong-name": demanded(
        with_certificate("wrong-name"), ("tls", "certificate_name"),
        [*JUDGED, *verdict(0, "ok", trusted=1),
         fact("smtp_tls_certificate_name_match", 0)]),
    "refused": demanded({"refused": True}, ("connect", "refused"), NOT_SEEN),
    # The one that is no failure but has a fact of its own.
    "auth-before-tls": demanded(
        served(capabilities=["AUTH PLAIN", "STARTTLS"], capabilities_tls=[]),
        facts=[*DONE, fact("smtp_auth_on_25", 1),
               fact("smtp_auth_mechanism", 1, mechanism="PLAIN", tls="no")]),
}

REPLIES = {
    # HELO is taken: no extensions, which is not "STARTTLS is gone".
    "502-to-ehlo-250-to-helo": demanded(
        served(esmtp=False), ("starttls", "starttls_not_advertised"),
        [fact("smtp_esmtp", 0), fact("smtp_starttls_advertised", 0)]),
    "501-to-starttls": Case(
        served(replies={"STARTTLS": "501 5.5.4 no parameters"}),
        ("starttls", "rejected_permanent"), FAILED),
    "250-to-starttls": Case(
        served(replies={"STARTTLS": "250 ok"}),
        facts=[*DONE, fact("smtp_quirk", 1, quirk="starttls_code")]),
    "injected-line": Case(
        scripted({"send": ["220 go", "250 injected"]}, "starttls"),
        ("tls", "plaintext_injection"),
        [*FAILED, fact("smtp_plaintext_after_starttls", 1)]),
    "injected-bytes": Case(
        scripted({"send_raw": "220 go\r\nEVIL"}, "starttls"),
        ("tls", "plaintext_injection"),
        [*FAILED, fact("smtp_plaintext_after_starttls", 1)]),
    "not-advertised-nor-demanded": Case(
        served(capabilities=[]),
        facts=[fact("smtp_starttls_advertised", 0),
               fact("smtp_tls_info", None)]),
    "not-wanted": Case(served(), tls={"mode": "none"},
                       facts=[ADVERTISED, fact("smtp_tls_info", None)]),
}

HANDSHAKES = {
    "noise-for-tls": Case(
        scripted(READY, DEAF, {"random": {"bytes": 3000, "seed": 1}}, "never"),
        ("tls", "tls_protocol"), FAILED),
    "noise-in-a-handshake": Case(
        scripted(READY, HALF, {"random": {"bytes": 3000, "seed": 1}}, "never"),
        ("tls", "tls_protocol"), FAILED),
    "close-after-220": Case(scripted(READY, "close"), ("tls", "closed"),
                            FAILED),
    "close-after-client-hello": Case(scripted(READY, DEAF, "close"),
                                     ("tls", "closed"), FAILED),
    "close-in-a-handshake": Case(scripted(READY, HALF, "close"),
                                 ("tls", "closed"), FAILED),
    # With half a handshake before it libuv may take the reset for an end.
    "reset-after-client-hello": Case(scripted(READY, DEAF, "reset"),
                                     ("tls", "reset"), FAILED),
    "half-a-handshake": Case(scripted(READY, HALF, "never"),
                             ("tls", "timeout"), FAILED,
                             target=IMPATIENT),
    "a-byte-a-second": Case(
        scripted(READY, {"split": 1, "split_delay": "1s"}, "starttls"),
        ("tls", "timeout"), FAILED, target=IMPATIENT),
    "a-few-bytes-at-a-time": Case(
        served(split=7, split_delay="1ms"), facts=DONE),
    "other-name": Case(
        served(tls={"only_sni": "mx.example.net"}), ("tls", "tls_alert"),
        FAILED, log=r"unrecognized_name \(112\)"),
    "this-name": Case(served(tls={"only_sni": HOST}), facts=DONE),
}

VERSIONS = {
    f"tls-{version}": Case(
        served(tls={"versions": f"TLS{version}"}),
        facts=[*DONE, fact("smtp_tls_info", 1, version=f"TLS{version}")])
    for version in ("1.0", "1.1", "1.2", "1.3")
} | {
    "too-old": Case(
        served(tls={"versions": "TLS1.1"}), ("tls", "tls_local_policy"),
        [*JUDGED, fact("smtp_tls_info", 1, version="TLS1.1")],
        tls={"min_version": "TLS1.2"}),
    "too-new": Case(
        served(tls={"versions": "TLS1.3"}), ("tls", "tls_alert"), FAILED,
        tls={"max_version": "TLS1.2"}, log=r"protocol_version \(70\)"),
}

WITH_CERTIFICATE = {"cert_file": "client.crt", "key_file": "client.key"}


def asking(demand, version):
    return served(tls={"client_certificate": demand, "versions": version})


CLIENT_CERTIFICATES = {
    # TLS 1.3 is over for us before the server has seen that there is none.
    "certificate-lacking-1.3": Case(
        asking("required", "TLS1.3"), ("tls", "tls_alert"),
        [ADVERTISED, fact("smtp_starttls_success", 0)],
        log=r"certificate_required \(116\)"),
    "certificate-lacking-1.2": Case(
        asking("required", "TLS1.2"), ("tls", "tls_alert"), FAILED,
        log=r"handshake_failure \(40\)"),
    "certificate-not-missed-1.3": Case(asking("requested", "TLS1.3"),
                                       facts=DONE),
    "certificate-not-missed-1.2": Case(asking("requested", "TLS1.2"),
                                       facts=DONE),
    "certificate-shown-1.3": Case(asking("required", "TLS1.3"), facts=DONE,
                                  tls=WITH_CERTIFICATE),
    "certificate-shown-1.2": Case(asking("required", "TLS1.2"), facts=DONE,
                                  tls=WITH_CERTIFICATE),
}

# "expired" and "wrong-name" are above.
CERTIFICATES = {
    name: Case(
        with_certificate(name), failure,
        [*JUDGED, *verdict(code, reason, int(code == 0)),
         fact("smtp_tls_certificate_name_match", name_match)],
        tls={"verify": True} | tls)
    for name, code, reason, name_match, failure, tls in [
        ("good", 0, "ok", 1, None, {}),
        ("good-rsa", 0, "ok", 1, None, {}),
        ("wildcard", 0, "ok", 1, None, {}),
        ("common-name", 0, "ok", 1, None, {}),
        ("expiring", 0, "ok", 1, None, {}),
        ("cross-signed", 0, "ok", 1, None, {"ca_file": "cross-roots.pem"}),
        ("ip", 0, "ok", 1, None, {"server_name": None}),
    ] + [
        (name, code, reason, 1, ("tls", "certificate_untrusted"), {})
        for name, code, reason in [
            ("not-yet-valid", 9, "cert_not_yet_valid"),
            ("self-signed", 18, "depth_zero_self_signed_cert"),
            ("missing-intermediate", 20, "unable_to_get_issuer_cert_locally"),
            ("expired-intermediate", 10, "cert_has_expired")]
    ] + [
        ("client", 26, "invalid_purpose", 0,
         ("tls", "certificate_untrusted"), {}),
    ]
} | {
    "name-of-an-address": Case(
        with_certificate("ip"), ("tls", "certificate_name"),
        [*verdict(0, "ok", 1), fact("smtp_tls_certificate_name_match", 0)],
        tls={"verify": True}),
    "address-of-a-name": Case(
        with_certificate("good"), ("tls", "certificate_name"),
        [*verdict(0, "ok", 1), fact("smtp_tls_certificate_name_match", 0)],
        tls={"verify": True, "server_name": None}),
    # Without `verify` a certificate is a fact.
    "expired-unverified": Case(
        with_certificate("expired"), None,
        [*JUDGED, *verdict(10, "cert_has_expired")]),
    "wrong-name-unverified": Case(
        with_certificate("wrong-name"), None,
        [*JUDGED, fact("smtp_tls_certificate_name_match", 0)]),
}

# Asked for by two conversations more.
BOTH_KEYS = {
    "both-keys": Case(
        served(tls={"identities": ["good", "good-rsa"]}),
        facts=[fact("smtp_tls_certificate_trusted", 1, key=key)
               for key in ("ecdsa256", "rsa2048")],
        tls={"certificate_types": ["ecdsa", "rsa"]}),
}

INSIDE = {
    "other-facts-inside": Case(
        served(capabilities_tls=["SIZE 2000", "AUTH PLAIN", "STARTTLS"]),
        facts=[*DONE, fact("smtp_size_limit_bytes", 2000),
               fact("smtp_auth_on_25", 1),
               fact("smtp_quirk", 1, quirk="starttls_inside_tls"),
               fact("smtp_capability", 1, capability="PIPELINING", tls="no"),
               fact("smtp_capability", None, capability="PIPELINING",
                    tls="yes")]),
    "closed-inside": Case(served(drop="EHLO_TLS"), ("ehlo_tls", "closed"),
                          DONE),
    "421-inside": Case(served(closing="EHLO_TLS"),
                       ("ehlo_tls", "service_closing"), DONE),
    "550-inside": Case(served(hard_reject="EHLO_TLS"),
                       ("ehlo_tls", "rejected_permanent"), DONE),
    "greeting-inside": Case(
        scripted(READY, "starttls", {"send": "220 mx.example.com"}, "never"),
        ("ehlo_tls", "desync"), DONE),
    "no-close-notify": Case(served(drop="QUIT_TLS"), facts=DONE),
}

PORTS = {
    "implicit": Case(
        {"profile": WELL, "tls": {"implicit": True}}, module="submissions",
        tls={"verify": True},
        facts=[fact("smtp_tls_certificate_trusted", 1),
               fact("smtp_starttls_advertised", None),
               fact("smtp_capability", 1, capability="SIZE", tls="yes")]),
    "implicit-expired": Case(
        {"profile": WELL,
         "tls": {"implicit": True, "identities": "expired"}},
        ("tls", "certificate_untrusted"), verdict(10, "cert_has_expired"),
        module="submissions", tls={"verify": True}),
    "plain-on-tls-port": Case(
        {"profile": WELL}, ("tls", "plain_on_tls_port"),
        [fact("smtp_tls_info", None)], module="submissions"),
    "slow-plain-on-tls-port": Case(
        {"profile": WELL | {"greeting_delay": "1s", "split": 1}},
        ("tls", "plain_on_tls_port"), module="submissions"),
    # An alert, as a server says that was waited for too long.
    "tls-on-plain-port": Case(
        {"script": [{"send_base64": "FQMDAAICKA=="}, "never"]},
        ("greeting", "tls_on_plain_port"), NOT_SEEN),
    "implicit-taken-for-plain": Case(
        {"profile": WELL, "tls": {"implicit": True}}, ("greeting", "timeout"),
        NOT_SEEN, target=IMPATIENT),
}

CASES = {}
for table in (HEALTHY, FAULTS, REPLIES, HANDSHAKES, VERSIONS,
              CLIENT_CERTIFICATES, CERTIFICATES, BOTH_KEYS, INSIDE, PORTS):
    assert not CASES.keys() & table.keys()
    CASES |= table
