// A fact as elements: its sign, its text and, where there is one, its second
// line; and the reason why nothing is known.

import {make, spoken} from "./dom.js";
import {levelIcon} from "./level.js";
import {peerText, plainText} from "./peer_text.js";

// A state without a sign needs no attention.
const SIGNS = {bad: "critical", warn: "warning", good: "ok"};

// For a table's cell: the reason appears when it is asked for.
export function factContent(fact) {
  const why = fact.why && plainText(fact.why);
  return [
    make("span", {class: `fact ${fact.state}`, title: why || undefined},
         SIGNS[fact.state] && levelIcon(SIGNS[fact.state]),
         make("span", {class: "value"}, peerText(fact.text)),
         why && spoken(` (${why})`)),
    fact.more && make("span", {class: "more"}, peerText(fact.more)),
  ];
}

// A term of a description list and what stands beside it.
export function entry(term, ...content) {
  return make("div", {class: "entry"}, make("dt", {}, term),
              make("dd", {}, content));
}

// The same of a fact, whose reason has room here.
export function factEntry(term, {why, ...fact}) {
  return entry(term, factContent({...fact, why: ""}),
               fact.state !== "good" && why &&
                   make("span", {class: "why"}, peerText(why)));
}
