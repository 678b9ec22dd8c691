// The facts of a place, one below the other, with the reason where one is not
// known.

import {ageOf} from "./clock.js";
import {make} from "./dom.js";
import * as facts from "./fact.js";
import {entry, factEntry} from "./fact_view.js";
import {levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";
import {count, span} from "./units.js";
import {quirkWords} from "./words.js";

function expectations(place) {
  const all = facts.samples(place, "smtp_expectation_met");
  if (all.length === 0) return null;
  return entry("Expectations", make("ul", {class: "plain"}, all.map(
      (sample) => make(
          "li", {}, levelIcon(sample.value === 1 ? "ok" : "warning"), " ",
          peerText(sample.expectation),
          sample.key && [" (", peerText(sample.key), ")"],
          sample.value === 1 ? " is met" : " is not met"))));
}

function quirks(place) {
  const all = facts.samples(place, "smtp_quirk")
      .filter((sample) => sample.value === 1);
  if (all.length === 0) return null;
  return entry("Oddities", make("ul", {class: "plain"}, all.map(
      ({quirk}) => make(
          "li", {}, make("code", {}, peerText(quirk)),
          quirkWords(quirk) && `: ${quirkWords(quirk)}`))));
}

// Worth knowing of a server that sends mail, too; the findings say so.
function reverseName(place) {
  switch (place.smtp_reverse_dns_match) {
    case 1:
      return {state: "good", text: "leads back to the address", why: "",
              more: place.smtp_banner_reverse_dns_match === 0 ?
                  "the greeting has another name" : ""};
    case 0:
      return {state: "plain", text: "none leads back to the address",
              more: "", why: ""};
    default:
      return {state: "unknown", text: "unknown", more: "",
              why: "DNS did not say"};
  }
}

function probes(place) {
  if (place.smtp_probes_total === undefined) return null;
  const failures = place.smtp_probe_failures_total ?? 0;
  return entry("Probes", `${count(place.smtp_probes_total)}, of which ${
      count(failures)} failed`);
}

function times(place) {
  const at = place.smtp_probe_timestamp_seconds;
  const observed = place.smtp_observed_timestamp_seconds;
  const interval = place.smtp_probe_interval_seconds;
  return [
    entry("Last probe", at === undefined ? "none has ended yet" : ageOf(at),
          interval !== undefined && `, every ${span(interval)}`),
    observed !== undefined && observed !== at &&
        entry("EHLO last seen", ageOf(observed)),
  ];
}

// `heading`: "h3" and so on.
export function factList(place, role, heading) {
  return make(
      "section", {class: "card"}, make(heading, {}, "Facts"),
      make("dl", {class: "facts"},
           factEntry("Reachable", facts.reachable(place)),
           factEntry("STARTTLS", facts.starttls(place)),
           role !== "submission" &&
               factEntry("AUTH on 25", facts.authOn25(place, role)),
           factEntry("SIZE", facts.size(place)),
           factEntry("Banner", facts.banner(place)),
           factEntry("Certificate", facts.certificate(place)),
           factEntry("Reverse name", reverseName(place)),
           place.smtp_esmtp === 0 &&
               entry("Protocol", "only HELO was accepted: no extensions"),
           place.smtp_plaintext_after_starttls === 1 &&
               entry("Injection", levelIcon("critical"),
                     " bytes in clear came behind the answer to STARTTLS"),
           expectations(place), quirks(place), times(place), probes(place)));
}
