// The facts of a place, one below the other, with the reason where one is not
// known.

import {ageOf} from "./clock.js";
import {factContent} from "./column.js";
import {make} from "./dom.js";
import * as facts from "./fact.js";
import {levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";
import {count, span} from "./units.js";
import {quirkWords} from "./words.js";

// A term and what stands beside it; nothing when there is nothing to say.
export function entry(term, ...content) {
  return make("div", {class: "entry"}, make("dt", {}, term),
              make("dd", {}, content));
}

function factEntry(term, fact, options) {
  return entry(term, factContent(fact, options),
               fact.state !== "good" && fact.why && make("span", {class: "why"}, peerText(fact.why)));
}

// A 0/1 family: what it means either way, and why it may be absent.
function flag(value, {yes, no, bad = "bad", absent}) {
  if (value === 1) return {state: "good", text: yes, more: "", why: ""};
  if (value === 0) return {state: bad, text: no, more: "", why: ""};
  return {state: "unknown", text: "unknown", more: "", why: absent};
}

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

function reverseName(place) {
  return flag(place.smtp_reverse_dns_match, {
    yes: "leads back to the address",
    no: "none leads back to the address",
    bad: "warn",
    absent: "not asked for, or DNS did not say",
  });
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
           factEntry("Banner", facts.banner(place), {peer: true}),
           factEntry("Certificate", facts.certificate(place)),
           factEntry("Reverse name", reverseName(place)),
           place.smtp_esmtp === 0 &&
               entry("Protocol", "only HELO was accepted: no extensions"),
           place.smtp_plaintext_after_starttls === 1 &&
               entry("Injection", levelIcon("critical"),
                     " bytes in clear came behind the answer to STARTTLS"),
           expectations(place), quirks(place), times(place), probes(place)));
}
