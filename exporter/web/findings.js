// What was found, in plain words, and what to do.

import {make} from "./dom.js";
import {known, levelBadge, levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";

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

// The finding that the headline tells; undefined when nothing is wrong.
function worstOf(target) {
  return target.findings.find(
      (finding) => isTrouble(finding) && finding.level !== "info");
}

// The verdict on the whole: the worst finding and what to do about it, and a
// `remark` of the caller's, which may be "".
export function verdict(target, remark) {
  const worst = worstOf(target);
  const level = known(target.level);
  return make(
      "div", {class: `verdict ${level}`},
      make("p", {class: "verdict-title"}, levelBadge(level), " ",
           make("strong", {}, worst ? peerText(worst.title) : NOTHING[level]),
           worst && where(worst)),
      worst?.advice && make("p", {class: "advice"}, peerText(worst.advice)),
      remark && make("p", {class: "hint"}, `${remark}.`));
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

// All others, worst first, as they come; what is good stands apart.
export function findingList(target, heading) {
  const worst = worstOf(target);
  const more = target.findings.filter(
      (finding) => isTrouble(finding) && finding !== worst);
  const good = target.findings.filter((finding) => !isTrouble(finding));
  if (more.length + good.length === 0) return make("div", {hidden: true});
  return make(
      "section", {class: "card"},
      more.length > 0 && [
        make(heading, {}, worst ? "Also found" : "Findings"),
        make("ul", {class: "findings"}, more.map(item)),
      ],
      good.length > 0 && [
        make(heading, {}, "What is good"),
        make("ul", {class: "good-findings"}, good.map(goodItem)),
      ]);
}
