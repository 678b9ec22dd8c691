// Where the time of the latest probe went: one bar for each phase, each where
// the one before it ended.

import {make, makeSvg} from "./dom.js";
import {samples} from "./fact.js";
import {levelIcon} from "./level.js";
import {duration} from "./units.js";
import {PHASE_ORDER, phaseName} from "./words.js";

// Thinner could not be seen.
const THINNEST_PERCENT = 0.6;

function inOrder(place) {
  const phases = samples(place, "smtp_probe_phase_duration_seconds");
  const has = (name) => phases.some((sample) => sample.phase === name);
  const order = [...PHASE_ORDER];
  if (has("tls") && !has("starttls")) {
    // TLS from the first byte comes before the greeting.
    order.splice(order.indexOf("tls"), 1);
    order.splice(order.indexOf("greeting"), 0, "tls");
  }
  const rank = (sample) => {
    const found = order.indexOf(sample.phase);
    return found < 0 ? order.length : found;
  };
  return phases.toSorted((a, b) => rank(a) - rank(b));
}

function bar(start, length) {
  return makeSvg(
      "svg", {"class": "bar-chart", "viewBox": "0 0 100 10",
              "preserveAspectRatio": "none", "aria-hidden": "true"},
      makeSvg("rect", {class: "track", x: 0, y: 4.5, width: 100, height: 1}),
      makeSvg("rect", {
        class: "length",
        x: Math.min(start, 100 - THINNEST_PERCENT),
        y: 0,
        width: Math.max(length, THINNEST_PERCENT),
        height: 10,
      }));
}

export function phaseChart(place, heading) {
  const phases = inOrder(place);
  const total = phases.reduce((sum, sample) => sum + sample.value, 0);
  const percent = (seconds) => total > 0 ? 100 * seconds / total : 0;
  let start = 0;
  const rows = phases.map((sample) => {
    const failed = place.failure?.phase === sample.phase;
    const element = make(
        "tr", {class: failed ? "failed" : undefined},
        make("th", {scope: "row"}, phaseName(sample.phase),
             failed && [" ", levelIcon("critical"), " failed here"]),
        make("td", {class: "number"}, duration(sample.value)),
        make("td", {class: "bar-cell"},
             bar(percent(start), percent(sample.value))));
    start += sample.value;
    return element;
  });
  return make(
      "section", {class: "card"},
      make(heading, {}, "Time"),
      rows.length === 0 ?
          make("p", {class: "hint"}, "Unknown: no probe has ended yet.") :
          make("table", {class: "grid phases"},
               make("caption", {}, "Phases of the latest probe"),
               make("thead", {}, make("tr", {},
                   make("th", {scope: "col"}, "Phase"),
                   make("th", {scope: "col", class: "number"}, "Time"),
                   make("th", {scope: "col"}, "From start to end"))),
               make("tbody", {}, rows),
               make("tfoot", {}, make("tr", {},
                   make("th", {scope: "row"}, "Together"),
                   make("td", {class: "number"}, duration(total)),
                   make("td")))));
}
