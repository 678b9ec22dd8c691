"""Holds dashboards against Grafana's own description of what one may be: the
TypeScript types of @grafana/schema, of the oldest and of the newest version
that the dashboards are for. Every key and every word is checked."""

import json
import pathlib
import subprocess
import tempfile

import node_modules

HERE = pathlib.Path(__file__).resolve().parent / "grafana_types"
# Package, and the folder of its types.
VERSIONS = {"grafana-10": "dist/esm", "grafana-13": "dist/types"}
# Panels without fields of their own (FieldConfig) in every version.
PLAIN = {"stat", "bargauge"}
# Grafana's words are enums there and strings in a file.
RAW = """
type Raw<T> = T extends string ? `${T}`
    : T extends (infer U)[] ? Raw<U>[]
    : T extends object ? {[K in keyof T]: Raw<T[K]>} : T;
"""


def complaints(dashboards):
    """What TypeScript says of `dashboards`; "" when all is well."""
    modules = node_modules.installed(HERE, "grafana_types") / "node_modules"
    said = ""
    for package, types in VERSIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / f"{package}.ts").write_text(
                _program(modules / package / types, dashboards), "utf-8")
            (folder / "tsconfig.json").write_text(json.dumps({
                "compilerOptions": {
                    "noEmit": True, "strict": True, "skipLibCheck": True,
                    "target": "es2022", "module": "esnext",
                    "moduleResolution": "bundler",
                    # Its parts know it by its own name.
                    "paths": {"@grafana/schema": [str(modules / package)]},
                }}), "utf-8")
            done = subprocess.run([modules / ".bin/tsc"], cwd=folder,
                                  capture_output=True, text=True, check=False)
        said += done.stdout + done.stderr
    return said


def _program(types, dashboards):
    lines = ['import type { Dashboard } from "@grafana/schema";', RAW]
    known = set()
    for index, dashboard in enumerate(dashboards):
        shown = json.loads(json.dumps(dashboard))
        for variable in shown["templating"]["list"]:
            # Grafana has it, and its types have not.
            variable.pop("filters", None)
        lines.append(f"const dashboard{index}: Raw<Dashboard> = "
                     f"{json.dumps(shown, indent=1)};")
        for panel in dashboard["panels"]:
            if panel["type"] == "row":
                continue
            kind = panel["type"].replace("-", "")
            if kind not in known:
                known.add(kind)
                file, = (types / f"raw/composable/{kind}/panelcfg/x").glob(
                    "*types.gen.d.ts")
                lines.append(f'import type * as {kind} from '
                             f'"{str(file)[:-len(".d.ts")]}";')
            lines.append("{")
            lines.append(f"const options: Raw<Partial<{kind}.Options>> = "
                         f"{json.dumps(panel['options'], indent=1)};")
            custom = panel["fieldConfig"]["defaults"].get("custom", {})
            if kind not in PLAIN:
                lines.append(
                    f"const custom: Raw<Partial<{kind}.FieldConfig>> = "
                    f"{json.dumps(custom, indent=1)};")
            lines.append("}")
    return "\n".join(lines) + "\n"
