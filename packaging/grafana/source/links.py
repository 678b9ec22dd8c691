"""Where the dashboards lead: to each other, and to the daemon's own page."""

FLEET, ONE_TARGET, SELF = (f"smtp-prober-{name}"
                           for name in ("fleet", "target", "self"))
TITLES = {FLEET: "SMTP: fleet", ONE_TARGET: "SMTP: one target",
          SELF: "SMTP: the prober itself"}
# The address that Prometheus scrapes, of the row that is clicked; a browser may
# need another one: `generate --daemon-url`.
DAEMON = "http://${__data.fields.instance}"


def others(uid):
    return {other: title for other, title in TITLES.items() if other != uid}


def field(name):
    return "${__data.fields." + name + ":percentencode}"


def to_target(target="target", module="module"):
    """From a row with these columns."""
    return (f"/d/{ONE_TARGET}?${{datasource:queryparam}}&${{job:queryparam}}"
            f"&var-instance={field('instance')}&var-target={field(target)}"
            f"&var-module={field(module)}&${{__url_time_range}}")


def to_daemon(daemon, target=field("target"), module=field("module")):
    return f"{daemon}/target?target={target}&module={module}"
