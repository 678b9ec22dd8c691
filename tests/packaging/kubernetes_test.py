#!/usr/bin/env python3
"""The Helm chart and the plain manifests: rendered for every file of values in
the chart's ci/, and held to what Kubernetes, the Prometheus operator, the
daemon and promtool take. No cluster runs here."""

import copy
import functools
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import jsonschema
import yaml

import node_modules
from harness import lacking, program

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KUBERNETES = ROOT / "packaging/kubernetes"
CHART = KUBERNETES / "chart"
RULES = ROOT / "packaging/prometheus/smtp-prober.rules.yml"
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
CASES = {path.name.removesuffix("-values.yaml"): path
         for path in sorted((CHART / "ci").glob("*-values.yaml"))}
BUILD = node_modules.folder_of("kubernetes")
# Where Debian's packages have their Go sources.
GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "",
      "CGO_ENABLED": "0", "GOCACHE": str(BUILD / "go")}
CONTAINER = "smtp-prober"


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          stdin=options.pop("stdin", subprocess.DEVNULL)
                          if "input" not in options else None, **options)


def build_renderer():
    if shutil.which("go") is None:
        raise lacking("no go")
    path = BUILD / "helm_template"
    BUILD.mkdir(parents=True, exist_ok=True)
    done = run("go", "build", "-o", path, ".", cwd=HERE / "helm_template",
               env=os.environ | GO)
    if done.returncode != 0:
        if "cannot find package" in done.stderr:
            raise lacking(f"no Go libraries:\n{done.stderr}")
        raise AssertionError(done.stderr)
    return str(path)


def install_schemas():
    """The folder with validate.mjs and what it needs."""
    return node_modules.installed(HERE / "kubernetes", "kubernetes",
                                  "validate.mjs")


def load_manifests_script():
    spec = importlib.util.spec_from_file_location(
        "render_manifests", KUBERNETES / "render_manifests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_each_case(test):
    """A test that gets the objects of one case after the other."""
    @functools.wraps(test)
    def tests(self):
        for name, objects in self.rendered.items():
            with self.subTest(name):
                test(self, objects)
    return tests


def title(one):
    return f"{one['kind']} {one['metadata']['name']}"


def of_kind(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def selects(selector, labels):
    return selector.items() <= labels.items()


def pod_of(workload):
    return workload["spec"]["template"]


def workload_of(objects):
    [found] = of_kind(objects, "StatefulSet", "Deployment")
    return found


def daemon_of(workload):
    [found] = [container for container in pod_of(workload)["spec"]["containers"]
               if container["name"] == CONTAINER]
    return found


def violations(pod):
    """What the Pod Security profile "restricted" has against a pod's spec, by
    the standard's list; what our manifests cannot say is left out (Windows)."""
    found = []

    def forbid(condition, what):
        if condition:
            found.append(what)

    whole = pod.get("securityContext", {})
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        forbid(pod.get(name), name)
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
               "persistentVolumeClaim", "projected", "secret"}
    for volume in pod.get("volumes", []):
        forbid(set(volume) - {"name"} - allowed, f"volume {volume}")
    forbid(whole.get("sysctls"), "sysctls")
    for container in (pod["containers"] + pod.get("initContainers", []) +
                      pod.get("ephemeralContainers", [])):
        name = container["name"]
        own = container.get("securityContext", {})
        capabilities = own.get("capabilities", {})

        def effective(key, own=own):
            return own.get(key, whole.get(key))

        forbid(own.get("privileged"), f"{name}: privileged")
        forbid(own.get("allowPrivilegeEscalation") is not False,
               f"{name}: allowPrivilegeEscalation")
        forbid("ALL" not in capabilities.get("drop", []),
               f"{name}: capabilities.drop")
        forbid(set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"},
               f"{name}: capabilities.add")
        forbid(effective("runAsNonRoot") is not True, f"{name}: runAsNonRoot")
        forbid(effective("runAsUser") == 0, f"{name}: runAsUser")
        forbid((effective("seccompProfile") or {}).get("type") not in
               ("RuntimeDefault", "Localhost"), f"{name}: seccompProfile")
        forbid((effective("appArmorProfile") or {}).get("type", "RuntimeDefault")
               not in ("RuntimeDefault", "Localhost"), f"{name}: AppArmor")
        forbid(own.get("procMount", "Default") != "Default",
               f"{name}: procMount")
        forbid({"user", "role"} & set(effective("seLinuxOptions") or {}),
               f"{name}: SELinux")
        for port in container.get("ports", []):
            forbid(port.get("hostPort"), f"{name}: hostPort")
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            for action in ("httpGet", "tcpSocket"):
                forbid(container.get(probe, {}).get(action, {}).get("host"),
                       f"{name}: {probe}.host")
    return found


class Kubernetes(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        # Once, for all classes.
        if "rendered" not in vars(Kubernetes):
            Kubernetes.renderer = build_renderer()
            Kubernetes.rendered = {name: cls.render(path)
                                   for name, path in CASES.items()}

    @classmethod
    def template(cls, *arguments, chart=CHART, **values):
        return run(cls.renderer, "-f", "/dev/stdin", *arguments, str(chart),
                   input=json.dumps(values))

    @classmethod
    def render(cls, *files, **values):
        done = cls.template(*(word for file in files
                              for word in ("-f", str(file))), **values)
        assert done.returncode == 0, done.stderr
        return [one for one in yaml.safe_load_all(done.stdout) if one]

    def refused(self, message, *arguments, chart=CHART, **values):
        done = self.template(*arguments, chart=chart, **values)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(message, done.stderr)


class ValuesTest(Kubernetes):
    def values(self, *arguments, **values):
        done = self.template("-show", "values", *arguments, **values)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def complaints(self, values):
        return [error.message for error in
                jsonschema.Draft7Validator(SCHEMA).iter_errors(values)]

    def test_the_schema_is_one(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_values_meet_the_schema(self):
        for name, path in CASES.items():
            with self.subTest(name):
                self.assertEqual(
                    self.complaints(self.values("-f", str(path))), [])

    def test_mistakes_do_not(self):
        for wrong in (
                {"replica": 3},                    # A typing mistake
                {"mode": "both"},
                {"replicas": "three"},
                {"service": {"prot": 80}},
                {"containerPort": 70000},
                {"probes": [{"name": "a"}]},       # without targets
                {"probes": [{"name": "A B", "targets": ["mx"]}]},
                {"probes": [{"name": "a", "targets": ["mx"],
                             "interval": "1 minute"}]},
                {"config": "targets: []"},
                {"extraArgs": ["-v"]},
                {"image": {"digest": "latest"}},
                {"prometheusRule": {"externalUrl": "smtp.example.net"}},
                {"prometheusRule": {"externalUrl": 'https://a"b'}},
                {"prometheusRule": {"externalUrl": "https://a\nb: c"}},
                {"prometheusRule": {"externalUrl": "https://{{ query }}"}},
                {"configPath": "smtp.yml"}):
            with self.subTest(wrong):
                self.assertTrue(self.complaints(self.values(**wrong)))

    def test_the_schema_knows_each_value_and_no_other(self):
        def compare(schema, values, path):
            if "properties" not in schema:
                return
            optional = set() if path != ".probeDefaults" else {
                "module", "kind", "labels", "metricRelabelings"}
            self.assertEqual(set(schema["properties"]) - optional, set(values),
                             path)
            for key, value in values.items():
                if isinstance(value, dict):
                    compare(schema["properties"][key], value, f"{path}.{key}")
        compare(SCHEMA, DEFAULTS, "")

    def test_everything_is_tried(self):
        """Each value is another one than the default in some case."""
        tried = [yaml.safe_load(path.read_text("utf-8"))
                 for path in CASES.values()]

        def compare(schema, default, others, path):
            if "properties" in schema:
                for key, inner in default.items():
                    compare(schema["properties"][key], inner,
                            [other[key] for other in others if key in other],
                            f"{path}.{key}")
            else:
                self.assertTrue([other for other in others
                                 if other != default], f"no case sets {path}")
        # Other ports on the host are for test_what_is_not_restricted_is_seen.
        compare(SCHEMA, DEFAULTS,
                [one | {"hostPort": 1} for one in tried], "")

    def test_a_setting_comes_after_the_files(self):
        self.assertEqual(self.values(
            "-f", str(CASES["shards"]), "-set", "replicas=5", "-set",
            "config.interval=30s")["replicas"], 5)


class ObjectsTest(Kubernetes):
    def test_the_operator_and_kubernetes_know_all_of_it(self):
        objects = [(f"{name}: {title(one)}", one)
                   for name, all_of in self.rendered.items() for one in all_of]
        objects += [(str(path.relative_to(KUBERNETES)), one)
                    for path in (KUBERNETES / "manifests").rglob("*.yaml")
                    if path.name != "kustomization.yaml"
                    for one in yaml.safe_load_all(path.read_text("utf-8"))]
        self.assertEqual(self.complaints(objects), [])
        # And that the judge sees anything.
        broken = copy.deepcopy(workload_of(self.rendered["default"]))
        broken["spec"]["template"]["spec"]["toleration"] = []
        wrong = copy.deepcopy(of_kind(self.rendered["probe"], "Probe")[0])
        wrong["spec"]["interval"] = "1 minute"
        complaints = "\n".join(self.complaints(
            [("broken", broken), ("wrong", wrong),
             ("none", {"apiVersion": "v1", "kind": "Nonsense"})]))
        self.assertIn("'\"toleration\"' does not exist", complaints)
        self.assertIn("wrong: data/spec/interval must match", complaints)
        self.assertIn("none: no such kind", complaints)

    def complaints(self, objects):
        done = run("node", "validate.mjs", cwd=install_schemas(),
                   input=json.dumps(objects))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_pods_are_restricted(self):
        for name, objects in self.rendered.items():
            if name == "off":
                continue
            with self.subTest(name):
                self.assertEqual(
                    violations(pod_of(workload_of(objects))["spec"]), [])

    def test_what_is_not_restricted_is_seen(self):
        off = violations(pod_of(workload_of(self.rendered["off"]))["spec"])
        self.assertEqual(len(off), 4, off)
        port = self.render(hostPort=10125)
        self.assertEqual(violations(pod_of(workload_of(port))["spec"]),
                         [f"{CONTAINER}: hostPort"])

    @in_each_case
    def test_no_object_comes_twice_and_names_fit(self, objects):
        seen = [(one["kind"], one["metadata"].get("namespace"),
                 one["metadata"]["name"]) for one in objects]
        self.assertEqual(len(seen), len(set(seen)))
        for one in objects:
            name = one["metadata"]["name"]
            limit = {"StatefulSet": 52, "Service": 63}.get(one["kind"], 253)
            self.assertLessEqual(len(name), limit, name)
            self.assertRegex(name, r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
            for value in one["metadata"].get("labels", {}).values():
                self.assertRegex(
                    value, r"^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$")

    @in_each_case
    def test_selectors_find_the_pods(self, objects):
        workload = workload_of(objects)
        labels = pod_of(workload)["metadata"]["labels"]
        selector = workload["spec"]["selector"]["matchLabels"]
        self.assertTrue(selects(selector, labels))
        # A selector may never change, so no version belongs there.
        self.assertEqual(set(selector), {"app.kubernetes.io/name",
                                         "app.kubernetes.io/instance"})
        for one in of_kind(objects, "Service"):
            # One for a single pod names it besides.
            self.assertEqual(
                {key: value for key, value in one["spec"]["selector"].items()
                 if key != "statefulset.kubernetes.io/pod-name"}, selector)
        for one in of_kind(objects, "PodDisruptionBudget"):
            self.assertEqual(one["spec"]["selector"]["matchLabels"],
                             selector)
        for one in of_kind(objects, "NetworkPolicy"):
            self.assertEqual(one["spec"]["podSelector"]["matchLabels"],
                             selector)

    @in_each_case
    def test_ports_lead_to_the_listener(self, objects):
        container = daemon_of(workload_of(objects))
        ports = {port["name"]: port["containerPort"]
                 for port in container["ports"]}
        self.assertIn(f"--web.listen-address=:{ports['http']}",
                      container["args"])
        for probe in ("livenessProbe", "readinessProbe"):
            if probe in container:
                handlers = {"httpGet", "tcpSocket"} & container[probe].keys()
                [handler] = handlers
                self.assertIn(container[probe][handler]["port"], ports)
        services = {one["metadata"]["name"]: {
            port["name"]: port for port in one["spec"]["ports"]}
            for one in of_kind(objects, "Service")}
        for found in services.values():
            for port in found.values():
                self.assertIn(port["targetPort"], ports)
        for one in of_kind(objects, "NetworkPolicy"):
            self.assertIn({"port": ports["http"], "protocol": "TCP"},
                          one["spec"]["ingress"][0]["ports"])
        for one in of_kind(objects, "Ingress"):
            for rule in one["spec"]["rules"]:
                for path in rule["http"]["paths"]:
                    service = path["backend"]["service"]
                    self.assertIn(service["port"]["name"],
                                  services[service["name"]])
        for one in of_kind(objects, "Probe"):
            host, port = one["spec"]["prober"]["url"].split(":")
            name, namespace, _ = host.split(".")
            self.assertEqual(services[name]["http"]["port"], int(port))
            self.assertEqual(namespace, one["metadata"]["namespace"])

    @in_each_case
    def test_a_monitor_reads_each_pod_once(self, objects):
        for one in of_kind(objects, "ServiceMonitor"):
            selector = one["spec"]["selector"]["matchLabels"]
            [service] = [found for found in of_kind(objects, "Service")
                         if selects(selector,
                                    found["metadata"].get("labels", {}))]
            [endpoint] = one["spec"]["endpoints"]
            self.assertIn(endpoint["port"], [
                port["name"] for port in service["spec"]["ports"]])
            self.assertEqual(one["spec"]["namespaceSelector"],
                             {"matchNames":
                              [service["metadata"]["namespace"]]})

    @in_each_case
    def test_volumes_are_there(self, objects):
        workload = workload_of(objects)
        spec = pod_of(workload)["spec"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for container in spec["containers"]:
            for mount in container.get("volumeMounts", []):
                self.assertIn(mount["name"], volumes)
        volume = volumes["config"]
        made = of_kind(objects, "ConfigMap", "Secret")
        if volume.get("secret", {}).get("secretName") == "of-mine":
            self.assertEqual(made, [])
            return
        name = volume.get("secret", {}).get("secretName") or \
            volume["configMap"]["name"]
        [config] = [one for one in made if one["metadata"]["name"] == name]
        self.assertEqual(config["kind"] == "Secret", "secret" in volume)

    @in_each_case
    def test_accounts_are_there(self, objects):
        name = pod_of(workload_of(objects))["spec"]["serviceAccountName"]
        accounts = [one["metadata"]["name"]
                    for one in of_kind(objects, "ServiceAccount")]
        self.assertEqual(accounts, [name] if name != "default" else [])

    @in_each_case
    def test_a_stateful_set_has_its_service(self, objects):
        for one in of_kind(objects, "StatefulSet"):
            [service] = [found for found in of_kind(objects, "Service")
                         if found["metadata"]["name"] ==
                         one["spec"]["serviceName"]]
            self.assertEqual(service["spec"]["clusterIP"], "None")

    def test_namespaces(self):
        for name, objects in self.rendered.items():
            wanted = {"everything": "mail-monitoring"}.get(name, "default")
            with self.subTest(name):
                for one in objects:
                    own = one["metadata"].get("namespace")
                    if one["kind"] == "PrometheusRule" and name == "everything":
                        self.assertEqual(own, "observability")
                    elif own is not None:  # Of the user's own objects.
                        self.assertEqual(own, wanted, title(one))

    def test_labels_for_all(self):
        for one in self.rendered["everything"]:
            if "text" in one["metadata"]["name"] or \
                    "object" in one["metadata"]["name"]:
                continue
            labels = one["metadata"]["labels"]
            self.assertEqual(labels["team"], "mail")
            self.assertEqual(labels["release"], "release-name")


class DaemonTest(Kubernetes):
    """The daemon takes what it is given."""

    def check(self, objects, index=0):
        workload = workload_of(objects)
        container = daemon_of(workload)
        arguments = [word.replace("$(POD_INDEX)", str(index))
                     for word in container["args"]]
        self.assertNotIn("$(", " ".join(arguments))
        if index:
            [variable] = [one for one in container["env"]
                          if one["name"] == "POD_INDEX"]
            self.assertEqual(
                variable["valueFrom"]["fieldRef"]["fieldPath"],
                "metadata.labels['apps.kubernetes.io/pod-index']")
        [path] = [word.removeprefix("--config.file=") for word in arguments
                  if word.startswith("--config.file=")]
        [mount] = [one for one in container["volumeMounts"]
                   if one["name"] == "config"]
        folder, key = os.path.split(path)
        self.assertEqual(mount["mountPath"], folder)
        texts = [(one.get("data") or one.get("stringData"))[key]
                 for one in of_kind(objects, "ConfigMap", "Secret")
                 if key in (one.get("data") or one.get("stringData") or {})]
        text = texts[0] if texts else "targets: []"
        with tempfile.TemporaryDirectory(prefix="kubernetes-") as own:
            file = pathlib.Path(own) / key
            file.write_text(text, "utf-8")
            # A Secret of the user's, whose content is not ours.
            (file.parent / "web.yml").touch()
            return text, run(
                program("SMTP_PROBER"), "--config.check",
                *(word.replace(path, str(file)).replace(
                    "=/web/", f"={own}/") for word in arguments))

    @in_each_case
    def test_it_takes_every_configuration_and_argument(self, objects):
        workload = workload_of(objects)
        count = 1
        if workload["kind"] == "StatefulSet":
            count = max(1, workload["spec"]["replicas"])
        for index in range(count):
            text, done = self.check(objects, index)
            self.assertEqual(done.returncode, 0, done.stderr + text)

    def test_it_would_refuse_a_bad_one(self):
        _, done = self.check(self.render(config={"targets": "mx"}))
        self.assertEqual(done.returncode, 1)
        _, done = self.check(self.render(extraArgs=["--no.such=flag"]))
        self.assertNotEqual(done.returncode, 0)
        # A fourth pod of three.
        _, done = self.check(self.rendered["shards"], 3)
        self.assertIn("--shard.index", done.stderr)

    def test_the_shards(self):
        arguments = daemon_of(workload_of(self.rendered["shards"]))["args"]
        self.assertIn("--shard.index=$(POD_INDEX)", arguments)
        self.assertIn("--shard.count=3", arguments)
        self.assertNotIn("--shard", " ".join(
            daemon_of(workload_of(self.rendered["probe"]))["args"]))

    def test_what_probes_ask_for_is_permitted(self):
        [config] = of_kind(self.rendered["probe"], "ConfigMap")
        demand = yaml.safe_load(config["data"]["smtp.yml"])["on_demand"]
        self.assertEqual(demand, {
            "allow": ["*.example.net", "mx1.example.com", "mx2.example.com",
                      "192.0.2.1", "2001:db8::1", "2001:db8::2",
                      "example.org"],
            "ports": [25, 465, 587, 2525], "concurrency": 500})
        [policy] = of_kind(self.rendered["probe"], "NetworkPolicy")
        self.assertEqual(
            [[port["port"] for port in rule["ports"]]
             for rule in policy["spec"]["egress"]],
            [[53, 53], [25, 465, 587, 2525]])

    def test_a_changed_configuration_replaces_the_pods(self):
        def checksum(**values):
            metadata = pod_of(workload_of(self.render(**values)))["metadata"]
            return metadata.get("annotations", {}).get("checksum/config")
        one = checksum(config={"targets": ["mx1.example.com"]})
        two = checksum(config={"targets": ["mx2.example.com"]})
        self.assertRegex(one, "^[0-9a-f]{64}$")
        self.assertNotEqual(one, two)
        self.assertIsNone(checksum(configReloader={"enabled": True}))

    def test_the_version_is_the_programs(self):
        project = (ROOT / "CMakeLists.txt").read_text("utf-8")
        chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
        self.assertEqual(
            chart["appVersion"],
            re.search(r"project\(smtp_prober VERSION ([\d.]+)", project)[1])
        self.assertEqual(
            daemon_of(workload_of(self.rendered["default"]))["image"],
            f"smtp_prober:{chart['appVersion']}")
        self.assertEqual(
            daemon_of(workload_of(self.rendered["everything"]))["image"],
            "registry.example.net/prober:v1@sha256:" +
            hashlib.sha256(b"").hexdigest())


class OperatorTest(Kubernetes):
    def test_the_rules_are_ours(self):
        rules = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
        [one] = of_kind(self.rendered["shards"], "PrometheusRule")
        self.assertEqual(one["spec"]["groups"], rules)
        [one] = of_kind(self.rendered["everything"], "PrometheusRule")
        self.assertEqual(one["spec"]["groups"][:-1], rules)
        # `{{ $labels.target }}` is Prometheus' to fill in.
        self.assertEqual(one["spec"]["groups"][-1]["rules"][0]["annotations"],
                         {"summary": "{{ $labels.target }} is down."})
        promtool = shutil.which("promtool")
        if promtool is None:
            raise lacking("no promtool")
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            yaml.safe_dump(one["spec"], file)
            file.flush()
            done = run(promtool, "check", "rules", file.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_shard_keeps_its_name(self):
        [one] = of_kind(self.rendered["shards"], "ServiceMonitor")
        name = "release-name-prometheus-smtp-prober"
        self.assertEqual(one["spec"]["endpoints"][0]["relabelings"], [
            {"targetLabel": "job", "replacement": "smtp-prober"},
            {"sourceLabels": ["__meta_kubernetes_pod_name"],
             "targetLabel": "pod"},
            {"sourceLabels": ["__meta_kubernetes_pod_name"],
             "targetLabel": "instance",
             "replacement": f"$1.{name}-headless.default.svc:10125"}])

    def test_a_probe(self):
        inbound, domains = of_kind(self.rendered["probe"], "Probe")
        self.assertEqual(inbound["spec"]["module"], "strict")
        static = inbound["spec"]["targets"]["staticConfig"]
        self.assertEqual(static["labels"], {"module": "strict", "team": "mail"})
        self.assertEqual(static["relabelingConfigs"], [
            {"sourceLabels": ["instance"], "targetLabel": "target"},
            {"targetLabel": "instance", "replacement":
             "release-name-prometheus-smtp-prober.default.svc:10125"}])
        self.assertEqual(domains["spec"]["interval"], "90s")
        self.assertEqual(domains["spec"]["scrapeTimeout"], "50s")
        self.assertEqual(domains["spec"]["params"],
                         [{"name": "kind", "values": ["domain"]}])
        self.assertEqual(domains["spec"]["metricRelabelings"],
                         [{"action": "labeldrop", "regex": "cipher"}])

    def test_a_monitor_for_each_target(self):
        metrics, mx1, mail = of_kind(self.rendered["monitor-targets"],
                                     "ServiceMonitor")
        self.assertEqual(metrics["spec"]["endpoints"][0]["path"], "/metrics")
        self.assertEqual(mx1["spec"]["endpoints"][0]["params"],
                         {"target": ["mx1.example.com:25"],
                          "module": ["smtp"]})
        self.assertEqual(mail["spec"]["endpoints"][0]["params"],
                         {"target": ["mail.example.com:587"],
                          "module": ["submission"],
                          "hostname": ["mail.example.com"]})
        self.assertEqual(mail["spec"]["endpoints"][0]["interval"], "2m")
        self.assertEqual(mail["metadata"]["labels"]["team"], "mail")

    def test_intervals_that_the_rules_do_not_bear(self):
        rules = {"prometheusRule": {"enabled": True}}

        def probe(interval):
            return {"mode": "probe", "probes": [
                {"name": "a", "targets": ["mx"], "interval": interval}]}

        def target(interval):
            return {"mode": "probe", "serviceMonitor": {
                "enabled": True, "targets": [
                    {"name": "a", "url": "mx", "interval": interval}]}}

        def itself(interval, **values):
            return values | {"serviceMonitor": {
                "selfMonitor": {"enabled": True, "interval": interval}}}
        for values in (probe, target, itself,
                       functools.partial(itself, mode="probe")):
            for good in ("2m", "1m60s", "120000ms"):
                with self.subTest(good):
                    self.render(**values(good), **rules)
            for bad in ("5m", "121s", "1m1m1ms"):
                with self.subTest(bad):
                    self.refused(f"interval {bad}", **values(bad), **rules)
                    self.render(**values(bad))
        self.refused("interval 5m", **rules, mode="probe",
                     probeDefaults={"interval": "5m"},
                     probes=[{"name": "a", "targets": ["mx"]}])
        # What is not there is not scraped.
        self.render(**rules, probeDefaults={"interval": "5m"}, serviceMonitor={
            "selfMonitor": {"interval": "5m"}, "defaults": {"interval": "5m"}})

    def test_modes_do_not_mix(self):
        target = {"name": "a", "targets": ["mx1.example.com"]}
        self.refused("`probes` need `mode: probe`", probes=[target])
        self.refused("`serviceMonitor.targets` need `mode: probe`",
                     serviceMonitor={"targets": [
                         {"name": "a", "url": "mx1.example.com"}]})


def scrape_config(name, endpoint, found, before):
    """What the operator makes of an endpoint of a monitor, or of a Probe
    object's list: `found` are the labels of what is discovered, `before` the
    operator's own relabelings."""
    def snake(relabeling):
        return {re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), key):
                value for key, value in relabeling.items()}
    return {
        "job_name": name,
        "static_configs": [{"targets": [labels["__address__"]],
                            "labels": labels} for labels in found],
        "relabel_configs": before + [snake(one) for one in endpoint],
    }


def scrape_configs(objects, pods):
    """{title: what the operator writes for Prometheus} of each object, with
    the pods {name: address}."""
    configs = {}
    for one in of_kind(objects, "Probe"):
        spec = one["spec"]
        static = spec["targets"]["staticConfig"]
        configs[title(one)] = scrape_config(
            spec["jobName"], static["relabelingConfigs"],
            [{"__address__": target} | static.get("labels", {})
             for target in static["static"]],
            [{"source_labels": ["job"], "target_label": "__tmp_job"},
             {"target_label": "job", "replacement": spec["jobName"]},
             {"source_labels": ["__address__"],
              "target_label": "__param_target"},
             {"source_labels": ["__param_target"], "target_label": "instance"},
             {"target_label": "__address__",
              "replacement": spec["prober"]["url"]}])
    for one in of_kind(objects, "ServiceMonitor"):
        [endpoint] = one["spec"]["endpoints"]
        configs[title(one)] = scrape_config(
            title(one), endpoint["relabelings"],
            [{"__address__": address, "__meta_kubernetes_pod_name": pod,
              "__meta_kubernetes_namespace": one["metadata"]["namespace"]}
             for pod, address in pods.items()],
            [{"source_labels": ["__meta_kubernetes_namespace"],
              "target_label": "namespace"},
             {"source_labels": ["__meta_kubernetes_pod_name"],
              "target_label": "pod"},
             {"target_label": "endpoint", "replacement": "http"}])
    return configs


class AlertsTest(Kubernetes):
    """The rules with the labels that the rendered objects lead to: Prometheus
    itself says what these are."""

    SERVICE = "mail.default.svc:10125"
    PODS = {"mail-5f4d-a": "10.0.0.1:10125", "mail-5f4d-b": "10.0.0.2:10125"}
    VALUES = {
        "mode": "probe",
        "replicas": 2,
        "fullnameOverride": "mail",
        "probes": [{"name": "inbound", "module": "smtp",
                    "targets": ["mx1.example.com", "mx2.example.com"]}],
        "serviceMonitor": {
            "enabled": True,
            "selfMonitor": {"enabled": True},
            "targets": [{"name": "mx3", "url": "mx3.example.com:25",
                         "module": "smtp"}]},
        "prometheusRule": {"enabled": True},
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if shutil.which("promtool") is None:
            raise lacking("no promtool")
        cls.objects = cls.render(**cls.VALUES)
        labels = cls.labels(cls.objects, cls.PODS)
        cls.itself = labels["ServiceMonitor mail"]
        cls.targets = labels["Probe mail-inbound"]
        cls.of_a_monitor = labels["ServiceMonitor mail-mx3"]

    @staticmethod
    def labels(objects, pods):
        """{title: the labels of each target that Prometheus scrapes for it}"""
        configs = scrape_configs(objects, pods)
        found = {}
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"scrape_configs": list(configs.values())}, file)
            file.flush()
            for name, config in configs.items():
                done = run("promtool", "check", "service-discovery",
                           "--timeout=1s", file.name, config["job_name"])
                assert done.returncode == 0, done.stderr
                found[name] = sorted(
                    ({key: value for key, value in one["labels"].items()
                      if not key.startswith("__")}
                     for one in json.loads(done.stdout)),
                    key=lambda one: sorted(one.items()))
        return found

    def test_the_prober_is_the_instance(self):
        self.assertEqual(self.targets, [
            {"job": "smtp-prober-probe", "instance": self.SERVICE,
             "module": "smtp", "target": target}
            for target in ("mx1.example.com", "mx2.example.com")])
        self.assertEqual(
            [{key: one[key] for key in ("job", "instance", "pod")}
             for one in self.itself],
            [{"job": "smtp-prober", "instance": self.SERVICE, "pod": pod}
             for pod in self.PODS])

    def test_a_monitor_makes_the_same_series_of_each_pod(self):
        one = {"job": "smtp-prober-probe", "instance": self.SERVICE,
               "module": "smtp", "target": "mx3.example.com:25",
               "namespace": "default", "endpoint": "http"}
        self.assertEqual(self.of_a_monitor, [one, one])

    def alerts(self, minutes, series, expected, objects=None):
        """What is firing after so many minutes: `expected` is {name: [(labels,
        page)]}, all of it. `series` are (name, labels, values)."""
        [rule] = of_kind(objects or self.objects, "PrometheusRule")
        # The words are not for here.
        groups = copy.deepcopy(rule["spec"]["groups"])
        for one in (one for group in groups for one in group["rules"]
                    if "alert" in one):
            one["annotations"] = {"page": one["annotations"]["page"]}
        severity = {one["alert"]: one["labels"]["severity"]
                    for group in reversed(groups)
                    for one in reversed(group["rules"]) if "alert" in one}

        def sample(name, labels):
            return name + "{" + ",".join(
                f"{key}={json.dumps(value)}"
                for key, value in labels.items()) + "}"

        with tempfile.TemporaryDirectory(prefix="alerts-") as folder:
            folder = pathlib.Path(folder)
            (folder / "rules.yml").write_text(
                yaml.safe_dump({"groups": groups}), "utf-8")
            (folder / "test.yml").write_text(yaml.safe_dump({
                "rule_files": ["rules.yml"],
                "evaluation_interval": "1m",
                "tests": [{
                    "interval": "1m",
                    "input_series": [
                        {"series": sample(name, labels), "values": values}
                        for name, labels, values in series],
                    "alert_rule_test": [{
                        "eval_time": f"{minutes}m",
                        "alertname": name,
                        "exp_alerts": [{
                            "exp_labels": labels |
                            {"severity": severity[name]},
                            "exp_annotations": {"page": page}}
                            for labels, page in alerts]}
                        for name, alerts in expected.items()],
                    "promql_expr_test": [{
                        "expr": "count by (alertname) "
                                '(ALERTS{alertstate="firing"})',
                        "eval_time": f"{minutes}m",
                        "exp_samples": [
                            {"labels": sample("", {"alertname": name}),
                             "value": len(alerts)}
                            for name, alerts in expected.items()]}],
                }]}), "utf-8")
            done = run("promtool", "test", "rules", "test.yml", cwd=folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def series(self, reachable=1, starttls=1, outbound_25=(1, 1), up="1x30"):
        """Of half an hour: the first target is `reachable` and offers
        `starttls`, the pods have `outbound_25`; `up` are the values of both."""
        gone = " stale" if up.count(" ") else ""
        length = 30 if not gone else 4
        for one, open_25 in zip(self.itself, outbound_25):
            yield "up", one, up
            yield ("smtp_prober_build_info", one | {"version": "0.1.0"},
                   f"1x{length}{gone}")
            yield ("smtp_prober_vantage_ok", one | {"check": "outbound_25"},
                   f"{open_25}x{length}{gone}")
        for one in self.targets + self.of_a_monitor[:1]:
            address = one | {"address": "192.0.2.1"}
            first = one == self.targets[0]
            well = reachable if first or not all(outbound_25) else 1
            yield "up", one, up
            yield "smtp_reachable", address, f"{well}x{length}{gone}"
            yield ("smtp_probe_timestamp_seconds", address,
                   f"0+60x{length}{gone}")
            if well:
                yield ("smtp_observed_timestamp_seconds", address,
                       f"0+60x{length}{gone}")
                yield ("smtp_starttls_advertised", address,
                       f"{starttls if first else 1}x{length}{gone}")

    def page(self, target):
        return (f"http://{self.SERVICE}/target?target={target}&module=smtp")

    def test_all_is_well(self):
        self.alerts(30, self.series(), {})

    def test_a_fault_is_one_alert_and_links_to_the_service(self):
        mx1 = self.targets[0]
        self.alerts(30, self.series(starttls=0), {
            "SMTPStarttlsDisappeared": [
                (mx1 | {"address": "192.0.2.1"}, self.page("mx1.example.com"))]})
        self.alerts(30, self.series(reachable=0), {
            "SMTPHostUnreachable": [(mx1, self.page("mx1.example.com"))]})

    def test_links_lead_where_people_can_go(self):
        for url in ("https://smtp.example.net", "https://smtp.example.net/"):
            objects = self.render(**self.VALUES | {"prometheusRule": {
                "enabled": True, "externalUrl": url}})
            mx1 = self.targets[0]
            self.alerts(30, self.series(starttls=0, outbound_25=(1, 0)), {
                "SMTPVantageBad": [(self.itself[1] | {"check": "outbound_25"},
                                    "https://smtp.example.net/")]},
                objects)
            self.alerts(30, self.series(starttls=0), {
                "SMTPStarttlsDisappeared": [(
                    mx1 | {"address": "192.0.2.1"}, "https://smtp.example.net"
                    "/target?target=mx1.example.com&module=smtp")]}, objects)

    def test_links_lead_to_the_shard(self):
        """With an ingress for each pod, by the label that its series have."""
        objects = self.rendered["shards-ingress"]
        hosts = [one["spec"]["rules"][0]["host"]
                 for one in of_kind(objects, "Ingress")]
        pods = [one["metadata"]["name"] for one in of_kind(objects, "Service")
                if "statefulset.kubernetes.io/pod-name" in
                one["spec"]["selector"]]
        workload = workload_of(objects)
        self.assertEqual(pods, [
            f"{workload['metadata']['name']}-{index}"
            for index in range(workload["spec"]["replicas"])])
        self.assertEqual(hosts, [f"{pod}.smtp.example.net" for pod in pods])
        [second] = [one for one in self.labels(
            [one for one in objects if one["kind"] == "ServiceMonitor"],
            {pods[1]: "10.0.0.2:10125"}).popitem()[1]]
        probe = {"address": "192.0.2.1", "target": "mx1.example.com:25",
                 "module": "smtp"}
        series = [(name, second | probe, values) for name, values in (
            ("smtp_reachable", "1x30"), ("smtp_probe_interval_seconds", "60x30"),
            ("smtp_probe_timestamp_seconds", "0+60x30"),
            ("smtp_observed_timestamp_seconds", "0+60x30"),
            ("smtp_starttls_advertised", "0x30"))]
        self.alerts(30, series, {"SMTPStarttlsDisappeared": [(
            second | probe, f"https://{hosts[1]}/target?"
            "target=mx1.example.com%3A25&module=smtp")]}, objects)

    def test_rules_without_links_are_noticed(self):
        with tempfile.TemporaryDirectory(prefix="chart-") as folder:
            chart = pathlib.Path(folder) / "chart"
            shutil.copytree(CHART, chart)
            rules = chart / "files/smtp-prober.rules.yml"
            rules.write_text(rules.read_text("utf-8").replace(
                "http://{{ $labels.instance }}/", "http://other/"), "utf-8")
            self.refused("no link", "-set",
                         "prometheusRule.externalUrl=https://a.example",
                         chart=chart, **self.VALUES)

    def test_a_pod_without_port_25_blames_no_server(self):
        """Nobody knows which pod it was that answered."""
        self.alerts(30, self.series(reachable=0, outbound_25=(1, 0)), {
            "SMTPVantageBad": [(self.itself[1] | {"check": "outbound_25"},
                                f"http://{self.SERVICE}/")]})

    def test_dead_pods_are_no_stale_servers(self):
        self.alerts(30, self.series(up="1x4 0x30"), {
            "SMTPExporterDown": [(one, "/targets") for one in self.itself]})


def leaves(value, path=()):
    """The path to each text in it."""
    inside = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, str):
        yield path
    for key, inner in inside:
        yield from leaves(inner, path + (key,))


class TextTest(Kubernetes):
    """A value stays what it is, whatever it looks like to YAML and to the
    engines of templates; or the schema refuses it."""

    TEMPLATES = {"extraManifests", "extraArgs", "extraInitContainers", "ingress"}

    def places(self, values, text):
        """The paths to what may be this text."""
        judge = jsonschema.Draft7Validator(SCHEMA)
        return [path for path in leaves(values)
                if path[0] not in self.TEMPLATES and
                judge.is_valid(self.filled(values, [path], text))]

    @staticmethod
    def filled(values, places, text):
        filled = copy.deepcopy(values)
        for path in places:
            holder = filled
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = text
        return filled

    def objects(self, values):
        """With smtp.yml read, and without the checksum of it."""
        objects = self.render(**values)
        for one in of_kind(objects, "ConfigMap", "Secret"):
            for of in {"data", "stringData"} & one.keys():
                one[of] = {key: yaml.safe_load(value)
                           for key, value in one[of].items()}
        pod_of(workload_of(objects))["metadata"].get("annotations", {}).pop(
            "checksum/config", None)
        return objects

    def test_text_stays_text(self):
        for name in ("everything", "everything-probe", "monitor-targets",
                     "secret"):
            values = json.loads(self.template(
                "-show", "values", "-f", str(CASES[name])).stdout)
            for text in ("a\"b'{{ $labels.x }} {{ .Values.mode }}\n c: d # {e",
                         "- a: b #c", "123", "{{"):
                with self.subTest(f"{name}: {text}"):
                    places = self.places(values, text)
                    self.assertGreater(len(places), 20)
                    harmless = json.dumps(self.objects(
                        self.filled(values, places, "harmless")))
                    self.assertEqual(
                        self.objects(self.filled(values, places, text)),
                        json.loads(harmless.replace(
                            "harmless", json.dumps(text)[1:-1])))

    def test_a_secret_does_not_get_into_the_configuration(self):
        url = "https://inventory.example.net/mail"
        for more in ({"basic_auth": {"username": "a", "password": "CANARY"}},
                     {"authorization": {"credentials": "CANARY"}}):
            self.refused("a file of its own", config={
                "targets": [], "http_sd": [{"url": url} | more]})
        self.render(config={"targets": [], "http_sd": [{
            "url": url, "basic_auth": {"username": "a",
                                       "password_file": "/secret/password"}}]})


class RendererTest(Kubernetes):
    """What is wrong with a chart is said."""

    def with_template(self, text, path="templates/broken.yaml"):
        folder = tempfile.TemporaryDirectory(prefix="chart-")
        self.addCleanup(folder.cleanup)
        chart = pathlib.Path(folder.name) / "chart"
        shutil.copytree(CHART, chart)  # Links become what they lead to.
        (chart / path).write_text(text, "utf-8")
        return chart

    def test_a_broken_template_fails(self):
        for message, text in (
                ("unclosed action", "a: {{ .Values.mode"),
                ("unexpected {{end}}", "{{ end }}"),
                ('function "nonsense" not defined', "{{ nonsense }}"),
                ("nil pointer", "{{ .Values.no.such.value }}"),
                ("no template", '{{ include "no.such.template" . }}'),
                ("YAML parse error", "a: 1\n b: 2"),
                ("YAML parse error", "a: {{ .Values.image | toYaml }}"),
                ("of mine", '{{ fail "of mine" }}'),
                ("give it", '{{ required "give it" .Values.nameOverride }}')):
            with self.subTest(text):
                self.refused(message, chart=self.with_template(text))

    def test_rules_without_groups_fail(self):
        self.refused("has no groups", "-set", "prometheusRule.enabled=true",
                     chart=self.with_template("x: 1",
                                              "files/smtp-prober.rules.yml"))

    def test_an_old_kubernetes_is_refused(self):
        self.refused("incompatible with Kubernetes v1.27.9",
                     "-kube-version", "v1.27.9")
        # A vendor's version is one, too.
        self.assertEqual(self.template("-kube-version",
                                       "v1.28.0-gke.100").returncode, 0)

    def test_the_notes(self):
        def notes(*files, **values):
            done = self.template("-show", "notes", *files, **values)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout
        self.assertIn("Nothing is watched yet", notes())
        self.assertIn("ehlo_name", notes())
        shards = notes("-f", str(CASES["shards"]))
        self.assertIn("Each of the 3 pods", shards)
        self.assertNotIn("Nothing", shards)
        self.assertIn("Every one of the 2 pods", notes(
            mode="probe", replicas=2, config={"targets": ["mx.example.com"]}))
        rules = {"mode": "probe", "prometheusRule": {"enabled": True}}
        self.assertIn("selfMonitor", notes(**rules))
        self.assertNotIn("selfMonitor", notes(
            **rules, serviceMonitor={"selfMonitor": {"enabled": True}}))
        for name, path in CASES.items():
            with self.subTest(name):
                self.assertNotIn("<no value>", notes("-f", str(path)))


class ManifestsTest(Kubernetes):
    def setUp(self):
        self.folder = KUBERNETES / "manifests"

    def test_they_are_the_charts(self):
        files = load_manifests_script().render([self.renderer])
        there = {str(path.relative_to(self.folder)): path.read_text("utf-8")
                 for path in self.folder.rglob("*") if path.is_file()}
        self.assertEqual(
            there, files, "run packaging/kubernetes/render_manifests.py with "
            "`helm template` or with " + self.renderer)

    def built(self, *parts):
        if shutil.which("kubectl") is None:
            raise lacking("no kubectl")
        objects = []
        for part in parts:
            done = run("kubectl", "kustomize", str(self.folder / part))
            self.assertEqual(done.returncode, 0, done.stderr)
            objects += yaml.safe_load_all(done.stdout)
        return objects

    def test_kustomize_builds_them(self):
        for mode, kind in (("scheduled", "StatefulSet"),
                           ("probe", "Deployment")):
            with self.subTest(mode):
                objects = self.built(mode, f"{mode}-operator")
                kinds = {one["kind"] for one in objects}
                self.assertEqual(kinds, {
                    "Namespace", "ServiceAccount", "ConfigMap", "Service", kind,
                    "PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor",
                    "PrometheusRule"} | ({"Probe"} if mode == "probe" else
                                         set()))
                self.assertEqual(
                    {one["metadata"]["namespace"] for one in objects
                     if one["kind"] != "Namespace"}, {"smtp-prober"})
                # Its name tells its content, and the pod knows it.
                [config] = of_kind(objects, "ConfigMap")
                self.assertRegex(config["metadata"]["name"],
                                 "^smtp-prober-[a-z0-9]{10}$")
                pod = pod_of(workload_of(objects))["spec"]
                self.assertEqual(pod["volumes"], [
                    {"name": "config",
                     "configMap": {"name": config["metadata"]["name"]}}])
                [namespace] = of_kind(objects, "Namespace")
                self.assertEqual(
                    namespace["metadata"]["labels"][
                        "pod-security.kubernetes.io/enforce"], "restricted")
                self.assertEqual(violations(pod), [])
                _, done = DaemonTest.check(self, objects)
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
