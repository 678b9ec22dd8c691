// What the server's certificate says, and what is wrong with it.

import {now, timeOf} from "./clock.js";
import {make} from "./dom.js";
import {certificate, samples, stateOf} from "./fact.js";
import {entry, factContent} from "./fact_view.js";
import {peerText} from "./peer_text.js";
import {span} from "./units.js";

// Of several certificates under one place, the sample of this key.
function ofKey(place, family, key) {
  return samples(place, family).find((sample) => sample.key === key);
}

function judged(place, sample, yes, no, why) {
  if (sample === undefined) {
    return factContent({state: "unknown", text: "unknown", more: "", why});
  }
  return factContent(sample.value === 1 ?
      {state: "good", text: yes, more: "", why: ""} :
      {state: stateOf(place, "certificate"), text: no, more: "", why: ""});
}

function until(seconds) {
  const left = seconds - now();
  return [timeOf(seconds), " (",
          left < 0 ? `expired ${span(-left)} ago` : `in ${span(left)}`, ")"];
}

function names(place) {
  const all = place.names ?? [];
  if (all.length === 0) return "none";
  return make("ul", {class: "names"},
              all.map((name) => make("li", {}, peerText(name))));
}

function verifyReason(place, key) {
  const sample = ofKey(place, "smtp_tls_verify_info", key);
  return sample && sample.reason !== "ok" ?
      [": ", peerText(sample.reason)] : null;
}

function one(place, key) {
  const value = (family) => ofKey(place, family, key);
  const before = value("smtp_tls_certificate_not_before_timestamp_seconds");
  const after = value("smtp_tls_certificate_not_after_timestamp_seconds");
  const chain = value("smtp_tls_chain_not_after_timestamp_seconds");
  const about = value("smtp_tls_certificate_info");
  return make(
      "dl", {class: "facts"},
      entry("Trusted",
            judged(place, value("smtp_tls_certificate_trusted"), "yes", "no",
                   "this host has no trusted roots to judge by"),
            verifyReason(place, key)),
      entry("Name",
            judged(place, value("smtp_tls_certificate_name_match"),
                   "covers the server's name", "does not cover its name",
                   "not judged")),
      after && entry("Valid until", until(after.value)),
      before && entry("Valid from", timeOf(before.value)),
      chain && entry("Chain valid until", until(chain.value)),
      entry("Names", names(place)),
      about && [
        entry("Subject", peerText(about.subject || "none")),
        entry("Issuer", peerText(about.issuer || "none")),
        entry("Key", peerText(key ?? about.key)),
        entry("Serial", make("code", {}, peerText(about.serial))),
        entry("SHA-256", make("code", {}, peerText(about.fingerprint_sha256))),
      ]);
}

export function certificateView(place, heading) {
  const ends = samples(place,
                       "smtp_tls_certificate_not_after_timestamp_seconds");
  const [tls] = samples(place, "smtp_tls_info");
  const absent = certificate(place);
  return make(
      "section", {class: "card"}, make(heading, {}, "TLS and certificate"),
      tls && make("p", {}, peerText(tls.version), ", ",
                  make("code", {}, peerText(tls.cipher))),
      ends.length > 0 ?
          ends.map((sample) => one(place, sample.key)) :
          make("p", {class: "hint"},
               `${absent.state === "none" ? "None" : "Unknown"}: ${
                   absent.why}.`));
}
