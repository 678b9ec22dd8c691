// A whole target: the verdict, the findings and every place. The target's own
// page and the result of a test on demand show the same.

import {dnsFacts, dnsView} from "./dns_view.js";
import {make} from "./dom.js";
import {findingList, verdict} from "./findings.js";
import {patch} from "./keyed.js";
import {levelRank} from "./level.js";
import {placePiece} from "./place_view.js";
import {reachableFact, wholePlaces} from "./worst.js";

function worstFirst(places) {
  return places.toSorted((a, b) => levelRank(a.level) - levelRank(b.level));
}

// "2 of 3 addresses reachable", where there are several.
function reach(target) {
  const places = wholePlaces(target.places);
  return places.length > 1 ? reachableFact(places).why : "";
}

// Brings `element` up to date.
export function updateTarget(element, target) {
  const dns = dnsFacts(target);
  const reached = reach(target);
  patch(element, [
    {key: "verdict", value: [target.level, target.findings, reached],
     render: () => verdict(target, reached)},
    {key: "findings", value: target.findings,
     render: () => findingList(target, "h2")},
    ...(dns ? [{key: "dns", value: dns,
                render: () => dnsView(target, "h2")}] : []),
    ...worstFirst(target.places).map(
        (place) => placePiece(place, target.role, target.places.length)),
  ]);
}

export function targetView(target) {
  const element = make("div", {class: "target-view"});
  updateTarget(element, target);
  return element;
}
