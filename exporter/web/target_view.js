// A whole target: the verdict, the findings and every place. The target's own
// page and the result of a test on demand show the same.

import {dnsFacts, dnsView} from "./dns_view.js";
import {make} from "./dom.js";
import {findingList, verdict} from "./findings.js";
import {patch} from "./keyed.js";
import {placePiece} from "./place_view.js";
import {reachableFact, wholePlaces} from "./worst.js";

function reachLine(target) {
  const places = wholePlaces(target.places);
  if (places.length < 2) return make("p", {hidden: true});
  return make("p", {class: "hint"}, `${reachableFact(places).why ||
      "All addresses are reachable"}.`);
}

// Brings `element` up to date.
export function updateTarget(element, target) {
  const dns = dnsFacts(target);
  const reach = target.places.map((place) => place.smtp_reachable);
  patch(element, [
    {key: "verdict", value: [target.level, target.findings],
     render: () => verdict(target)},
    {key: "reach", value: reach, render: () => reachLine(target)},
    {key: "findings", value: target.findings,
     render: () => findingList(target, "h2")},
    ...(dns ? [{key: "dns", value: dns,
                render: () => dnsView(target, "h2")}] : []),
    ...target.places.map(
        (place) => placePiece(place, target.role, target.places.length)),
  ]);
}

export function targetView(target) {
  const element = make("div", {class: "target-view"});
  updateTarget(element, target);
  return element;
}
