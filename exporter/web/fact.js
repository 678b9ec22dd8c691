// A fact about one place (an address of a target) as the page shows it. What is
// not known has a reason and is never shown as "no".
//
// A fact is {state, text, more, why}: `text` is what to show, of ours or a
// peer's; `more` a second, smaller line; `why` says why nothing is known or
// what is wrong. States: good, bad, warn, plain (neither), unknown, none (has
// no meaning here). Which it is the daemon's findings say, in `fact_levels`:
// the page judges nothing.

import {now} from "./clock.js";
import {bytes, count, day, span} from "./units.js";

const STATES = new Map([
  ["ok", "good"], ["info", "plain"], ["warning", "warn"], ["critical", "bad"],
]);

function fact(state, text, why = "", more = "") {
  return {state, text, why, more};
}

// What the findings say of the fact `name`; nothing is neither good nor bad.
export function stateOf(place, name) {
  return STATES.get(place.fact_levels?.[name]) ?? "plain";
}

// Nothing is explained that is as it should be.
function judged(place, name, text, why = "", more = "") {
  const state = stateOf(place, name);
  return fact(state, text, state === "bad" || state === "warn" ? why : "",
              more);
}

// The values of a family with labels, [] when it is absent.
export function samples(place, family) {
  return Array.isArray(place[family]) ? place[family] : [];
}

function values(place, family) {
  return samples(place, family).map((sample) => sample.value);
}

export function label(place, family, name) {
  const [sample] = samples(place, family);
  return sample ? sample[name] : undefined;
}

// Why a fact of this place is not there.
function whyUnknown(place) {
  if (place.smtp_probe_timestamp_seconds === undefined) {
    return "no result yet";
  }
  if (place.failure) return "not seen: the latest probe failed before it";
  return "not seen";
}

function unknown(place) {
  return fact("unknown", "unknown", whyUnknown(place));
}

export function reachable(place) {
  if (place.smtp_reachable === 1) return judged(place, "reachable", "yes");
  if (place.smtp_reachable === 0) return judged(place, "reachable", "no");
  return unknown(place);
}

// TLS from the first byte: then there is no STARTTLS to speak of.
export function hasImplicitTls(place) {
  return place.smtp_starttls_advertised === undefined &&
      place.smtp_starttls_success === undefined &&
      samples(place, "smtp_tls_info").length > 0;
}

export function starttls(place) {
  const version = label(place, "smtp_tls_info", "version");
  if (hasImplicitTls(place)) {
    return fact(stateOf(place, "starttls"), "TLS at once",
                "TLS comes before the greeting here", version);
  }
  switch (place.smtp_starttls_advertised) {
    case 0:
      return judged(place, "starttls", "no",
                    "the server does not offer STARTTLS");
    case 1:
      break;
    default:
      return unknown(place);
  }
  if (place.smtp_starttls_success === 0) {
    return judged(place, "starttls", "fails",
                  "it is offered, and does not lead to TLS");
  }
  if (place.smtp_starttls_success === 1) {
    return judged(place, "starttls", "yes", "", version);
  }
  return fact("plain", "offered", "how the handshake ends is not known yet");
}

export function authOn25(place, role) {
  if (role === "submission") {
    return fact("none", "\u2013", "submission is where AUTH belongs");
  }
  if (place.smtp_auth_on_25 === 1) {
    return judged(place, "auth", "offered", "AUTH has no business on port 25");
  }
  if (place.smtp_auth_on_25 === 0) {
    return judged(place, "auth", "no", "it is expected to be offered");
  }
  return unknown(place);
}

export function size(place) {
  const limit = place.smtp_size_limit_bytes;
  if (limit === "+Inf") {
    return fact(stateOf(place, "size"), "no limit",
                "the server announces no fixed limit");
  }
  if (typeof limit === "number") {
    return judged(place, "size", bytes(limit), "less than is expected",
                  count(limit));
  }
  // EHLO was seen: then its answer has no usable SIZE.
  if (place.smtp_starttls_advertised !== undefined || hasImplicitTls(place)) {
    return fact("none", "none", "SIZE is not announced, or without a value");
  }
  return unknown(place);
}

export function banner(place) {
  const name = label(place, "smtp_banner_hostname_info", "hostname");
  const text = name ?? "no name";
  if (place.smtp_banner_match === 1) return judged(place, "banner", text);
  if (place.smtp_banner_match === 0) {
    return fact(stateOf(place, "banner"), text, "another name than expected",
                "unexpected");
  }
  if (name !== undefined) {
    return fact("plain", name, "no name is expected here");
  }
  return unknown(place);
}

// When the first of the place's certificates, or of those that they depend on,
// expires; undefined when unknown.
export function certificateEnd(place) {
  const ends = [
    ...values(place, "smtp_tls_certificate_not_after_timestamp_seconds"),
    ...values(place, "smtp_tls_chain_not_after_timestamp_seconds"),
  ];
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

function certificateTrouble(place) {
  const words = [];
  if (values(place, "smtp_tls_certificate_trusted").includes(0)) {
    words.push("not trusted");
  }
  if (values(place, "smtp_tls_certificate_name_match").includes(0)) {
    words.push("other name");
  }
  return words.join(", ");
}

export function certificate(place) {
  const end = certificateEnd(place);
  if (end === undefined) {
    if (place.smtp_starttls_advertised === 0) {
      return fact("none", "\u2013", "without TLS there is no certificate");
    }
    return unknown(place);
  }
  const left = end - now();
  const trouble = certificateTrouble(place);
  const state = stateOf(place, "certificate");
  if (left < 0) {
    return fact(state, "expired", `expired ${span(-left)} ago`,
                trouble || day(end));
  }
  return fact(state, span(left), "", trouble || day(end));
}
