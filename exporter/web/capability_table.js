// What the server offers before and inside TLS, side by side.

import {make} from "./dom.js";
import {hasImplicitTls, samples} from "./fact.js";
import {levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";

// {name: {no, yes}} of a family with the label `tls`.
function byName(place, family, label) {
  const names = new Map();
  for (const sample of samples(place, family)) {
    const name = sample[label];
    if (!names.has(name)) names.set(name, {no: false, yes: false});
    if (sample.tls === "no" || sample.tls === "yes") {
      names.get(name)[sample.tls] = sample.value === 1;
    }
  }
  return [...names].sort(([a], [b]) => a < b ? -1 : 1);
}

// What is known of a side: "seen", "unknown", or "none" where there can be
// nothing.
function sideOf(place, tls) {
  if (samples(place, "smtp_capability").some((one) => one.tls === tls)) {
    return "seen";
  }
  const none = tls === "no" ? hasImplicitTls(place) :
      place.smtp_starttls_advertised === 0;
  return none ? "none" : "unknown";
}

function cell(side, isOffered) {
  if (side !== "seen") {
    return make("td", {class: "absent"},
                side === "none" ? "\u2013" : "unknown");
  }
  return make("td", {class: isOffered ? "offered" : "absent"},
              isOffered ? [levelIcon("ok"), " yes"] : "no");
}

function difference({no, yes}, sides) {
  if (sides.no !== "seen" || sides.yes !== "seen" || no === yes) return "";
  return no ? "only in clear" : "only inside TLS";
}

function row(name, at, sides) {
  const differs = difference(at, sides);
  return make(
      "tr", {class: differs ? "differs" : undefined},
      make("th", {scope: "row"}, peerText(name)),
      cell(sides.no, at.no), cell(sides.yes, at.yes),
      make("td", {class: "difference"},
           differs && [make("span", {"aria-hidden": "true"}, "\u2260 "),
                       make("span", {class: "words"}, differs)]));
}

function table(caption, first, rows, sides) {
  return make(
      "table", {class: "grid"},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {},
          [first, "In clear", "Inside TLS"].map(
              (title) => make("th", {scope: "col"}, title)),
          make("th", {scope: "col"},
               make("span", {class: "words"}, "Difference")))),
      make("tbody", {}, rows.map(([name, at]) => row(name, at, sides))));
}

// What it means that a side is missing.
function remark(sides) {
  if (sides.no === "none") return "TLS comes first: nothing is said in clear.";
  if (sides.no === "unknown") return "The list in clear has not been seen.";
  if (sides.yes === "none") return "Without STARTTLS there is no inside.";
  if (sides.yes === "unknown") {
    return "The list inside TLS has not been seen.";
  }
  return "";
}

export function capabilityTable(place, heading) {
  const capabilities = byName(place, "smtp_capability", "capability");
  const mechanisms = byName(place, "smtp_auth_mechanism", "mechanism");
  const sides = {no: sideOf(place, "no"), yes: sideOf(place, "yes")};
  const note = remark(sides);
  return make(
      "section", {class: "card"},
      make(heading, {}, "Capabilities before and inside TLS"),
      capabilities.length === 0 ?
          make("p", {class: "hint"}, "Unknown: no answer to EHLO was seen.") :
          [
            note && make("p", {class: "hint"}, note),
            table("EHLO keywords", "Keyword", capabilities, sides),
          ],
      mechanisms.length > 0 &&
          table("AUTH mechanisms", "Mechanism", mechanisms, sides));
}
