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

// Where it was found, which is worth saying when there are several places.
function where(finding, target) {
  const place = [finding.mx, finding.address].filter(Boolean).join(", ");
  return target.places.length > 1 && place &&
      make("span", {class: "where"}, " at ", peerText(place));
}

function isTrouble(finding) {
  return known(finding.level) !== "ok";
}

// The finding that the headline tells; undefined when nothing is wrong. A mere
// note is one only where there is no verdict: it says why.
function worstOf(target) {
  const troubles = target.findings.filter(isTrouble);
  return known(target.level) === "unknown" ?
      troubles[0] :
      troubles.find((finding) => finding.level !== "info");
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
           worst && where(worst, target)),
      worst?.advice && make("p", {class: "advice"}, peerText(worst.advice)),
      remark && make("p", {class: "hint"}, `${remark}.`));
}

function item(finding, target) {
  return make(
      "li", {class: `finding ${known(finding.level)}`},
      levelBadge(finding.level),
      make("div", {},
           make("p", {class: "finding-title"}, peerText(finding.title),
                where(finding, target)),
           finding.advice &&
               make("p", {class: "advice"}, peerText(finding.advice))));
}

function goodItem(finding, target) {
  return make("li", {}, levelIcon("ok"),
              make("span", {}, peerText(finding.title),
                   where(finding, target)));
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
        make("ul", {class: "findings"},
             more.map((finding) => item(finding, target))),
      ],
      good.length > 0 && [
        make(heading, {}, "What is good"),
        make("ul", {class: "good-findings"},
             good.map((finding) => goodItem(finding, target))),
      ]);
}
