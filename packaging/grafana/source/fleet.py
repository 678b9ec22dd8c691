"""All targets: how many are well, which are not, what changes."""

from source import links
from source.panels import (
    BAD, DOUBT, FROM_LABEL, GOOD, GREEN, GREY, ORANGE, RED, WARNING, YES_IS_BAD,
    YES_IS_GOOD, bars, column, counts, dashboard, filter_variable, graph,
    link, now, query_variable, rows, series, stat, steps, table, timeline,
    words)
from source.questions import (
    PLACE, PROBER, SOON, TARGET, VARIABLES, VERY_SOON, age, days_left,
    levels, pick, problems, targets)

# Only series of watched targets have a module: those of a scrape of /probe are
# another job's business.
FLEET = f'{PROBER}, module=~"$module"'
OF_DOMAINS = 'mx!=""'
SHOWN = 100  # Rows of a table.
# Of a line, because each is a sum over the whole fleet.
POINTS = 100
LEVELS = words((3, "critical", RED), (2, "warning", ORANGE),
               (1, "unknown", GREY), (0, "nothing known", GREEN))


def of(name, *matchers):
    return pick(name, FLEET, *matchers)


def all_are(name, value, *matchers):
    """How many are; no data where it is known of none."""
    return f"sum({of(name, *matchers)} == bool {value})"


def _numbers():
    interval = of("smtp_probe_interval_seconds")
    left = days_left(FLEET)
    not_probed = f"count({interval}) - " \
                 f"(count({of('smtp_reachable')}) or vector(0))"
    no_answer = (
        f"count({interval} unless on ({PLACE}) "
        f"{of('smtp_starttls_advertised')} unless on ({PLACE}) "
        f"{of('smtp_tls_info')}) or 0 * count({interval})")
    stale = (f"sum({age('smtp_probe_timestamp_seconds', FLEET)} > bool "
             f"3 * {interval})")
    return [
        stat("Targets",
             "Hosts and domains that are watched. All numbers here count what "
             "the chosen probers see: two that watch the same count it "
             "twice.",
             now(f"count({targets(FLEET)})", "targets"), width=3),
        counts("Reachable",
               "Endpoints (addresses of targets) that greeted with 220 and "
               "answered EHLO at the latest probe. Unknown: not probed yet.",
               ("yes", all_are("smtp_reachable", 1), GOOD),
               ("no", all_are("smtp_reachable", 0), BAD),
               ("unknown", not_probed, DOUBT), width=7),
        counts("STARTTLS",
               "As last observed. Fails: offered, and did not lead to TLS. "
               "Unknown: no answer to EHLO was observed lately, which says "
               "nothing about STARTTLS. Endpoints with implicit TLS need "
               "none and are left out once their TLS was seen.",
               ("offered", all_are("smtp_starttls_advertised", 1), GOOD),
               ("missing", all_are("smtp_starttls_advertised", 0), BAD),
               ("fails", all_are("smtp_starttls_success", 0), BAD),
               ("unknown", no_answer, DOUBT), width=8),
        counts("AUTH on 25",
               "Of role mx: whether AUTH is offered where servers deliver. "
               "Endpoints where that is not known count nowhere.",
               ("no", all_are("smtp_auth_on_25", 0), GOOD),
               ("yes", all_are("smtp_auth_on_25", 1), WARNING)),
        counts("Certificates",
               f"Good for {SOON} days or more, ending within {SOON} days, "
               "ended: the first to end of the certificate and what it "
               "depends on. Not trusted, and for another name: whatever the "
               "dates.",
               ("good", f"sum({left} >= bool {SOON})", GOOD),
               ("ending", f"sum({left} < bool {SOON}) - sum({left} <= bool 0)",
                WARNING),
               ("ended", f"sum({left} <= bool 0)", BAD),
               ("not trusted", all_are("smtp_tls_certificate_trusted", 0),
                WARNING),
               ("wrong name",
                all_are("smtp_tls_certificate_name_match", 0), WARNING),
               width=10),
        counts("Expectations",
               "Items of the targets' expect: that the facts can decide.",
               ("met", all_are("smtp_expectation_met", 1), GOOD),
               ("unmet", all_are("smtp_expectation_met", 0), WARNING),
               width=5),
        counts("Domains",
               "Reachable: an address of a host of the best preference is. "
               "No mail: the domain says that it takes none.",
               ("reachable", all_are("smtp_domain_reachable", 1), GOOD),
               ("not", all_are("smtp_domain_reachable", 0), BAD),
               ("no mail", all_are("smtp_null_mx", 1), GOOD), width=6),
        stat("Late",
             "Endpoints whose latest probe ended more than three intervals "
             "ago: what is shown of them is old.",
             now(stale, "late"), thresholds=steps(GREEN, (1, ORANGE)),
             width=3),
    ]


def _to_pages(daemon):
    return [link("Its dashboard", links.to_target()),
            link("The prober's own page", links.to_daemon(daemon))]


def _worst(daemon):
    worst = levels(FLEET)

    def over(function, expression):
        return f"{function} by ({TARGET}) ({expression})"
    values = {
        "Worst": f"({worst})",
        "Addresses": over("count", of("smtp_probe_interval_seconds")),
        "Reachable": over("sum", of("smtp_reachable")),
        "STARTTLS": over("min", of("smtp_starttls_advertised")),
        "AUTH on 25": over("max", of("smtp_auth_on_25")),
        "SIZE": over("min", of("smtp_size_limit_bytes")),
        "Days of certificate": over("min", days_left(FLEET)),
        "Unmet": over("sum", f"{of('smtp_expectation_met')} == bool 0"),
        "Probed": over("max", age("smtp_probe_timestamp_seconds", FLEET)),
    }
    # One query: to find out who is worst is what costs.
    union = "\nor ".join(
        f'label_replace({expression}, "column", "{name}", "", "")'
        for name, expression in values.items())
    to_pages = _to_pages(daemon)
    return [
        table("Targets, worst first",
              f"At most {SHOWN}. The worst of all addresses of a target; "
              "empty or unknown where nothing was observed. AUTH on 25 is of "
              "role mx alone. Click a target for its dashboard or the "
              "prober's own page of it.",
              column("Target", links=to_pages),
              column("Module", width=110),
              column("Worst", FROM_LABEL, "none", LEVELS, colour=True),
              column("Addresses", FROM_LABEL),
              column("Reachable", FROM_LABEL),
              column("STARTTLS", FROM_LABEL, "none", YES_IS_GOOD,
                     colour=True),
              column("AUTH on 25", FROM_LABEL, "none", YES_IS_BAD,
                     colour=True),
              column("SIZE", FROM_LABEL, "bytes",
                     words(("Infinity", "no limit", GREY))),
              column("Days of certificate", FROM_LABEL, "none", decimals=0,
                     thresholds=steps(RED, (VERY_SOON, ORANGE),
                                      (SOON, GREEN))),
              column("Unmet", FROM_LABEL,
                     thresholds=steps("text", (1, ORANGE))),
              column("Probed", FROM_LABEL, "s", decimals=0),
              column("Instance", width=170),
              height=12, sort="Worst",
              query=now(f"(\n{union}\n)\nand on ({TARGET}) "
                        f"topk({SHOWN},\n{worst}\n)", "{{column}}")),
        table("What is wrong, worst first",
              f"At most {SHOWN} problems, one a row, and only what was "
              "observed. For a failed probe: the phase and the reason.",
              column("Target", links=to_pages), column("Module", width=110),
              column("MX"), column("Address"), column("Problem"),
              column("Level", rows(f"topk({SHOWN},\n{problems(FLEET)}\n)"),
                     "none", LEVELS, colour=True),
              column("Instance", width=170),
              height=12, sort="Level", none="no problem is known"),
    ]


def _over_time():
    return [
        graph("Failing probes by reason",
              "Endpoints whose latest probe failed, by phase and reason. "
              "Empty while no failure is known.",
              series(f"sum by (phase, reason) "
                     f"({of('smtp_probe_failure_info')})",
                     "{{phase}}: {{reason}}"),
              unit="short", stacked=True, points=POINTS),
        graph("What is wrong, over time",
              "Endpoints, of those where it is known. A line ends where "
              "nothing was known of any.",
              series(all_are("smtp_reachable", 0), "not reachable"),
              series(all_are("smtp_starttls_advertised", 0),
                     "STARTTLS not offered"),
              series(all_are("smtp_starttls_success", 0), "STARTTLS fails"),
              series(all_are("smtp_auth_on_25", 1), "AUTH on 25"),
              series(all_are("smtp_plaintext_after_starttls", 1),
                     "clear text after STARTTLS"),
              series(f"sum({days_left(FLEET)} < bool {SOON})",
                     f"certificates with less than {SOON} days"),
              series(all_are("smtp_tls_certificate_trusted", 0),
                     "certificates not trusted"),
              series(all_are("smtp_expectation_met", 0),
                     "expectations unmet"),
              unit="short", points=POINTS),
        graph("Probes and failures",
              "Per second, over all endpoints as the targets show them.",
              series(f"sum(rate({of('smtp_probes_total')}"
                     "[$__rate_interval]))", "probes"),
              series(f"sum(rate({of('smtp_probe_failures_total')}"
                     "[$__rate_interval]))", "failures"),
              unit="cps", points=POINTS),
        graph("How long probes take",
              "Quantiles over the endpoints of what their latest probe took, "
              "QUIT included.",
              *(series(f"quantile({share}, "
                       f"{of('smtp_probe_duration_seconds')})", name)
                for share, name in ((0.5, "half of them"), (0.95, "95 %"),
                                    (1, "the slowest"))),
              unit="s", points=POINTS),
    ]


def _changes(daemon):
    def changes(text, name):
        return (f'label_replace(max by ({PLACE}) (changes({of(name)}[6h])),'
                f' "what", "{text}", "", "")')
    changed = "\n  or ".join([
        changes("reachable", "smtp_reachable"),
        changes("STARTTLS offered", "smtp_starttls_advertised"),
        changes("STARTTLS works", "smtp_starttls_success"),
        changes("AUTH on 25", "smtp_auth_on_25"),
        changes("SIZE", "smtp_size_limit_bytes"),
        changes("certificate",
                "smtp_tls_certificate_not_after_timestamp_seconds"),
        changes("certificate trusted", "smtp_tls_certificate_trusted"),
    ])
    to_pages = _to_pages(daemon)
    left = f"min by ({PLACE}, key) ({days_left(FLEET)})"
    return [
        table("What changed in the last six hours",
              f"The {SHOWN} that changed most often; what came or went as a "
              "whole is not among them. Six hours however long a time is "
              "chosen, because Prometheus reads every sample for it.",
              column("Target", links=to_pages), column("Module", width=110),
              column("MX"), column("Address"), column("What"),
              column("Changes", rows(f"topk({SHOWN},\n  {changed}\n) > 0")),
              column("Instance", width=170),
              width=14, sort="Changes", none="no change is known"),
        table("Certificates that end first",
              f"The first {SHOWN}: days until the certificate or one that "
              "it depends on ends.",
              column("Target", links=to_pages), column("Module", width=110),
              column("MX"), column("Address"), column("Key", width=100),
              column("Days", rows(f"bottomk({SHOWN}, {left})"), "none",
                     decimals=0, thresholds=steps(
                         RED, (VERY_SOON, ORANGE), (SOON, GREEN))),
              column("Instance", width=170),
              width=10, sort="Days", descending=False),
        bars("TLS versions",
             "Endpoints by what the latest handshake agreed on.",
             now(f"sum by (version) ({of('smtp_tls_info')})",
                 "{{version}}")),
        bars("Certificates by issuer",
             "The twenty that issued most. As a server names them.",
             now("topk(20, count by (issuer) "
                 f"({of('smtp_tls_certificate_info')}))", "{{issuer}}")),
        bars("Quirks",
             "Endpoints by oddity; the README of smtp_prober explains each.",
             now(f"sum by (quirk) ({of('smtp_quirk')})", "{{quirk}}"),
             none="no quirk is known"),
    ]


def _domains(daemon):
    worst = f"bottomk({SHOWN}, max by ({TARGET}) " \
            f"({of('smtp_domain_reachable')}))"

    def one(expression):
        return rows(f"{expression}\nand on ({TARGET}) {worst}")
    to_pages = _to_pages(daemon)
    return [
        table("Domains, worst first",
              f"At most {SHOWN}. Reachable: an address of a host of the best "
              "preference is; a dead backup is no dead domain. MX hosts that "
              "are probed, and their addresses.",
              column("Target", links=to_pages), column("Module", width=110),
              column("Reachable", rows(worst), "none", YES_IS_GOOD,
                     colour=True),
              column("MX hosts",
                     one(f"max by ({TARGET}) ({of('smtp_mx_hosts')})")),
              column("Addresses", one(
                  f"count by ({TARGET}) "
                  f"({of('smtp_reachable', OF_DOMAINS)})")),
              column("Of them reachable", one(
                  f"sum by ({TARGET}) "
                  f"({of('smtp_reachable', OF_DOMAINS)})")),
              column("Instance", width=170),
              width=14, height=8, sort="Reachable", descending=False,
              none="no domains"),
        graph("Domains over time",
              "Empty when none are watched.",
              series(all_are("smtp_domain_reachable", 1), "reachable"),
              series(all_are("smtp_domain_reachable", 0), "not reachable"),
              series(all_are("smtp_null_mx", 1), "take no mail"),
              unit="short", width=10, points=POINTS),
    ]


def _vantage():
    return [
        timeline("Where we look from",
                 "No: what the prober's host needs fails for everything "
                 "alike, so the fault is most likely there and not with the "
                 "mail servers. A gap: too little to judge by, which is so "
                 "with few targets.",
                 series(pick("smtp_prober_vantage_ok", PROBER),
                        "{{check}} {{instance}}"),
                 mappings=YES_IS_GOOD, width=24, height=5, points=POINTS),
    ]


def build(daemon):
    variables = [
        query_variable("job", VARIABLES["job"]),
        query_variable("instance", VARIABLES["instance"]),
        query_variable(
            "module",
            f"label_values({pick('smtp_probe_interval_seconds', PROBER)}, "
            "module)"),
        filter_variable(),
    ]
    return dashboard(
        links.FLEET, links.TITLES[links.FLEET],
        "All mail servers that smtp_prober watches.", variables, [
            ("Now", _numbers()),
            ("Worst first", _worst(daemon)),
            ("Over time", _over_time()),
            ("Changes, certificates, oddities", _changes(daemon)),
            ("Domains", _domains(daemon)),
            ("Vantage", _vantage()),
        ], links.others(links.FLEET), hours=6, refresh="5m")
