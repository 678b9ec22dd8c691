"""Grafana's words: dashboards, variables and panels as the JSON that Grafana
imports. Nothing here knows a metric."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24  # Grafana's grid.
GREEN, ORANGE, RED, BLUE, GREY = "green", "orange", "red", "blue", "#808080"


# ---- Values in words ---------------------------------------------------------

def words(*entries):
    """Mappings of values: (value, text, colour). What is not there is in words,
    too, so that nobody takes it for a no."""
    options = {str(value): {"color": colour, "index": index, "text": text}
               for index, (value, text, colour) in enumerate(entries)}
    unknown = {"color": GREY, "index": len(entries), "text": "unknown"}
    return [{"type": "value", "options": options},
            {"type": "special",
             "options": {"match": "null+nan", "result": unknown}}]


YES_IS_GOOD = words((1, "yes", GREEN), (0, "no", RED))
YES_IS_BAD = words((1, "yes", RED), (0, "no", GREEN))
YES_IS_NEUTRAL = words((1, "yes", BLUE), (0, "no", GREY))
NUMBER = words()


def steps(colour, *further):
    """Thresholds: a colour, then (value from which on, colour)."""
    return {"mode": "absolute",
            "steps": [{"color": colour, "value": None},
                      *({"color": colour, "value": value}
                        for value, colour in further)]}


# ---- Queries -----------------------------------------------------------------

def series(expression, legend):
    """A query over the dashboard's time."""
    return {"datasource": DATASOURCE, "editorMode": "code",
            "expr": expression, "legendFormat": legend, "range": True}


def now(expression, legend=""):
    """A query for the end of the dashboard's time."""
    return {"datasource": DATASOURCE, "editorMode": "code",
            "expr": expression, "instant": True, "legendFormat": legend,
            "range": False}


def rows(expression):
    """The same, a row for each series."""
    return now(expression) | {"format": "table"}


# ---- Panels ------------------------------------------------------------------

def _panel(kind, title, description, queries, width, height, defaults,
           options, overrides=(), **keys):
    targets = [{"refId": chr(ord("A") + index)} | query
               for index, query in enumerate(queries)]
    return {
        "type": kind, "title": title, "description": description,
        "datasource": DATASOURCE, "targets": targets,
        "gridPos": {"w": width, "h": height},
        # Tells newer versions from where to migrate.
        "pluginVersion": "10.4.0",
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": options,
    } | keys


def _override(name, **properties):
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": key.replace("__", "."), "value": value}
                           for key, value in properties.items()]}


def graph(title, description, *queries, unit, width=12, height=8,
          stacked=False, stepped=False, least=0, most=None, thresholds=None,
          points=None):
    """Lines over time. `points`: no more of them, for expensive queries."""
    custom = {
        "drawStyle": "line", "lineWidth": 1, "showPoints": "auto",
        "fillOpacity": 40 if stacked else 8,
        "lineInterpolation": "stepAfter" if stepped else "linear",
        # A gap says that nothing was known; a line across it would not.
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "line" if thresholds else "off"},
    }
    defaults = {"unit": unit, "custom": custom, "noValue": "unknown",
                "color": {"mode": "palette-classic"},
                "thresholds": thresholds or steps(GREEN)}
    if least is not None:
        defaults["min"] = least
    if most is not None:
        defaults["max"] = most
    options = {
        "legend": {"calcs": ["lastNotNull", "max"], "displayMode": "table",
                   "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    keys = {} if points is None else {"maxDataPoints": points}
    return _panel("timeseries", title, description, queries, width, height,
                  defaults, options, **keys)


def timeline(title, description, *queries, mappings, width=12, height=6,
             points=None):
    """States over time; a gap where the state is unknown."""
    defaults = {
        "unit": "none", "mappings": mappings, "noValue": "unknown",
        "color": {"mode": "thresholds"}, "thresholds": steps(GREY),
        "custom": {"fillOpacity": 80, "lineWidth": 0},
    }
    options = {
        "alignValue": "left", "mergeValues": True, "rowHeight": 0.85,
        "showValue": "auto",
        "legend": {"calcs": [], "displayMode": "list",
                   "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    keys = {} if points is None else {"maxDataPoints": points}
    return _panel("state-timeline", title, description, queries, width,
                  height, defaults, options, **keys)


def stat(title, description, *queries, unit="short", width=4, height=4,
         mappings=NUMBER, thresholds=None, colours=None, text="auto",
         none="unknown"):
    """Numbers of now. `colours`: {legend: thresholds of this number}."""
    defaults = {"unit": unit, "mappings": mappings, "noValue": none,
                "color": {"mode": "thresholds"},
                "thresholds": thresholds or steps("text")}
    options = {
        "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
        "orientation": "auto", "textMode": text, "wideLayout": True,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "",
                          "values": False},
    }
    overrides = [_override(name, thresholds=limits)
                 for name, limits in (colours or {}).items()]
    return _panel("stat", title, description, queries, width, height,
                  defaults, options, overrides)


GOOD = steps("text", (1, GREEN))
BAD = steps("text", (1, RED))
WARNING = steps("text", (1, ORANGE))
DOUBT = steps("text", (1, BLUE))


def counts(title, description, *entries, width=6, height=4):
    """How many of each kind: (name, expression, GOOD or BAD or ...)."""
    return stat(title, description,
                *(now(expression, name) for name, expression, _ in entries),
                width=width, height=height, text="value_and_name",
                colours={name: colour for name, _, colour in entries})


def bars(title, description, *queries, unit="short", width=8, height=8,
         none="unknown"):
    """A bar for each series, as of now."""
    defaults = {"unit": unit, "min": 0, "noValue": none,
                "color": {"fixedColor": BLUE, "mode": "fixed"},
                "thresholds": steps(BLUE)}
    options = {
        "displayMode": "basic", "minVizHeight": 10, "minVizWidth": 0,
        "orientation": "horizontal", "showUnfilled": True,
        "valueMode": "text",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "",
                          "values": False},
    }
    return _panel("bargauge", title, description, queries, width, height,
                  defaults, options)


# For the columns of a table that one query fills.
FROM_LABEL = object()


def column(name, query=None, unit="short", mappings=NUMBER, decimals=None,
           thresholds=None, colour=False, links=None, width=None):
    """One of a table: the value of a query, or without one a label, whose
    name is `name` in lower case."""
    # A label that a series has not; else it would read as the table does that
    # has no rows.
    properties = {"noValue": "-"}
    if query is not None:
        properties = {"unit": unit, "mappings": mappings}
        if decimals is not None:
            properties["decimals"] = decimals
        if thresholds:
            properties["thresholds"] = thresholds
        if thresholds or colour:
            properties |= {"color": {"mode": "thresholds"},
                           "custom__cellOptions": {"type": "color-text"}}
    if links:
        properties["links"] = links
    if width:
        properties["custom__width"] = width
    return {"name": name, "query": query, "properties": properties}


def table(title, description, *columns, width=24, height=9, sort=None,
          descending=True, hidden=("job",), labels=None, none="unknown",
          query=None):
    """A row for each set of labels that the columns' queries have in common.
    `labels`: {label: its column} where that is not its name in lower case.
    `hidden`: labels that are not shown. `query`: one for all values, whose
    series have the label `column`: where they belong."""
    queries = [query] if query else [
        entry["query"] for entry in columns if entry["query"]]
    fields = _fields(columns, labels or {})
    transformations = []
    if query:
        transformations.append({"id": "labelsToFields", "options": {
            "mode": "columns", "valueLabel": "column"}})
    if query or len(queries) > 1:
        transformations.append({"id": "merge", "options": {}})
    transformations.append({"id": "organize", "options": {
        "excludeByName": {name: True for name in ("Time", *hidden)},
        "indexByName": {field: index for index, field in enumerate(fields)},
        "renameByName": fields}})
    defaults = {"unit": "none", "noValue": none,
                "color": {"mode": "thresholds"}, "thresholds": steps("text"),
                "custom": {"align": "auto", "cellOptions": {"type": "auto"},
                           "filterable": True}}
    options = {"cellHeight": "sm", "showHeader": True,
               "sortBy": [{"displayName": sort, "desc": descending}]
               if sort else []}
    overrides = [_override(entry["name"], **entry["properties"])
                 for entry in columns]
    return _panel("table", title, description, queries, width, height,
                  defaults, options, overrides,
                  transformations=transformations)


def _fields(columns, labels):
    """{Grafana's name of a field: ours of its column}, in their order."""
    own = [entry for entry in columns
           if entry["query"] not in (None, FROM_LABEL)]
    label_of = {shown: label for label, shown in labels.items()}
    fields = {}
    for entry in columns:
        name = entry["name"]
        if entry["query"] is None:
            field = label_of.get(name, name.lower())
        elif entry["query"] is FROM_LABEL:
            field = name
        elif len(own) == 1:
            field = "Value"
        else:
            field = f"Value #{chr(ord('A') + own.index(entry))}"
        fields[field] = name
    return fields


def link(title, url):
    """From a table's cell."""
    return {"title": title, "url": url, "targetBlank": False}


# ---- Dashboards --------------------------------------------------------------

def query_variable(name, query, *, label=None, multi=True, everything=".+"):
    """`everything`: what the choice "All" stands for."""
    variable = {
        "type": "query", "name": name, "label": label or name.capitalize(),
        "datasource": DATASOURCE, "query": query,
        "refresh": 2,  # When the time changes, too.
        "sort": 1, "hide": 0, "regex": "", "skipUrlSync": False,
        "multi": multi, "includeAll": multi, "options": [],
    }
    if multi:
        variable |= {"allValue": everything, "current": {
            "selected": True, "text": ["All"], "value": ["$__all"]}}
    return variable


def filter_variable():
    """Labels to choose series by, whatever their names."""
    return {"type": "adhoc", "name": "filters", "label": "Labels",
            "datasource": DATASOURCE, "filters": [], "hide": 0,
            "skipUrlSync": False}


def _datasource_variable():
    return {"type": "datasource", "name": "datasource",
            "label": "Data source", "query": "prometheus",
            "hide": 0, "includeAll": False, "multi": False, "options": [],
            "refresh": 1, "regex": "", "skipUrlSync": False}


def _place(parts):
    """Sets ids and places. `parts`: (title of a row, its panels)."""
    placed = []
    top = 0
    for title, panels in parts:
        placed.append({"type": "row", "title": title, "collapsed": False,
                       "panels": [],
                       "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}})
        top += 1
        left = height = 0
        for panel in panels:
            size = panel["gridPos"]
            if left + size["w"] > COLUMNS:
                top += height
                left = height = 0
            placed.append(panel | {"gridPos": size | {"x": left, "y": top}})
            left += size["w"]
            height = max(height, size["h"])
        top += height
    return [panel | {"id": index} for index, panel in enumerate(placed, 1)]


def dashboard(uid, title, description, variables, parts, others, hours,
              refresh="1m"):
    """`others`: {uid: title} of the dashboards to go to from here."""
    return {
        "uid": uid, "title": title, "description": description,
        "schemaVersion": 39, "version": 1, "editable": False,
        "tags": ["smtp", "smtp-prober"], "timezone": "browser",
        "graphTooltip": 1,  # One cross-hair in all panels.
        "refresh": refresh, "time": {"from": f"now-{hours}h", "to": "now"},
        "timepicker": {}, "weekStart": "", "fiscalYearStartMonth": 0,
        "liveNow": False, "annotations": {"list": []},
        # Not all variables: one of the same name may not take "All" there.
        "links": [{"type": "link", "title": name,
                   "url": f"/d/{other}?${{datasource:queryparam}}"
                          "&${job:queryparam}&${instance:queryparam}",
                   "icon": "dashboard", "tooltip": "", "tags": [],
                   "asDropdown": False, "includeVars": False,
                   "keepTime": True, "targetBlank": False}
                  for other, name in others.items()],
        "templating": {"list": [_datasource_variable(), *variables]},
        "panels": _place(parts),
    }
