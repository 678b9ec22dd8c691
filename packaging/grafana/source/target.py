"""One target: what it offered and when, and why its probes fail."""

from source import links
from source.fleet import LEVELS
from source.panels import (
    GREEN, GREY, ORANGE, RED, YES_IS_BAD, YES_IS_GOOD, YES_IS_NEUTRAL,
    column, dashboard, graph, link, now, query_variable, rows, series, stat,
    steps, table, timeline, words)
from source.questions import (
    EVERY_TARGET, PROBER, SOON, VARIABLES, VERY_SOON, age, days_left, pick,
    problems)

# The target as a whole, which is all there is of a domain's; and its places,
# the addresses of its hosts.
WHOLE = f'{PROBER}, target="$target", module="$module"'
CHOSEN = f'{WHOLE}, mx=~"$mx", address=~"$address"'
ROW = "instance, mx, address"
PLACE = "{{mx}} {{address}}"
# In the order of the conversation.
PHASES = ["resolve", "connect", "greeting", "ehlo", "starttls", "tls",
          "ehlo_tls", "quit"]
TERM = steps(RED, (VERY_SOON, ORANGE), (SOON, GREEN))


def of(name, *matchers):
    return pick(name, CHOSEN, *matchers)


def whole(name, *matchers):
    return pick(name, WHOLE, *matchers)


def line(name, legend=PLACE):
    return series(of(name), legend)


def _now(daemon):
    page = [link("The prober's own page", links.to_daemon(
        daemon, "${target:percentencode}", "${module:percentencode}"))]

    # A row for each address and every column, whatever is known.
    unknown = f"or NaN * max by ({ROW}) ({of('smtp_probe_interval_seconds')})"

    def least(expression):
        return rows(f"min by ({ROW}) ({expression}) {unknown}")

    def most(name):
        return rows(f"max by ({ROW}) ({of(name)}) {unknown}")
    return [
        table("Addresses",
              "What is known of each address now. Unknown: no probe could "
              "observe it lately, which is not the same as no. Click a "
              "prober for its own page of this target.",
              column("Instance", links=page), column("MX"),
              column("Address"),
              column("Reachable", most("smtp_reachable"), "none",
                     YES_IS_GOOD, colour=True),
              column("Does what it must", most("smtp_probe_success"),
                     "none", YES_IS_GOOD, colour=True),
              column("STARTTLS", most("smtp_starttls_advertised"),
                     "none", YES_IS_GOOD, colour=True),
              column("STARTTLS works", most("smtp_starttls_success"),
                     "none", YES_IS_GOOD, colour=True),
              column("AUTH on 25", most("smtp_auth_on_25"), "none",
                     YES_IS_BAD, colour=True),
              column("SIZE", least(of("smtp_size_limit_bytes")), "bytes",
                     words(("Infinity", "no limit", GREY))),
              column("Days of certificate",
                     least(days_left(CHOSEN)), "none", decimals=0,
                     thresholds=TERM),
              column("Probed",
                     least(age("smtp_probe_timestamp_seconds", CHOSEN)), "s",
                     decimals=0),
              column("Every", most("smtp_probe_interval_seconds"), "s"),
              height=7, hidden=()),
        table("What is wrong, worst first",
              "Only what was observed. For a failed probe: the phase and the "
              "reason.",
              column("Problem"), column("MX"), column("Address"),
              column("Level", rows(problems(CHOSEN, f"{ROW}, problem")),
                     "none", LEVELS, colour=True),
              column("Instance", width=170),
              width=14, height=7, sort="Level", hidden=(),
              none="no problem is known"),
        table("Greeting and quirks",
              "The host name in the greeting, and oddities that explain "
              "trouble with other software; the README of smtp_prober "
              "explains each.",
              column("What", width=110), column("Value"), column("MX"),
              column("Address"),
              column("Seen", rows(
                  f"max by (what, value, {ROW}) (\n"
                  f'  label_replace(label_replace({of("smtp_quirk")}, '
                  '"value", "$1", "quirk", "(.*)"), '
                  '"what", "quirk", "", "")\n'
                  "  or label_replace(label_replace("
                  f'{of("smtp_banner_hostname_info")}, '
                  '"value", "$1", "hostname", "(.*)"), '
                  '"what", "greeting", "", "")\n)'),
                  "none", YES_IS_NEUTRAL, colour=True),
              width=10, height=7, hidden=("instance",)),
    ]


def _states():
    return [
        timeline("Reachable",
                 "Whether the latest probe saw a 220 greeting and an answer "
                 "to EHLO.",
                 line("smtp_reachable"), mappings=YES_IS_GOOD),
        timeline("Why probes fail",
                 "Phase and reason of the latest probe while it failed; "
                 "nothing while none did.",
                 series(f"max by (phase, reason, mx, address) "
                        f"({of('smtp_probe_failure_info')})",
                        "{{phase}}: {{reason}} " + PLACE),
                 mappings=words((1, "fails", RED))),
        timeline("STARTTLS",
                 "Offered: as last observed. Works: the outcome of the last "
                 "attempt. A gap: not known, or TLS from the first byte.",
                 line("smtp_starttls_advertised", f"offered {PLACE}"),
                 line("smtp_starttls_success", f"works {PLACE}"),
                 mappings=YES_IS_GOOD),
        timeline("AUTH on 25, clear text after STARTTLS",
                 "AUTH where servers deliver, and bytes in clear behind the "
                 "answer to STARTTLS (somebody on the way, or a broken "
                 "server). A gap: not known, or no such role.",
                 line("smtp_auth_on_25", f"AUTH {PLACE}"),
                 line("smtp_plaintext_after_starttls",
                      f"clear text {PLACE}"),
                 mappings=YES_IS_BAD),
        timeline("Expectations",
                 "Each item of the target's expect: that the facts can "
                 "decide. Empty without expect:.",
                 series(of("smtp_expectation_met"),
                        "{{expectation}} {{key}} " + PLACE),
                 mappings=YES_IS_GOOD),
        timeline("Names",
                 "Whether the greeting names the expected host, whether a "
                 "reverse name of the address leads back to it, and whether "
                 "the greeting has that name. A gap: not known.",
                 line("smtp_banner_match", f"greeting {PLACE}"),
                 line("smtp_reverse_dns_match", f"reverse {PLACE}"),
                 line("smtp_banner_reverse_dns_match",
                      f"greeting is reverse {PLACE}"),
                 mappings=words((1, "yes", GREEN), (0, "no", ORANGE))),
    ]


def _times():
    phase = "smtp_probe_phase_duration_seconds"
    return [
        graph("Phases of a probe",
              "Mean over the chosen addresses of what each phase of the "
              "latest probe took, one on the other. A greeting that takes "
              "seconds is often postscreen's or a tarpit's.",
              *(series(f"avg({of(phase, f'phase={quote(name)}')})", name)
                for name in PHASES),
              unit="s", stacked=True),
        graph("Duration of a probe", "Of each address, QUIT included.",
              line("smtp_probe_duration_seconds"), unit="s"),
        graph("Probes and failures", "Per second, over the chosen addresses.",
              series(f"sum(rate({of('smtp_probes_total')}"
                     "[$__rate_interval]))", "probes"),
              series(f"sum(rate({of('smtp_probe_failures_total')}"
                     "[$__rate_interval]))", "failures"),
              unit="cps"),
        graph("Age of what is shown",
              "How long ago the latest probe ended, and EHLO was last "
              "answered: all facts of a server that does not answer grow "
              "old, and are dropped after stale_after. Due: the time from "
              "one probe to the next, back-off after a 421 included.",
              series(age("smtp_probe_timestamp_seconds", CHOSEN),
                     f"probe {PLACE}"),
              series(age("smtp_observed_timestamp_seconds", CHOSEN),
                     f"EHLO {PLACE}"),
              series(of("smtp_probe_interval_seconds"), f"due {PLACE}"),
              unit="s"),
    ]


def quote(text):
    return f'"{text}"'


def _offer():
    def both(name, label):
        query = "max by ({}) ({})".format
        by = f"{label}, mx, address"
        return [column("In clear", rows(query(by, of(name, 'tls="no"'))),
                       "none", YES_IS_NEUTRAL_OR_MISSING, colour=True),
                column("Inside TLS", rows(query(by, of(name, 'tls="yes"'))),
                       "none", YES_IS_NEUTRAL_OR_MISSING, colour=True)]
    return [
        table("Capabilities",
              "EHLO keywords before and inside TLS, as last observed. A "
              "dash: not listed there, or no such answer was observed.",
              column("Capability"), *both("smtp_capability", "capability"),
              column("MX"), column("Address"), width=9, height=10,
              sort="Capability", descending=False),
        table("AUTH mechanisms",
              "Before and inside TLS, as last observed. A dash: not listed "
              "there, or no such answer was observed.",
              column("Mechanism"),
              *both("smtp_auth_mechanism", "mechanism"),
              column("MX"), column("Address"), width=7, height=10,
              sort="Mechanism", descending=False,
              none="no mechanism is known"),
        graph("SIZE",
              "The largest message that is taken, inside TLS if that was "
              "observed. No line: unknown, or no fixed limit.",
              series(f"{of('smtp_size_limit_bytes')} < +Inf", PLACE),
              unit="bytes", stepped=True, width=8, height=10),
    ]


YES_IS_NEUTRAL_OR_MISSING = [
    YES_IS_NEUTRAL[0],
    {"type": "special", "options": {"match": "null+nan", "result": {
        "color": GREY, "index": 2, "text": "-"}}},
]


def _tls():
    by = f"{ROW}, key"
    info = "max by (subject, issuer, serial, fingerprint_sha256, {}) ({})"

    def each(function, name):
        return rows(f"{function} by ({by}) ({of(name)})")
    left = "smtp_tls_certificate_not_after_timestamp_seconds"
    return [
        table("Certificates",
              "Those that the server showed last. Days: until the "
              "certificate ends, and until the first in its chain does. "
              "Trusted says nothing of the name, and the name nothing of "
              "trust.",
              column("MX"), column("Address"), column("Key", width=100),
              column("Subject"), column("Issuer"),
              column("Days", rows(f"min by ({by}) "
                                  f"(({of(left)} - time()) / 86400)"),
                     "none", decimals=1, thresholds=TERM),
              column("Days of chain",
                     rows(f"min by ({by}) ({days_left(CHOSEN)})"),
                     "none", decimals=1, thresholds=TERM),
              column("Valid from", rows(
                  "1000 * max by (" + by + ") (" + of(
                      "smtp_tls_certificate_not_before_timestamp_seconds")
                  + ")"), "dateTimeAsIso"),
              column("Trusted",
                     each("min", "smtp_tls_certificate_trusted"), "none",
                     YES_IS_GOOD, colour=True),
              column("Right name",
                     each("min", "smtp_tls_certificate_name_match"), "none",
                     YES_IS_GOOD, colour=True),
              column("Serial"), column("SHA-256"),
              column("Shown", rows(info.format(
                  by, of("smtp_tls_certificate_info"))), "none",
                  YES_IS_NEUTRAL, width=70),
              column("Instance", width=170),
              height=7, hidden=(), labels={"fingerprint_sha256": "SHA-256"},
              none="no certificate is known"),
        graph("Days until the certificate ends",
              "The first to end of the certificate and those that it depends "
              f"on. The lines are those of the alerts: {SOON} and "
              f"{VERY_SOON} days.",
              series(days_left(CHOSEN), "{{key}} " + PLACE),
              unit="none", least=None, thresholds=TERM),
        table("TLS version, and what OpenSSL says of the chain",
              "What the latest handshake agreed on, and the verdict on the "
              "certificate chain: ok, or what is wrong with it.",
              column("What", width=130), column("Value"), column("MX"),
              column("Address"),
              column("Seen", rows(
                  f"max by (what, value, {ROW}) (\n"
                  f'  label_replace(label_join({of("smtp_tls_info")}, '
                  '"value", " ", "version", "cipher"), '
                  '"what", "handshake", "", "")\n'
                  f'  or label_replace(label_replace('
                  f'{of("smtp_tls_verify_info")}, '
                  '"value", "$1", "reason", "(.*)"), '
                  '"what", "chain", "", "")\n)'),
                  "none", YES_IS_NEUTRAL, colour=True),
              hidden=("instance",), width=12, height=8,
              none="no handshake is known"),
    ]


def _dns():
    return [
        stat("Domain",
             "Of a domain: whether an address of a host of the best "
             "preference is reachable, whether it says that it takes no "
             "mail, and the MX hosts that are probed.",
             now(f"max({whole('smtp_domain_reachable')})", "reachable"),
             now(f"max({whole('smtp_null_mx')})", "takes no mail"),
             now(f"max({whole('smtp_mx_hosts')})", "MX hosts"),
             text="value_and_name", width=6, height=7,
             none="no domain, or unknown"),
        table("MX hosts",
              "Of a domain: the hosts and their preference; the lowest is "
              "tried first.",
              column("MX"), column("Preference", rows(
                  "max by (mx) (" + pick("smtp_mx_preference", WHOLE,
                                         'mx=~"$mx"') + ")")),
              width=6, height=7, sort="Preference", descending=False,
              none="no domain, or unknown"),
        timeline("DNS answers",
                 "No: nobody answered, or with an error. That a name does "
                 "not exist is an answer.",
                 line("smtp_dns_success", "{{record}} " + PLACE),
                 mappings=YES_IS_GOOD, height=7),
        graph("DNS: how long lookups take", "Of the latest of each kind.",
              line("smtp_dns_duration_seconds", "{{record}} " + PLACE),
              unit="s"),
        timeline("Domain reachable",
                 "Of a domain: whether an address of a host of the best "
                 "preference is.",
                 series(whole("smtp_domain_reachable"), "{{target}}"),
                 mappings=YES_IS_GOOD, height=8),
    ]


def build(daemon):
    def of_all(*matchers):
        return pick("", EVERY_TARGET, PROBER, *matchers)

    def part(label):
        return f"label_values({pick('smtp_probe_interval_seconds', WHOLE)}, " \
               f"{label})"
    variables = [
        query_variable("job", VARIABLES["job"]),
        query_variable("instance", VARIABLES["instance"]),
        query_variable("target", f"label_values({of_all()}, target)",
                       multi=False),
        query_variable(
            "module",
            f"label_values({of_all('target=' + quote('$target'))}, module)",
            multi=False),
        # A host has no mx, a name that never resolved no address.
        query_variable("mx", part("mx"), label="MX", everything=".*"),
        query_variable("address", part("address"), everything=".*"),
    ]
    return dashboard(
        links.ONE_TARGET, links.TITLES[links.ONE_TARGET],
        "One mail server or domain, on all its addresses.", variables, [
            ("Now", _now(daemon)),
            ("States", _states()),
            ("Times", _times()),
            ("What it offers", _offer()),
            ("TLS", _tls()),
            ("DNS", _dns()),
        ], links.others(links.ONE_TARGET), hours=24)
