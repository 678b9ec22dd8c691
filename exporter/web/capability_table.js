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

function isSeen(place, tls) {
  return samples(place, "smtp_capability").some((one) => one.tls === tls);
}

function offered(yes) {
  return make("td", {class: yes ? "offered" : "absent"},
              yes ? [levelIcon("ok"), " yes"] : "\u2013 no");
}

const NOT_SEEN = () => make("td", {class: "absent"}, "unknown");

function difference({no, yes}, sides) {
  if (!sides.no || !sides.yes || no === yes) return "";
  return no ? "only in clear" : "only inside TLS";
}

function row(name, at, sides) {
  const differs = difference(at, sides);
  return make(
      "tr", {class: differs ? "differs" : undefined},
      make("th", {scope: "row"}, peerText(name)),
      sides.no ? offered(at.no) : NOT_SEEN(),
      sides.yes ? offered(at.yes) : NOT_SEEN(),
      make("td", {class: "difference"},
           differs && [make("span", {"aria-hidden": "true"}, "\u2260 "),
                       differs]));
}

function table(caption, first, rows, sides) {
  return make(
      "table", {class: "grid"},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {},
          [first, "In clear", "Inside TLS", "Difference"].map(
              (title) => make("th", {scope: "col"}, title)))),
      make("tbody", {}, rows.map(([name, at]) => row(name, at, sides))));
}

// What a missing side means.
function remark(place, sides) {
  if (!sides.no && hasImplicitTls(place)) {
    return "TLS comes first here: nothing is said in clear.";
  }
  if (!sides.no) return "The list in clear has not been seen.";
  if (!sides.yes && place.smtp_starttls_advertised === 0) {
    return "Without STARTTLS there is no inside.";
  }
  if (!sides.yes) return "The list inside TLS has not been seen.";
  return "";
}

export function capabilityTable(place, heading) {
  const capabilities = byName(place, "smtp_capability", "capability");
  const mechanisms = byName(place, "smtp_auth_mechanism", "mechanism");
  const sides = {no: isSeen(place, "no"), yes: isSeen(place, "yes")};
  const note = remark(place, sides);
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
