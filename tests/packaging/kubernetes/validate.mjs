// Reads [[name, object], ...] on standard input and writes what is wrong with
// them as [text, ...].
//
// Of each kind there are a validator, made of the schema that Kubernetes or the
// operator publishes, and a type. The validator knows what values may be, and
// lets fields pass that do not exist; the type knows which exist.
import fs from "node:fs";
import path from "node:path";
import ts from "typescript";

function module(object) {
  const [group] = object.apiVersion.split("/");
  const owner = group === "monitoring.coreos.com"
    ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  return `${owner}/${object.apiVersion}/${object.kind}`;
}

async function validate(name, object) {
  let models;
  try {
    models = await import(module(object));
  } catch (error) {
    return [`${name}: no such kind: ${object.apiVersion} ${object.kind}`];
  }
  try {
    new models[object.kind](structuredClone(object)).validate();
    return [];
  } catch (error) {
    return [`${name}: ${error.message}`];
  }
}

function unknownFields(objects) {
  const file = path.resolve("objects.ts");
  const text = objects.map(([name, object], index) =>
    `{ const object: import("${module(object)}").I${object.kind} = ` +
    `${JSON.stringify(object, null, 1)}; }`).join("\n") + "\nexport {};\n";
  fs.writeFileSync(file, text);
  const program = ts.createProgram([file], {
    noEmit: true, strict: true, skipLibCheck: true, types: [],
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  });
  const starts = [];
  for (const [line, content] of text.split("\n").entries()) {
    if (content.startsWith("{ const object")) starts.push(line);
  }
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(
      diagnostic.messageText, "\n");
    if (!diagnostic.file) return message;
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(
      diagnostic.start);
    const index = starts.findLastIndex((first) => first <= line);
    return `${objects[index][0]}: ${message}`;
  });
}

const objects = JSON.parse(fs.readFileSync(0, "utf8"));
const complaints = [];
const known = [];
for (const [name, object] of objects) {
  const found = await validate(name, object);
  complaints.push(...found);
  if (!found.some((text) => text.includes("no such kind"))) {
    known.push([name, object]);
  }
}
complaints.push(...unknownFields(known));
console.log(JSON.stringify(complaints));
