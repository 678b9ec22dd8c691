// A target with several places in one line: the worst of each fact, and of how
// many places it is true.

import {reachable} from "./fact.js";

const STATES = ["bad", "warn", "plain", "good"];  // Worst first.

// One place for each address of each mail host. A further conversation with an
// address, which asks for a certificate of another type, knows nothing but that
// certificate and is not counted as a place.
export function wholePlaces(places) {
  const whole = new Map();
  for (const place of places) {
    const key = `${place.mx ?? ""} ${place.address ?? ""}`;
    const first = whole.get(key);
    if (!first || (first.smtp_reachable === undefined &&
                   place.smtp_reachable !== undefined)) {
      whole.set(key, place);
    }
  }
  return [...whole.values()];
}

function isKnown(fact) {
  return STATES.includes(fact.state);
}

function rank(fact) {
  return STATES.indexOf(fact.state);
}

// Good is good, whatever the name or the day; else the texts differ too.
function isAlike(a, b) {
  return a.state === b.state && (a.state === "good" || a.text === b.text);
}

// `facts`: the same fact of each place. Of equally bad ones the first stands
// for the others. Places where it is unknown do not hide what is known of
// others; of how many it is true is said.
export function worstFact(facts) {
  const known = facts.filter(isKnown);
  if (known.length === 0) {
    return facts[0] ?? {state: "unknown", text: "unknown", more: "",
                        why: "no address is known"};
  }
  const worst = known.reduce((a, b) => rank(b) < rank(a) ? b : a);
  const alike = facts.filter((fact) => isAlike(fact, worst));
  if (alike.length === facts.length) return worst;
  return {...worst, more: `at ${alike.length} of ${facts.length}`};
}

export function reachableFact(places) {
  const known = places.filter((place) => place.smtp_reachable !== undefined);
  const up = known.filter((place) => place.smtp_reachable === 1).length;
  if (known.length === 0) {
    return {state: "unknown", text: "unknown", more: "",
            why: "no result yet"};
  }
  if (places.length === 1) {
    return reachable(places[0]);
  }
  const unknown = places.length - known.length;
  return {
    state: worstFact(places.map(reachable)).state,
    text: `${up} of ${places.length}`,
    why: `${up} of ${places.length} addresses reachable` +
        (unknown ? `, ${unknown} unknown` : ""),
    more: unknown ? `${unknown} unknown` : "",
  };
}

// The smallest value that a number of each place has; undefined without one.
export function smallest(places, value) {
  const numbers = places.map(value).filter(
      (number) => typeof number === "number");
  return numbers.length > 0 ? Math.min(...numbers) : undefined;
}
