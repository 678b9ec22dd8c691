"""What a page says about a handshake, held against the certificate itself."""

import functools
import re
import ssl
import subprocess

from pki import pki

SERVER_NAME = "mx.example.com"  # Whom `good` and most others are for.
OK = ("0", "ok")


class Certificate:
    """One certificate, as openssl reads it."""

    def __init__(self, pem):
        done = subprocess.run(
            ["openssl", "x509", "-noout", "-text", "-startdate", "-enddate",
             "-serial", "-fingerprint", "-sha256"],
            input=pem, capture_output=True, text=True, check=True)
        text = done.stdout

        def field(name):
            return re.search(rf"^{name}=(.*)$", text, re.MULTILINE)[1]
        self.not_before = ssl.cert_time_to_seconds(field("notBefore"))
        self.not_after = ssl.cert_time_to_seconds(field("notAfter"))
        self.serial = int(field("serial"), 16)
        self.fingerprint = field("sha256 Fingerprint").replace(":", "").lower()
        bits = re.search(r"Public-Key: \((\d+) bit\)", text)[1]
        self.key = ("rsa" if "rsaEncryption" in text else "ecdsa") + bits


@functools.cache
def certificates(path):
    """All certificates of a file, in its order."""
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE"
                      r"-----\n", path.read_text(encoding="ascii"), re.DOTALL)
    return [Certificate(pem) for pem in pems]


def settings(**keys):
    """A target's `tls:` for a server that is reached by its address."""
    return {"server_name": SERVER_NAME, "ca_file": str(pki().roots)} | keys


def clear_target(server, module="smtp", tls=None, **keys):
    """The server's port without TLS, where STARTTLS may be."""
    return {"host": server.address, "port": server.port, "module": module,
            "tls": settings(**(tls or {}))} | keys


def tls_target(server, tls=None, **keys):
    """The server's port with TLS from the first byte on."""
    return {"host": server.address, "port": server.tls_port,
            "module": "submissions", "tls": settings(**(tls or {}))} | keys


def name(target):
    """Label `target`."""
    return f"{target['host']}:{target['port']}"


def check_certificate(test, page, identity, verdict=OK, name_match=1,
                      **labels):
    """The page's certificate is pki().certificate(identity), and it is judged
    (code, reason)."""
    chain = certificates(pki().certificate(identity))
    leaf = chain[0]
    labels["key"] = leaf.key
    prefix = "smtp_tls_certificate_"
    for family, value in [
            (prefix + "not_after_timestamp_seconds", leaf.not_after),
            (prefix + "not_before_timestamp_seconds", leaf.not_before),
            (prefix + "trusted", int(verdict == OK)),
            (prefix + "name_match", name_match)]:
        test.assertEqual(page.value(family, **labels), value, family)
    code, reason = verdict
    test.assertEqual(
        page.value("smtp_tls_verify_info", code=code, reason=reason, **labels),
        1, page.all("smtp_tls_verify_info"))
    test.assertEqual(len(page.all("smtp_tls_verify_info", **labels)), 1)
    if verdict == OK:
        # The whole path that was found, with the root at its end.
        path = chain + certificates(pki().roots)
        test.assertEqual(
            page.value("smtp_tls_chain_not_after_timestamp_seconds", **labels),
            min(certificate.not_after for certificate in path))
    info, = page.all(prefix + "info", **labels)
    test.assertEqual(dict(info)["fingerprint_sha256"], leaf.fingerprint)
    test.assertEqual(int(dict(info)["serial"], 16), leaf.serial)


def check_handshake(test, page, identity="good", version="TLS1.3",
                    starttls=True, **labels):
    """The probe succeeded, inside TLS, with a certificate that is good."""
    test.assertIsNone(page.failure(**labels))
    for family in ("smtp_reachable", "smtp_probe_success"):
        test.assertEqual(page.value(family, **labels), 1, family)
    # Where TLS comes first there is no STARTTLS to judge.
    test.assertEqual(page.value("smtp_starttls_success", **labels),
                     1 if starttls else None)
    test.assertEqual(page.value("smtp_plaintext_after_starttls", **labels),
                     0 if starttls else None)
    test.assertEqual(
        page.label_values("smtp_tls_info", "version", **labels), [version])
    phases = page.label_values("smtp_probe_phase_duration_seconds", "phase",
                               **labels)
    expected = {"connect", "greeting", "tls", "quit"}
    expected |= {"ehlo", "starttls", "ehlo_tls"} if starttls else set()
    test.assertLessEqual(expected, set(phases))
    test.assertEqual("starttls" in phases, starttls)
    check_certificate(test, page, identity, **labels)


def capabilities(page, tls, **labels):
    return page.label_values("smtp_capability", "capability", tls=tls,
                             **labels)


def mechanisms(page, tls, **labels):
    return page.label_values("smtp_auth_mechanism", "mechanism", tls=tls,
                             **labels)
