// One target of the list: its summary, what is searched and sorted by, and its
// facts, each worked out when first asked for.

import * as facts from "./fact.js";
import {known, levelRank} from "./level.js";
import {failureWords} from "./words.js";
import {reachableFact, smallest, wholePlaces, worstFact} from "./worst.js";

// A key by which plain comparison sorts "mx2" before "mx10".
function naturalKey(text) {
  return text.toLowerCase().replace(
      /\d+/g, (digits) => digits.padStart(8, "0"));
}

function searchText(summary) {
  const words = [summary.target, summary.module, summary.headline ?? "",
                 summary.role];
  for (const [name, value] of Object.entries(summary.labels ?? {})) {
    words.push(`${name}=${value}`);
  }
  for (const place of summary.places) {
    words.push(place.address ?? "", place.mx ?? "");
    if (place.failure) {
      words.push(failureWords(place.failure), place.failure.reason,
                 place.failure.detail ?? "");
    }
    const name = facts.label(place, "smtp_banner_hostname_info", "hostname");
    words.push(name ?? "");
  }
  return words.join("\n").toLowerCase();
}

function sizeNumber(place) {
  const limit = place.smtp_size_limit_bytes;
  return limit === "+Inf" ? Infinity : limit;
}

function ascending(places, value) {
  return places.toSorted(
      (a, b) => (value(a) ?? Infinity) - (value(b) ?? Infinity));
}

export class Row {
  constructor(summary) {
    this.summary = summary;
    this.id = summary.id;
    this.level = known(summary.level);
    this.places = wholePlaces(summary.places);
    // Tells whether what is shown of it is still true.
    this.version = JSON.stringify(summary);
    this.facts_ = new Map();
  }

  // Lower case, for the filter.
  get searchText() {
    this.searchText_ ??= searchText(this.summary);
    return this.searchText_;
  }

  fact(name) {
    if (!this.facts_.has(name)) this.facts_.set(name, this.work_(name));
    return this.facts_.get(name);
  }

  // Undefined before the first result. Of several places the oldest counts.
  get lastProbe() {
    return smallest(this.places,
                    (place) => place.smtp_probe_timestamp_seconds);
  }

  get failure() {
    return this.places.find((place) => place.failure)?.failure;
  }

  get rank() {
    return levelRank(this.level);
  }

  get nameKey() {
    this.nameKey_ ??= naturalKey(`${this.summary.target} ${
        this.summary.module}`);
    return this.nameKey_;
  }

  get certificateEnd() {
    return smallest(this.summary.places, facts.certificateEnd);
  }

  get size() {
    return smallest(this.places, sizeNumber);
  }

  work_(name) {
    const {summary, places} = this;
    if (summary.smtp_null_mx === 1) {
      return {state: "none", text: "\u2013", more: "",
              why: "the domain takes no mail (null MX)"};
    }
    switch (name) {
      case "reachable":
        return reachableFact(places);
      case "authOn25":
        return worstFact(places.map(
            (place) => facts.authOn25(place, summary.role)));
      case "certificate":
        // The one that ends first stands for all that are equally good.
        return worstFact(
            ascending(summary.places, facts.certificateEnd)
                .map(facts.certificate));
      case "size":
        return worstFact(ascending(places, sizeNumber).map(facts.size));
      default:
        return worstFact(places.map(facts[name]));
    }
  }
}
