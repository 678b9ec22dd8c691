"""The prober itself: whether it keeps up, and what it needs."""

from source import links
from source.panels import (
    GREEN, ORANGE, RED, YES_IS_GOOD, bars, column, dashboard, graph, now,
    query_variable, rows, series, stat, steps, table, timeline, words)
from source.questions import PROBER, VARIABLES, age, pick

EACH = "{{instance}}"


def own(name, *matchers):
    return pick(name, PROBER, *matchers)


def rate(name, *by):
    return (f"sum by ({', '.join(('instance', *by))}) "
            f"(rate({own(name)}[$__rate_interval]))")


def grown(name, *by):
    return (f"sum by ({', '.join(('instance', *by))}) "
            f"(increase({own(name)}[$__rate_interval]))")


def quantiles(title, description, name, *by, unit="s"):
    legend = " ".join("{{" + label + "}}" for label in ("instance", *by))
    labels = ", ".join(("le", "instance", *by))
    bucket = own(f"{name}_bucket")
    return graph(title, description, *(
        series(f"histogram_quantile({share}, sum by ({labels}) "
               f"(rate({bucket}[$__rate_interval])))", f"{text} {legend}")
        for share, text in ((0.5, "half"), (0.99, "99 %"))), unit=unit)


def _now():
    return [
        stat("Up", "Whether Prometheus' latest scrape succeeded.",
             now(own("up"), EACH), unit="none",
             mappings=words((1, "up", GREEN), (0, "down", RED))),
        stat("Version", "Which version of smtp_prober runs.",
             now(own("smtp_prober_build_info"), "{{version}} {{instance}}"),
             unit="none", text="name"),
        stat("Running since", "When the process started.",
             now(f"1000 * {own('process_start_time_seconds')}", EACH),
             unit="dateTimeFromNow"),
        stat("Configuration",
             "Whether the latest attempt to load it succeeded. After a bad "
             "one the old configuration stays in force.",
             now(own("smtp_prober_config_last_reload_successful"), EACH),
             unit="none",
             mappings=words((1, "loaded", GREEN), (0, "refused", RED))),
        stat("Loaded", "When the configuration was last loaded.",
             now("1000 * " + own(
                 "smtp_prober_config_last_reload_success_timestamp_seconds"),
                 EACH), unit="dateTimeFromNow"),
        stat("Duplicates",
             "Targets left out, because one before them has the same name "
             "and module.",
             now(own("smtp_prober_duplicate_targets"), EACH),
             thresholds=steps("text", (1, ORANGE))),
        graph("Targets and endpoints",
              "Targets that are watched, from all sources; endpoints that "
              "are probed, those that several targets share once.",
              series(own("smtp_prober_targets"), f"targets {EACH}"),
              series(own("smtp_prober_endpoints"), f"endpoints {EACH}"),
              unit="short", stepped=True),
        timeline("Where we look from",
                 "No: what this host needs fails for everything alike, so "
                 "the fault is most likely here. A gap: too little to judge "
                 "by; it takes three sites.",
                 series(own("smtp_prober_vantage_ok"),
                        "{{check}} {{instance}}"),
                 mappings=YES_IS_GOOD, height=8),
    ]


def _probes():
    return [
        graph("Probes", "Probes that ended, per second.",
              series(rate("smtp_prober_probe_duration_seconds_count"), EACH),
              unit="cps"),
        graph("Failing",
              "Share of the probes that failed, over the endpoints as the "
              "targets show them.",
              series(f"{rate('smtp_probe_failures_total')}\n"
                     f"/ {rate('smtp_probes_total')}", EACH),
              unit="percentunit", most=1),
        graph("In flight", "Probes that are running. A line that stays at "
              "--probe.concurrency: there are too many silent servers for "
              "it.",
              series(own("smtp_prober_probes_in_flight"), EACH),
              unit="short"),
        quantiles("How long probes take",
                  "Quantiles over all probes in the time between two points; "
                  "as exact as the buckets are.",
                  "smtp_prober_probe_duration_seconds"),
        quantiles("Late starts",
                  "How long after its due time a probe started. Seconds of "
                  "it: the prober does not keep up.",
                  "smtp_prober_schedule_lag_seconds"),
        quantiles("Late timers",
                  "How late a timer of each loop fired. More than a tenth of "
                  "a second: something holds the loop up, or the machine is "
                  "busy, and durations are not to be trusted.",
                  "smtp_prober_event_loop_lag_seconds", "loop"),
    ]


def _lists():
    source = "smtp_prober_discovery_"
    return [
        table("Lists of targets",
              "Files and URLs that name targets. Empty when all targets are "
              "in the configuration.",
              column("Source"),
              column("Targets", rows(own(f"{source}targets"))),
              column("Read", rows(age(
                  f"{source}last_success_timestamp_seconds", PROBER)), "s",
                  decimals=0),
              column("Instance", width=170),
              hidden=("job", "__name__"), height=8, width=12,
              none="no lists"),
        graph("Lists: read and failed",
              "How often each list was read, and how often that failed: the "
              "last good one stays in force.",
              series(grown(f"{source}refreshes_total", "source"),
                     "read {{source}} {{instance}}"),
              series(grown(f"{source}failures_total", "source"),
                     "failed {{source}} {{instance}}"),
              unit="short"),
        graph("Questions to DNS", "Per second, by record.",
              series(rate("smtp_prober_dns_lookups_total", "record"),
                     "{{record}} {{instance}}"), unit="cps"),
        graph("Questions without an answer",
              "Per second, by record: nobody answered, or with an error.",
              series(rate("smtp_prober_dns_lookup_failures_total", "record"),
                     "{{record}} {{instance}}"), unit="cps"),
        graph("Tests on demand",
              "Per second: begun, refused by reason, and those that named a "
              "module that there is not.",
              series(rate("smtp_prober_on_demand_probes_total"),
                     f"begun {EACH}"),
              series(rate("smtp_prober_on_demand_refusals_total", "reason"),
                     "refused: {{reason}} {{instance}}"),
              series(rate("smtp_prober_module_unknown_total"),
                     f"unknown module {EACH}"), unit="cps"),
        graph("Scrapes", "How long Prometheus' scrapes take.",
              series(own("scrape_duration_seconds"), EACH), unit="s"),
    ]


def _process():
    return [
        graph("Processor", "Share of one processor.",
              series(rate("process_cpu_seconds_total"), EACH),
              unit="percentunit", width=8),
        graph("Memory", "Resident: in memory. Virtual: address space.",
              series(own("process_resident_memory_bytes"),
                     f"resident {EACH}"),
              series(own("process_virtual_memory_bytes"), f"virtual {EACH}"),
              unit="bytes", width=8),
        graph("File descriptors",
              "Open, and as many as may be: each probe takes one.",
              series(own("process_open_fds"), f"open {EACH}"),
              series(own("process_max_fds"), f"allowed {EACH}"),
              unit="short", width=8),
        graph("Threads", "Of the process.",
              series(own("process_threads"), EACH), unit="short", width=8,
              stepped=True),
        graph("Restarts",
              "How often the process was started anew.",
              series(f"changes({own('process_start_time_seconds')}"
                     "[$__rate_interval])", EACH), unit="short", width=8),
        bars("Series per scrape",
             "Samples that Prometheus took from the latest scrape.",
             now(own("scrape_samples_scraped"), EACH)),
    ]


def build(daemon):
    del daemon  # Its page has no part that would belong here.
    return dashboard(
        links.SELF, links.TITLES[links.SELF],
        "smtp_prober: whether it keeps up, and what it needs.",
        [query_variable("job", VARIABLES["job"]),
         query_variable("instance", VARIABLES["instance"])],
        [("Now", _now()), ("Probes", _probes()),
         ("Lists, DNS, questions", _lists()), ("Process", _process())],
        links.others(links.SELF), hours=6)
