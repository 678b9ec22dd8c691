"""What the dashboards ask Prometheus, as far as several of them ask it."""

# What tells an endpoint's series from another's, beside the target's own
# labels; a target's; a domain's.
PLACE = "job, instance, target, module, mx, address"
TARGET = "job, instance, target, module"
# Families that every target is in: a domain that takes no mail has no probes.
EVERY_TARGET = '__name__=~"smtp_probe_interval_seconds|smtp_mx_hosts"'
PROBER = 'job=~"$job", instance=~"$instance"'

SOON, VERY_SOON = 21, 3  # Days, as the alerts have it.
CRITICAL, WARNING, UNKNOWN, FINE = 3, 2, 1, 0

VARIABLES = {
    "job": "label_values(smtp_prober_build_info, job)",
    "instance":
        'label_values(smtp_prober_build_info{job=~"$job"}, instance)',
}


def pick(name, *matchers):
    """A selector."""
    return f"{name}{{{', '.join(matchers)}}}"


def targets(selector):
    """A series for each target."""
    return f"max by ({TARGET}) ({pick('', EVERY_TARGET, selector)})"


def days_left(selector):
    return ("(" + pick("smtp_tls_chain_not_after_timestamp_seconds", selector)
            + " - time()) / 86400")


def age(name, selector):
    return f"time() - {pick(name, selector)}"


def _problem(level, text, condition):
    """A series for whatever fulfils `condition`: its labels and `problem`; its
    value is the level."""
    return f'label_replace(0 * ({condition}) + {level}, ' \
           f'"problem", "{text}", "", "")'


def _failure(level, *reasons):
    info = pick("smtp_probe_failure_info", *reasons)
    return f'label_join(0 * {info} + {level}, ' \
           '"problem", ": ", "phase", "reason")'


def problems(selector, by=f"{PLACE}, problem"):
    """All that is wrong, worst last in value: CRITICAL, WARNING, UNKNOWN. Only
    what is known: what was not observed is no problem of the server's."""
    def is_value(name, value):
        return f"{pick(name, selector)} == {value}"

    left = days_left(selector)
    busy = "service_closing|rejected_temporary|internal"
    interval = pick("smtp_probe_interval_seconds", selector)
    parts = [
        _failure(CRITICAL, selector, f'reason!~"{busy}"'),
        _failure(WARNING, selector, f'reason=~"{busy}"'),
        _problem(CRITICAL, "domain: no host of the best preference reachable",
                 is_value("smtp_domain_reachable", 0)),
        _problem(CRITICAL, "STARTTLS not offered",
                 is_value("smtp_starttls_advertised", 0)),
        _problem(CRITICAL, "STARTTLS does not work",
                 is_value("smtp_starttls_success", 0)),
        _problem(CRITICAL, "clear text after STARTTLS",
                 is_value("smtp_plaintext_after_starttls", 1)),
        _problem(CRITICAL, "certificate expired", f"{left} <= 0"),
        _problem(CRITICAL, f"certificate ends within {VERY_SOON} days",
                 f"0 < {left} < {VERY_SOON}"),
        _problem(WARNING, f"certificate ends within {SOON} days",
                 f"{VERY_SOON} <= {left} < {SOON}"),
        _problem(WARNING, "certificate not trusted",
                 is_value("smtp_tls_certificate_trusted", 0)),
        _problem(WARNING, "certificate for another name",
                 is_value("smtp_tls_certificate_name_match", 0)),
        _problem(WARNING, "AUTH on 25", is_value("smtp_auth_on_25", 1)),
        f'label_replace(0 * ({is_value("smtp_expectation_met", 0)}) + '
        f'{WARNING}, "problem", "not as expected: $1", '
        '"expectation", "(.*)")',
        _problem(WARNING, "not probed for three intervals",
                 f"{age('smtp_probe_timestamp_seconds', selector)} > "
                 f"3 * {interval}"),
        _problem(UNKNOWN, "not probed yet",
                 f"{interval} unless on ({PLACE}) "
                 f"{pick('smtp_reachable', selector)}"),
    ]
    union = "\n  or ".join(parts)
    return f"max by ({by}) (\n  {union}\n)"


def levels(selector):
    """The worst that is wrong with each target; FINE for the others."""
    return f"{problems(selector, TARGET)}\nor {FINE} * {targets(selector)}"
