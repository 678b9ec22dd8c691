"""The shipped rules and routes on a faster clock.

A rule that looks at ten minutes makes a test of many minutes. Here every length
of time in a file is divided by one factor, and nothing else is changed. What is
not understood is refused: a duration that kept its length would let a test pass
or fail for the wrong reason.
"""

import re

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
          "w": 604_800_000, "y": 365 * 86_400_000}
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
_TOKEN = re.compile(rf"""
    (?P<comment>\#[^\n]*)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
  | (?P<duration>{_DURATION.pattern}(?!\w))
  | (?P<number>\d[\w.]*)
  | (?P<name>[A-Za-z_]\w*(?::\w+)*)
  | (?P<sign>==|!=|=~|!~|<=|>=|[-+*/%^<>=()\[\]{{}},:@])
  | (?P<space>\s+)""", re.VERBOSE)

# Of the rules and of Alertmanager's configuration.
_DURATION_KEYS = {"for", "keep_firing_for", "interval", "group_wait",
                  "group_interval", "repeat_interval", "resolve_timeout"}
# What people read.
_TEXT_KEYS = {"annotations", "labels"}
# Alertmanager's own, where a configuration says nothing.
_ROUTE_DEFAULTS = {"group_wait": "30s", "group_interval": "5m",
                   "repeat_interval": "4h"}


class ScaledTime:
    def __init__(self, factor):
        self._factor = factor

    def seconds(self, duration):
        """How long it takes here."""
        assert _DURATION.fullmatch(duration), f"no duration: {duration!r}"
        milliseconds = sum(
            int(count) * _UNITS[unit] for count, unit in
            re.findall(r"(\d+)(ms|[smhdwy])", duration))
        return milliseconds / self._factor / 1000

    def duration(self, duration):
        """The same as Prometheus writes it."""
        milliseconds = self.seconds(duration) * 1000
        assert milliseconds == int(milliseconds) or milliseconds > 100, \
            f"{duration} is too short to be divided"
        return f"{round(milliseconds)}ms"

    def rules(self, rules):
        """A file of rules, as a dict."""
        return self._scale(rules)

    def routes(self, config):
        """Alertmanager's configuration, as a dict."""
        route = _ROUTE_DEFAULTS | config["route"]
        return self._scale(config | {"route": route})

    def _scale(self, value, key=None):
        if key in _TEXT_KEYS:
            return value
        if isinstance(value, dict):
            return {inner: self._scale(item, inner)
                    for inner, item in value.items()}
        if isinstance(value, list):
            return [self._scale(item, key) for item in value]
        if key == "expr":
            return self.expression(value)
        if key in _DURATION_KEYS:
            return self.duration(value)
        assert not isinstance(value, str) or not _DURATION.fullmatch(value), \
            f"is {key}: {value} a duration?"
        return value

    def expression(self, expression):
        """PromQL."""
        tokens = []
        position = 0
        while position < len(expression):
            match = _TOKEN.match(expression, position)
            assert match, f"not understood: {expression[position:]!r}"
            tokens.append((match.lastgroup, match[0]))
            position = match.end()
        tokens = [(kind, text) for kind, text in tokens
                  if kind not in ("space", "comment")]
        words = [text for _, text in tokens]
        return " ".join(
            self.duration(text) if kind == "duration" else
            self._number(words, index) if kind == "number" else text
            for index, (kind, text) in enumerate(tokens))

    def _number(self, words, index):
        """What stands in the place of the number words[index]."""
        number = words[index]
        before = ([""] * 6 + words[:index])[-6:]
        assert re.fullmatch(r"\d+(\.\d+)?", number) and \
            before[5] not in ("[", ":", "offset"), \
            f"what is {number}? It follows {before}"
        # Days of a certificate's life, which nobody can make faster.
        if words[index + 1:index + 3] == ["*", "86400"]:
            return number
        if number == "86400" and words[index - 1] == "*":
            return number
        if float(number) <= 10:  # A count, a share, so many intervals.
            return number
        age = before[:4] == ["time", "(", ")", "-"] and \
            before[4].endswith("_timestamp_seconds")
        intervals = before[4] in ("smtp_probe_interval_seconds",
                                  "address:smtp_probe_interval:seconds")
        if before[2:4] == ["clamp_min", "("] and intervals and before[5] == ",":
            return f"{float(number) / self._factor:g}"
        if before[5] in ("+", "-"):  # Seconds: shares and counts are not so large.
            return f"{float(number) / self._factor:g}"
        if before[5] in ("<", "<=", ">", ">=") and (age or intervals):
            return f"{float(number) / self._factor:g}"
        raise AssertionError(f"is {number} a time? It follows {before}")
