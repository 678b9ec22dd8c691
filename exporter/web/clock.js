// The daemon's time. Ages are told by it, so that a browser whose clock is
// wrong does not call a fresh result old.

import {make} from "./dom.js";
import {moment, span} from "./units.js";

let offset = 0;  // Of the daemon's clock to the browser's, in seconds.

// To be called with the `as_of` of each answer.
export function setClock(unixSeconds) {
  offset = unixSeconds - Date.now() / 1000;
}

export function now() {
  return Date.now() / 1000 + offset;
}

function ageText(unixSeconds) {
  return `${span(now() - unixSeconds)} ago`;
}

function isoText(unixSeconds) {
  const date = new Date(unixSeconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

// "12 s ago", kept true by tickAges.
export function ageOf(unixSeconds) {
  return make("time", {
    "datetime": isoText(unixSeconds),
    "data-at": unixSeconds,
    "title": moment(unixSeconds),
  }, ageText(unixSeconds));
}

// "2026-11-23 14:03:12".
export function timeOf(unixSeconds) {
  return make("time", {
    datetime: isoText(unixSeconds),
    title: isoText(unixSeconds),
  }, moment(unixSeconds));
}

export function tickAges(root) {
  for (const element of root.querySelectorAll("time[data-at]")) {
    const text = ageText(Number(element.dataset.at));
    if (element.textContent !== text) element.textContent = text;
  }
}
