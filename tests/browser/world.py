"""What the mock daemon tells of: targets as the JSON API has them, made up.

A target is the whole object of api/v1/targets/{id}; its summary for the list
is derived from it, as in the daemon.
"""

import copy
import hashlib
import time

DAY = 86400
LEVELS = ("critical", "warning", "unknown", "ok")

_SUMMARY_FACTS = (
    "smtp_reachable", "smtp_probe_success", "smtp_probe_timestamp_seconds",
    "smtp_probe_interval_seconds", "smtp_starttls_advertised",
    "smtp_starttls_success", "smtp_auth_on_25", "smtp_size_limit_bytes",
    "smtp_banner_match", "smtp_banner_hostname_info", "smtp_tls_info",
    "smtp_tls_certificate_not_after_timestamp_seconds",
    "smtp_tls_chain_not_after_timestamp_seconds",
    "smtp_tls_certificate_trusted", "smtp_tls_certificate_name_match",
)


def finding(level, code, title, advice="", **where):
    return {"level": level, "code": code, "title": title, "advice": advice,
            **where}


def failure(phase, reason, detail=""):
    return {"phase": phase, "reason": reason, "detail": detail}


def capabilities(clear, inside):
    return [{"capability": name, "tls": tls, "value": 1}
            for tls, names in (("no", clear), ("yes", inside))
            for name in names]


def transcript(at, success, *lines):
    """Lines: "C text", "S text", "N text"."""
    speakers = {"C": "client", "S": "server", "N": "note"}
    return {"at": at, "success": success, "lines": [
        {"at": round(0.004 + 0.0123 * i, 4),
         "speaker": speakers.get(text[0], "toString"), "text": text[2:]}
        for i, text in enumerate(lines)]}


def certificate(host, days, key="ecdsa256", trusted=1, match=1):
    now = time.time()
    return {
        "smtp_tls_info": [{"version": "TLS1.3",
                           "cipher": "TLS_AES_256_GCM_SHA384", "value": 1}],
        "smtp_tls_certificate_not_after_timestamp_seconds":
            [{"key": key, "value": now + days * DAY}],
        "smtp_tls_certificate_not_before_timestamp_seconds":
            [{"key": key, "value": now + (days - 90) * DAY}],
        "smtp_tls_chain_not_after_timestamp_seconds":
            [{"key": key, "value": now + (days + 700) * DAY}],
        "smtp_tls_certificate_trusted": [{"key": key, "value": trusted}],
        "smtp_tls_certificate_name_match": [{"key": key, "value": match}],
        "smtp_tls_verify_info": [
            {"key": key, "code": "0", "reason": "ok", "value": 1}
            if trusted else
            {"key": key, "code": "18", "reason": "self-signed certificate",
             "value": 1}],
        "smtp_tls_certificate_info": [{
            "fingerprint_sha256": hashlib.sha256(host.encode()).hexdigest(),
            "subject": f"CN={host}",
            "issuer": "C=US,O=Let's Encrypt,CN=E7" if trusted
                      else f"CN={host}",
            "serial": "04a1c9f2e3b85d7760128acf",
            "key": key, "value": 1}],
        "names": [host, "mail." + host.partition(".")[2]],
    }


def good_lines(host, inside=True):
    lines = [
        f"S 220 {host} ESMTP Postfix", "C EHLO monitor.example.net",
        f"S 250-{host}", "S 250-PIPELINING", "S 250-SIZE 26214400",
        "S 250-ETRN", "S 250-STARTTLS", "S 250-ENHANCEDSTATUSCODES",
        "S 250-8BITMIME", "S 250-DSN", "S 250 CHUNKING"]
    if not inside:
        lines.remove("S 250-STARTTLS")
        return lines + ["C QUIT", "S 221 2.0.0 Bye"]
    return lines + [
        "C STARTTLS", "S 220 2.0.0 Ready to start TLS",
        "N TLS1.3 TLS_AES_256_GCM_SHA384", "C EHLO monitor.example.net",
        f"S 250-{host}", "S 250-PIPELINING", "S 250-SIZE 26214400",
        "S 250-ETRN", "S 250-ENHANCEDSTATUSCODES", "S 250-8BITMIME",
        "S 250-DSN", "S 250 CHUNKING", "C QUIT", "S 221 2.0.0 Bye"]


BASIC = ["PIPELINING", "SIZE", "ETRN", "ENHANCEDSTATUSCODES", "8BITMIME",
         "DSN", "CHUNKING"]


def good_place(address, host, days=72, age=12, **changes):
    at = time.time() - age
    place = {
        "address": address, "level": "ok",
        "smtp_reachable": 1, "smtp_probe_success": 1,
        "smtp_probe_timestamp_seconds": at,
        "smtp_probe_interval_seconds": 60,
        "smtp_probe_duration_seconds": 0.3152,
        "smtp_probe_phase_duration_seconds": [
            {"phase": "resolve", "value": 0.0004},
            {"phase": "connect", "value": 0.0124},
            {"phase": "greeting", "value": 0.1802},
            {"phase": "ehlo", "value": 0.0131},
            {"phase": "starttls", "value": 0.0127},
            {"phase": "tls", "value": 0.0622},
            {"phase": "ehlo_tls", "value": 0.0222},
            {"phase": "quit", "value": 0.0124}],
        "smtp_probes_total": 1440, "smtp_probe_failures_total": 3,
        "smtp_observed_timestamp_seconds": at,
        "smtp_starttls_advertised": 1, "smtp_starttls_success": 1,
        "smtp_plaintext_after_starttls": 0,
        "smtp_auth_on_25": 0, "smtp_size_limit_bytes": 26214400,
        "smtp_banner_match": 1,
        "smtp_banner_hostname_info": [{"hostname": host, "value": 1}],
        "smtp_reverse_dns_match": 1, "smtp_banner_reverse_dns_match": 1,
        "smtp_esmtp": 1,
        "smtp_capability": capabilities(BASIC + ["STARTTLS"], BASIC),
        **certificate(host, days),
        "transcripts": {
            "latest": transcript(at, True, *good_lines(host)),
            "last_good": transcript(at, True, *good_lines(host)),
            "last_bad": transcript(
                at - 3 * DAY, False,
                f"S 421 4.7.0 {host} Error: too many connections",
                "N the server sends us away for now")},
        "history": [
            {"at": at - 2 * DAY, "level": "info",
             "text": "The certificate is another one, valid until 2027-02-03"},
            {"at": at - 3 * DAY, "level": "info",
             "text": "The server can be reached again"}],
    }
    place.update(changes)
    return place


_GONE_WITHOUT_TLS = (
    "smtp_starttls_success", "smtp_plaintext_after_starttls", "smtp_tls_info",
    "smtp_tls_certificate_not_after_timestamp_seconds",
    "smtp_tls_certificate_not_before_timestamp_seconds",
    "smtp_tls_chain_not_after_timestamp_seconds",
    "smtp_tls_certificate_trusted", "smtp_tls_certificate_name_match",
    "smtp_tls_verify_info", "smtp_tls_certificate_info", "names")


def without_starttls(place, host):
    """The same place, where STARTTLS has disappeared."""
    at = time.time() - 4
    place = copy.deepcopy(place)
    for family in _GONE_WITHOUT_TLS:
        place.pop(family, None)
    place.update({
        "level": "critical", "smtp_starttls_advertised": 0,
        "smtp_probe_timestamp_seconds": at,
        "smtp_observed_timestamp_seconds": at,
        "smtp_capability": capabilities(BASIC, []),
        "smtp_probe_phase_duration_seconds": [
            {"phase": "resolve", "value": 0.0004},
            {"phase": "connect", "value": 0.0124},
            {"phase": "greeting", "value": 0.1802},
            {"phase": "ehlo", "value": 0.0131},
            {"phase": "quit", "value": 0.0124}]})
    before = transcript(at - 60, True, *good_lines(host))
    latest = transcript(at, True, *good_lines(host, inside=False))
    place["transcripts"].update(latest=latest, last_good=latest,
                                before_change=before)
    place["history"].insert(0, {
        "at": at, "level": "warning",
        "text": "STARTTLS is no longer advertised"})
    return place


def failed_place(address, phase, reason, detail="", **changes):
    at = time.time() - 31
    place = {
        "address": address, "level": "critical",
        "failure": failure(phase, reason, detail),
        "smtp_reachable": 0, "smtp_probe_success": 0,
        "smtp_probe_timestamp_seconds": at,
        "smtp_probe_interval_seconds": 60,
        "smtp_probe_duration_seconds": 0.0021,
        "smtp_probe_phase_duration_seconds": [
            {"phase": "connect", "value": 0.0021}],
        "smtp_probes_total": 211, "smtp_probe_failures_total": 211,
        "transcripts": {
            "latest": transcript(at, False, f"N {detail or reason}"),
            "last_bad": transcript(at, False, f"N {detail or reason}")},
        "history": [],
    }
    place.update(changes)
    return place


STARTTLS_MISSING = finding(
    "critical", "starttls_missing", "STARTTLS is not offered",
    "Mail to this server crosses the network in clear. Look at the server's "
    "TLS settings (Postfix: smtpd_tls_security_level) and at firewalls that "
    "rewrite SMTP.")
GOOD = [
    finding("ok", "starttls_ok", "STARTTLS works, TLS1.3"),
    finding("ok", "certificate_ok", "The certificate is trusted and names "
            "the server"),
]


def fact_levels(place):
    """What the daemon's findings would say of the facts of this place."""
    levels = {}
    for fact, family, bad, level in (
            ("reachable", "smtp_reachable", 0, "critical"),
            ("starttls", "smtp_starttls_advertised", 0, "critical"),
            ("auth", "smtp_auth_on_25", 1, "warning"),
            ("banner", "smtp_banner_match", 0, "info")):
        if family in place:
            levels[fact] = level if place[family] == bad else "ok"
    ends = place.get("smtp_tls_certificate_not_after_timestamp_seconds")
    if ends:
        levels["certificate"] = "critical" if ends[0]["value"] < time.time() \
            else "ok"
    return levels


def target(name, places, findings=None, module="smtp", role="mx",
           kind="host", labels=None, **families):
    digest = hashlib.sha256(f"{name}\n{module}".encode()).hexdigest()
    findings = GOOD if findings is None else findings
    places = [{"fact_levels": fact_levels(place), **place}
              for place in places]
    level = min((f["level"] for f in findings if f["level"] in LEVELS),
                key=LEVELS.index, default="unknown")
    return {"id": digest[:16], "target": name, "module": module,
            "role": role, "kind": kind, "labels": labels or {},
            "level": level, "findings": findings, "places": places,
            **families}


def summary(whole):
    """What the list has of a target."""
    worst = next((f["title"] for f in whole["findings"]
                  if f["level"] in ("critical", "warning")), "")
    short = {key: whole[key] for key in
             ("id", "target", "module", "role", "kind", "labels", "level")}
    short["headline"] = worst
    for family in ("smtp_domain_reachable", "smtp_null_mx"):
        if family in whole:
            short[family] = whole[family]
    short["places"] = [
        {key: place[key] for key in
         ("address", "mx", "level", "fact_levels", "failure",
          *_SUMMARY_FACTS)
         if key in place} for place in whole["places"]]
    return short


def _several():
    host = "pool.example.com"
    down = failed_place("192.0.2.73", "connect", "timeout")
    return target(
        f"{host}:25",
        [down, good_place("192.0.2.71", host),
         good_place("192.0.2.72", host, days=40)],
        [finding("critical", "unreachable", "The server cannot be reached",
                 "Connections time out: look at the firewall.",
                 address="192.0.2.73"), *GOOD],
        labels={"team": "mail"})


def _domain():
    first = good_place("198.51.100.10", "mx-a.example.org",
                       mx="mx-a.example.org")
    second = good_place("198.51.100.11", "mx-b.example.org",
                        mx="mx-b.example.org", days=9, level="warning")
    return target(
        "example.org:25", [second, first],
        [finding("warning", "certificate_soon",
                 "The certificate expires in 9 days",
                 "Renew it, and have the server read the new one.",
                 address="198.51.100.11", mx="mx-b.example.org"), *GOOD],
        kind="domain", labels={"team": "web"},
        smtp_domain_reachable=1, smtp_mx_hosts=2, smtp_null_mx=0,
        smtp_mx_preference=[{"mx": "mx-a.example.org", "value": 10},
                            {"mx": "mx-b.example.org", "value": 20}],
        smtp_dns_success=[{"record": "mx", "value": 1},
                          {"record": "a", "mx": "mx-a.example.org",
                           "value": 1},
                          {"record": "aaaa", "mx": "mx-a.example.org",
                           "value": 0}],
        smtp_dns_duration_seconds=[
            {"record": "mx", "value": 0.0021},
            {"record": "a", "mx": "mx-a.example.org", "value": 0.0017},
            {"record": "aaaa", "mx": "mx-a.example.org", "value": 2.0003}])


def _submissions():
    host = "mail.example.com"
    place = good_place("192.0.2.30", host)
    for family in ("smtp_starttls_advertised", "smtp_starttls_success",
                   "smtp_auth_on_25", "smtp_plaintext_after_starttls"):
        place.pop(family)
    place["smtp_capability"] = capabilities([], BASIC + ["AUTH"])
    place["smtp_auth_mechanism"] = [
        {"mechanism": "PLAIN", "tls": "yes", "value": 1},
        {"mechanism": "LOGIN", "tls": "yes", "value": 1}]
    place["smtp_probe_phase_duration_seconds"] = [
        {"phase": "connect", "value": 0.0124},
        {"phase": "greeting", "value": 0.0502},
        {"phase": "ehlo", "value": 0.0131},
        {"phase": "tls", "value": 0.0622},
        {"phase": "quit", "value": 0.0124}]
    return target(f"{host}:465", [place], module="submissions",
                  role="submission", labels={"team": "mail"})


def _submission():
    host = "mail.example.com"
    place = good_place("192.0.2.30", host)
    place.pop("smtp_auth_on_25")
    place["smtp_capability"] = capabilities(
        BASIC + ["STARTTLS"], BASIC + ["AUTH"])
    place["smtp_auth_mechanism"] = [
        {"mechanism": "PLAIN", "tls": "yes", "value": 1}]
    place["smtp_expectation_met"] = [
        {"expectation": "auth", "value": 1},
        {"expectation": "size_at_least", "value": 0}]
    return target(f"{host}:587", [place], module="submission",
                  role="submission", labels={"team": "mail"})


def _auth_on_25():
    host = "mx5.example.com"
    place = good_place("192.0.2.5", host, smtp_auth_on_25=1, level="warning")
    place["smtp_capability"] = capabilities(
        BASIC + ["STARTTLS", "AUTH"], BASIC + ["AUTH"])
    place["smtp_auth_mechanism"] = [
        {"mechanism": name, "tls": tls, "value": 1}
        for name in ("PLAIN", "LOGIN") for tls in ("no", "yes")]
    place["smtp_quirk"] = [{"quirk": "long_ehlo", "value": 1},
                           {"quirk": "bare_lf", "value": 1}]
    return target(f"{host}:25", [place], [
        finding("warning", "auth_on_25", "AUTH is offered on port 25",
                "Passwords belong on ports 587 and 465; on 25 AUTH is an "
                "invitation to guess them."), *GOOD])


def _sent_away():
    host = "busy.example.com"
    words = f"421 4.7.0 {host} Error: too many connections from 192.0.2.250"
    place = good_place("192.0.2.8", host, level="warning", smtp_reachable=0,
                       smtp_probe_success=0,
                       failure=failure("greeting", "service_closing", words))
    latest = transcript(time.time() - 9, False, f"S {words}")
    place["transcripts"].update(latest=latest, last_bad=latest)
    return target(f"{host}:25", [place], [
        finding("warning", "service_closing",
                "The server is too busy or shutting down (421)",
                "It has too many connections. What is shown of it is from "
                "before.")])


def _meant():
    """All that others are blamed for, and here it is as it should be."""
    host = "lab.example.com"
    place = without_starttls(good_place("192.0.2.9", host), host)
    place.update({"level": "ok", "smtp_auth_on_25": 1, "smtp_banner_match": 0,
                  "fact_levels": {"reachable": "ok", "banner": "info"}})
    return target(f"{host}:25", [place], [
        finding("ok", "reachable", "The server answers, in 300 ms")])


def ordinary():
    """Something of everything."""
    lost = good_place("192.0.2.2", "mx2.example.com")
    return [
        target("mx1.example.com:25",
               [good_place("192.0.2.1", "mx1.example.com")],
               labels={"team": "mail", "site": "ber"}),
        target("mx2.example.com:25",
               [without_starttls(lost, "mx2.example.com")],
               [STARTTLS_MISSING], labels={"team": "mail"}),
        target("mx3.example.com:25",
               [failed_place("192.0.2.3", "connect", "refused",
                             "connection refused")],
               [finding("critical", "unreachable",
                        "The server cannot be reached",
                        "Connections are refused: is the mail server "
                        "running, and does it listen on this address?")]),
        target("mx4.example.com:25",
               [good_place("192.0.2.4", "mx4.example.com", days=-2,
                           level="critical")],
               [finding("critical", "certificate_expired",
                        "The certificate expired 2 days ago",
                        "Renew it, and have the server read the new one.")]),
        _auth_on_25(),
        target("mx6.example.com:25",
               [good_place("192.0.2.6", "localhost.localdomain",
                           smtp_banner_match=0, level="warning",
                           smtp_size_limit_bytes=10240000,
                           smtp_banner_reverse_dns_match=0)],
               [finding("warning", "banner", "The greeting names another "
                        "host than expected",
                        "Set the host name in the mail server (Postfix: "
                        "myhostname)."), *GOOD]),
        _several(), _domain(), _submissions(), _submission(),
        target("null.example.net:25", [], kind="domain", findings=[
            finding("ok", "null_mx", "The domain takes no mail")],
            smtp_null_mx=1, smtp_mx_hosts=0),
        target("new.example.com:25", [{"level": "unknown",
                                       "smtp_probe_interval_seconds": 60,
                                       "transcripts": {}, "history": []}],
               findings=[]),
        _sent_away(), _meant(),
        target("[2001:db8::25]:25",
               [good_place("2001:db8::25", "six.example.com",
                           smtp_size_limit_bytes="+Inf")]),
    ]


# Each of these is shown as text and does nothing.
SCRIPT = "<script>window.owned=1</script><img src=x onerror=window.owned=1>"
OUTSIDE = "<img src=//outside.example/x><link rel=stylesheet href=//o.example>"
ESCAPES = "\x1b[31mred\x1b]0;title\x07 \x00 nul \x9b2J"
BIDI = "ab\u202egpj.exe\u2066\u2067\u200f end"
ZERO_WIDTH = "ex\u200bam\u200dple\ufeff.com\u00ad"
ZALGO = "z" + "\u0301\u0316\u034f" * 30
LONG = "w" * 256
MIXED = "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \ufffd"


def hostile():
    """A server, and a directory of targets, that want to do harm. In part more
    than the daemon lets through: the page has to stand on its own."""
    words = " ".join([SCRIPT, ESCAPES, BIDI, ZERO_WIDTH])
    place = good_place("192.0.2.66", SCRIPT, smtp_banner_match=0)
    place["failure"] = failure("constructor", "__proto__", OUTSIDE + words)
    place["names"] = [SCRIPT, LONG, BIDI]
    place["smtp_tls_certificate_info"][0].update(
        subject=SCRIPT + BIDI, issuer=OUTSIDE, serial=LONG)
    place["smtp_tls_verify_info"][0]["reason"] = SCRIPT
    place["smtp_tls_info"] = [{"version": SCRIPT, "cipher": OUTSIDE,
                               "value": 1}]
    place["smtp_capability"] = capabilities(
        ["__PROTO__", "constructor", SCRIPT, LONG, BIDI, "STARTTLS"],
        ["toString", OUTSIDE])
    place["smtp_auth_mechanism"] = [{"mechanism": SCRIPT, "tls": "no",
                                     "value": 1}]
    place["smtp_quirk"] = [{"quirk": "constructor", "value": 1},
                           {"quirk": SCRIPT, "value": 1}]
    place["smtp_expectation_met"] = [{"expectation": SCRIPT, "value": 0}]
    place["smtp_probe_phase_duration_seconds"].append(
        {"phase": "valueOf", "value": 0.1})
    said = transcript(time.time(), False, *[
        f"S 220 {text}" for text in
        (SCRIPT, OUTSIDE, ESCAPES, BIDI, ZERO_WIDTH, ZALGO, LONG, MIXED)],
        "X who is this")
    place["transcripts"] = {"latest": said}
    place["history"] = [{"at": time.time(), "level": "toString",
                         "text": SCRIPT + BIDI}]
    name = "\"><script>window.owned=1</script>\u202e.example:25"
    bad = target(
        name, [place],
        [finding("critical", "x", SCRIPT, OUTSIDE + words, address=SCRIPT),
         finding("hasOwnProperty", "y", LONG, LONG)],
        module="smtp", labels={"__proto__": SCRIPT, "onclick": OUTSIDE,
                               "long": LONG, "bidi": BIDI})
    javascript = target("javascript:window.owned=1//:25",
                        [good_place("192.0.2.67", ZALGO),
                         good_place("192.0.2.68", MIXED)],
                        [finding("warning", "z", BIDI + " " + ZALGO)],
                        module="&module=x#?")
    return [bad, javascript]


def many(number):
    """A large fleet, most of it well."""
    now = time.time()
    targets = []
    for i in range(number):
        host = f"mx{i}.fleet.example.com"
        address = f"10.{i // 65536}.{i // 256 % 256}.{i % 256}"
        labels = {"team": f"team{i % 17}", "site": f"site{i % 5}"}
        if i % 97 == 0:
            targets.append(target(
                f"{host}:25", [failed_place(address, "connect", "timeout")],
                [finding("critical", "unreachable",
                         "The server cannot be reached")], labels=labels))
            continue
        place = good_place(address, host, days=20 + i % 70)
        place["smtp_probe_timestamp_seconds"] = now - i % 60
        findings = GOOD
        if i % 53 == 0:
            place["smtp_auth_on_25"] = 1
            findings = [finding("warning", "auth_on_25",
                                "AUTH is offered on port 25"), *GOOD]
        targets.append(target(f"{host}:25", [place], findings,
                              labels=labels))
    return targets
