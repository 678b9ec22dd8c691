// What was found, in plain words, and what to do.

import {make} from "./dom.js";
import {known, levelBadge, levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";
import {several} from "./units.js";

const NOTHING = {
  ok: "Nothing is wrong",
  unknown: "No result yet",
  warning: "Something is not as it should be",
  critical: "Something is broken",
};

function where(finding) {
  const place = [finding.mx, finding.address].filter(Boolean).join(", ");
  return place && make("span", {class: "where"}, " at ", peerText(place));
}

function isTrouble(finding) {
  return known(finding.level) !== "ok";
}

// The worst finding, as the headline of the whole.
export function verdict(target) {
  const troubles = target.findings.filter(isTrouble);
  const serious = troubles.filter((finding) => finding.level !== "info");
  const [worst] = serious;
  const level = known(target.level);
  return make(
      "div", {class: `verdict ${level}`},
      make("p", {class: "verdict-title"}, levelBadge(level), " ",
           make("strong", {}, worst ? peerText(worst.title) : NOTHING[level]),
           worst && where(worst)),
      worst?.advice && make("p", {class: "advice"}, peerText(worst.advice)),
      serious.length > 1 &&
          make("p", {class: "hint"},
               `${several(serious.length - 1, "more finding")} below.`));
}

function item(finding) {
  return make(
      "li", {class: `finding ${known(finding.level)}`},
      levelBadge(finding.level),
      make("div", {},
           make("p", {class: "finding-title"}, peerText(finding.title),
                where(finding)),
           finding.advice &&
               make("p", {class: "advice"}, peerText(finding.advice))));
}

function goodItem(finding) {
  return make("li", {}, levelIcon("ok"),
              make("span", {}, peerText(finding.title), where(finding)));
}

// All of them, worst first, as they come; what is good stands apart.
export function findingList(target, heading) {
  const troubles = target.findings.filter(isTrouble);
  const good = target.findings.filter((finding) => !isTrouble(finding));
  return make(
      "section", {class: "card"},
      make(heading, {}, "Findings"),
      troubles.length > 0 ?
          make("ul", {class: "findings"}, troubles.map(item)) :
          make("p", {class: "hint"}, "Nothing to do."),
      good.length > 0 &&
          make("div", {class: "good-findings"},
               make("p", {class: "hint"}, "What is good:"),
               make("ul", {}, good.map(goodItem))));
}
