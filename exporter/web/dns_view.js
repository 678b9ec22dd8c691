// What DNS says of a target: for a domain its MX hosts.

import {make} from "./dom.js";
import {samples} from "./fact.js";
import {entry, factContent} from "./fact_view.js";
import {levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";
import {duration} from "./units.js";

const FAMILIES = [
  "smtp_mx_hosts", "smtp_mx_preference", "smtp_null_mx",
  "smtp_domain_reachable", "smtp_dns_success", "smtp_dns_duration_seconds",
];

// What the view is made from; undefined when DNS has no part in the target.
export function dnsFacts(target) {
  const present = FAMILIES.filter((family) => target[family] !== undefined);
  return present.length > 0 ?
      present.map((family) => [family, target[family]]) : undefined;
}

function reachability(value) {
  if (value === undefined) {
    return factContent({state: "unknown", text: "unknown", more: "",
                        why: "none of its mail hosts has a result yet"});
  }
  return factContent({
    state: value === 1 ? "good" : "bad",
    text: value === 1 ? "a preferred mail host can be reached" :
        "no preferred mail host can be reached",
    more: "",
    why: "",
  });
}

function isSameQuestion(a, b) {
  return a.record === b.record && a.mx === b.mx && a.address === b.address;
}

function lookups(target) {
  const durations = samples(target, "smtp_dns_duration_seconds");
  return samples(target, "smtp_dns_success").map((sample) => {
    const took = durations.find((other) => isSameQuestion(sample, other));
    const of = sample.mx ?? sample.address;
    return make("li", {},
                levelIcon(sample.value === 1 ? "ok" : "warning"), " ",
                peerText(String(sample.record).toUpperCase()),
                of && [" of ", peerText(of)],
                sample.value === 1 ? ": answered" : ": no answer",
                took && ` in ${duration(took.value)}`);
  });
}

function preferences(target) {
  const hosts = samples(target, "smtp_mx_preference")
      .toSorted((a, b) => a.value - b.value);
  if (hosts.length === 0) return null;
  return make(
      "table", {class: "grid"},
      make("caption", {}, "MX hosts, the preferred one first"),
      make("thead", {}, make("tr", {},
          make("th", {scope: "col"}, "MX host"),
          make("th", {scope: "col", class: "number"}, "Preference"))),
      make("tbody", {}, hosts.map((host) => make(
          "tr", {}, make("th", {scope: "row"}, peerText(host.mx)),
          make("td", {class: "number"}, String(host.value))))));
}

export function dnsView(target, heading) {
  const done = lookups(target);
  const isDomain = target.kind === "domain";
  return make(
      "section", {class: "card"}, make(heading, {}, "DNS"),
      make("dl", {class: "facts"},
           isDomain && entry("Domain",
                             target.smtp_null_mx === 1 ?
                                 "takes no mail (null MX)" :
                                 reachability(target.smtp_domain_reachable)),
           typeof target.smtp_mx_hosts === "number" &&
               entry("MX hosts", String(target.smtp_mx_hosts)),
           done.length > 0 &&
               entry("Lookups", make("ul", {class: "plain"}, done))),
      preferences(target));
}
