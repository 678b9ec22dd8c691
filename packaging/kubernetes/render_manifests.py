#!/usr/bin/env python3
"""Renders packaging/kubernetes/manifests from the chart, which is the one
source of both. Arguments: the program that renders, `helm template` unless
given. What is hand-written stands in this file."""

import pathlib
import subprocess
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
MANIFESTS = HERE / "manifests"
NAMESPACE = "smtp-prober"
NAME = "smtp-prober"

VALUES = {
    "fullnameOverride": NAME,
    "nameOverride": NAME,
    "podDisruptionBudget": {"maxUnavailable": 1},
    "networkPolicy": {"enabled": True, "allowMonitoringNamespace": True},
    "prometheusRule": {"enabled": True},
}
MODES = {
    "scheduled": {
        "mode": "scheduled",
        "replicas": 3,
        "config": {
            "ehlo_name": "monitor.example.net",
            "targets": ["mx1.example.com", "mail.example.com:587",
                        {"domain": "example.org"}],
        },
        "serviceMonitor": {"enabled": True},
    },
    "probe": {
        "mode": "probe",
        "replicas": 2,
        "config": {"ehlo_name": "monitor.example.net", "targets": []},
        "probes": [
            {"name": "inbound", "module": "smtp",
             "targets": ["mx1.example.com", "mx2.example.com"]},
            {"name": "domains", "kind": "domain", "targets": ["example.org"]},
        ],
        "serviceMonitor": {"selfMonitor": {"enabled": True}},
    },
}
# These need the operator's kinds, which a cluster may not have.
OPERATOR = "monitoring.coreos.com/v1"
# They tell of Helm, or of what Kustomize does in its own way.
LABELS_OF_HELM = ("helm.sh/chart", "app.kubernetes.io/managed-by")

HEAD = """\
# Rendered from the chart by packaging/kubernetes/render_manifests.py. Do not
# edit it here: change it in an overlay.
"""
CONFIG_HEAD = """\
# What is watched: see config.example.yaml. Rendered as an example; in an
# overlay give your own.
"""
NAMESPACE_OBJECT = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {
        "name": NAMESPACE,
        "labels": {f"pod-security.kubernetes.io/{what}": "restricted"
                   for what in ("enforce", "audit", "warn")},
    },
}


def dump(value):
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True,
                          width=1000)


def objects(command, values):
    """The chart's objects, as no Helm had made them."""
    done = subprocess.run(
        [*command, "-f", "/dev/stdin", str(HERE / "chart")],
        input=yaml.safe_dump(values), capture_output=True, text=True,
        check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    found = [one for one in yaml.safe_load_all(done.stdout) if one]
    for one in found:
        for label in LABELS_OF_HELM:
            one["metadata"]["labels"].pop(label, None)
        metadata = one["spec"].get("template", {}).get("metadata", {}) \
            if "spec" in one else {}
        metadata.pop("annotations", None)  # The checksum.
    return found


def file_name(one):
    name = one["metadata"]["name"].removeprefix(NAME)
    return f"{one['kind'].lower()}{name}.yaml"


def kustomization(resources, **more):
    return HEAD + dump({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": resources,
    } | more)


def render(command):
    """{path below manifests/: text}."""
    files = {}
    for mode, values in MODES.items():
        parts = {mode: ["namespace.yaml"], f"{mode}-operator": []}
        files[f"{mode}/namespace.yaml"] = HEAD + dump(NAMESPACE_OBJECT)
        for one in objects([*command, *release(command)], VALUES | values):
            if one["kind"] == "ConfigMap":
                # Kustomize makes it of the file, with a name that changes with
                # the content, which has the pods replaced.
                [(key, text)] = one["data"].items()
                files[f"{mode}/{key}"] = CONFIG_HEAD + text
                continue
            folder = mode
            if one["apiVersion"] == OPERATOR:
                folder = f"{mode}-operator"
            parts[folder].append(file_name(one))
            files[f"{folder}/{file_name(one)}"] = HEAD + dump(one)
        files[f"{mode}/kustomization.yaml"] = kustomization(
            parts[mode],
            configMapGenerator=[{"name": NAME, "files": ["smtp.yml"]}])
        files[f"{mode}-operator/kustomization.yaml"] = kustomization(
            parts[f"{mode}-operator"])
    return files


def release(command):
    """The release's name and namespace, as Helm or its stand-in has them."""
    if command[-1] == "template":
        return [NAME, "--namespace", NAMESPACE]
    return ["-name", NAME, "-namespace", NAMESPACE]


def main():
    files = render(sys.argv[1:] or ["helm", "template"])
    for path in MANIFESTS.rglob("*"):
        if path.is_file() and str(path.relative_to(MANIFESTS)) not in files:
            path.unlink()
    for name, text in files.items():
        path = MANIFESTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
