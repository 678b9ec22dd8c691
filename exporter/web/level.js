// How bad something is. Never shown by colour alone: each level has a word and
// a shape of its own.

import {make, makeSvg} from "./dom.js";

// Worst first. Unknown comes before good: somebody may have to look.
export const LEVELS = ["critical", "warning", "unknown", "ok"];

const WORDS = {
  critical: "Critical",
  warning: "Warning",
  unknown: "Unknown",
  ok: "OK",
  info: "Note",
};

const SHAPES = {
  critical: ["M5 1h6l4 4v6l-4 4H5l-4-4V5z", "M5.5 5.5l5 5m0-5l-5 5"],
  warning: ["M8 1.5l7 13H1z", "M8 6v4m0 1.6v.4"],
  unknown: ["M8 1.5a6.5 6.5 0 1 0 .01 0z",
            "M6 6.4a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.3m0 1.8v.4"],
  ok: ["M8 1.5a6.5 6.5 0 1 0 .01 0z", "M5 8.2l2.2 2.2L11.2 6"],
  info: ["M8 1.5a6.5 6.5 0 1 0 .01 0z", "M8 4.6v.4m0 2.4v4"],
};

// A level that this page does not know counts as unknown.
export function known(level) {
  return Object.hasOwn(WORDS, level) ? level : "unknown";
}

export function levelWord(level) {
  return WORDS[known(level)];
}

// Smaller is worse.
export function levelRank(level) {
  const rank = LEVELS.indexOf(level);
  return rank < 0 ? LEVELS.indexOf("unknown") : rank;
}

export function levelIcon(level) {
  const [outline, sign] = SHAPES[known(level)];
  return makeSvg(
      "svg",
      {class: `icon ${known(level)}`, viewBox: "0 0 16 16",
       "aria-hidden": "true"},
      makeSvg("path", {class: "outline", d: outline}),
      makeSvg("path", {class: "sign", d: sign}));
}

export function levelBadge(level) {
  return make("span", {class: `badge ${known(level)}`}, levelIcon(level),
              levelWord(level));
}
