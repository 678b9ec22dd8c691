// The columns of the list: what stands in them, and how they sort.

import {ageOf} from "./clock.js";
import {make} from "./dom.js";
import * as facts from "./fact.js";
import {factContent} from "./fact_view.js";
import {levelBadge} from "./level.js";
import {targetAddress} from "./links.js";
import {peerText, plainText} from "./peer_text.js";
import {several} from "./units.js";
import {failureText} from "./words.js";

const STATE_RANK = {bad: 0, warn: 1, unknown: 2, plain: 3, none: 4, good: 5};

function labelChips(labels) {
  return Object.entries(labels ?? {}).map(
      ([name, value]) => make(
          "span", {class: "chip", title: plainText(`${name}=${value}`)},
          peerText(`${name}=${value}`)));
}

function targetContent(row, expansion) {
  const {summary} = row;
  const count = row.places.length;
  const name = plainText(summary.target);
  return [
    make("a", {"href": targetAddress(summary), "data-focus": "link"},
         peerText(summary.target)),
    make("span", {class: "more"}, peerText(summary.module),
         summary.kind === "domain" && " \u00b7 domain",
         labelChips(summary.labels)),
    count > 1 &&
        make("button", {
          "type": "button",
          "class": "expand",
          "data-focus": "expand",
          "aria-expanded": String(expansion.open),
          "aria-label": `${several(count, "address", "addresses")} of ${name}`,
          "click": expansion.toggle,
        }, several(count, "address", "addresses")),
  ];
}

function verdictContent(row) {
  const {summary} = row;
  if (summary.headline) return peerText(summary.headline);
  if (summary.smtp_null_mx === 1) return "Takes no mail (null MX)";
  if (row.lastProbe === undefined) return "No result yet";
  return "";
}

function failureContent(failure) {
  return failure && make("span", {class: "more"}, failureText(failure));
}

function factColumn(id, title, of, key) {
  return {
    id,
    title,
    content: (row) => factContent(row.fact(id)),
    placeContent: (place, row) => factContent(of(place, row.summary.role)),
    key: key ?? ((row) => STATE_RANK[row.fact(id).state]),
  };
}

// Keys are numbers or texts; undefined sorts last, whatever the direction.
export const COLUMNS = [
  {
    id: "status",
    title: "Status",
    content: (row) => levelBadge(row.level),
    placeContent: (place) => levelBadge(place.level),
    key: (row) => row.rank,
  },
  {
    id: "target",
    title: "Target",
    rowHeader: true,
    content: targetContent,
    placeContent: (place) => [
      peerText(place.address ?? "no address"),
      place.mx && make("span", {class: "more"}, peerText(place.mx)),
    ],
    key: (row) => row.nameKey,
  },
  {
    id: "verdict",
    title: "What is wrong",
    content: (row) => [
      make("span", {class: "headline"}, verdictContent(row)),
      failureContent(row.failure),
    ],
    placeContent: (place) => failureContent(place.failure),
    key: (row) => row.summary.headline || undefined,
  },
  factColumn("reachable", "Reachable", facts.reachable),
  factColumn("starttls", "STARTTLS", facts.starttls),
  factColumn("authOn25", "AUTH on 25", facts.authOn25),
  factColumn("size", "SIZE", facts.size, (row) => row.size),
  factColumn("banner", "Banner", facts.banner),
  factColumn("certificate", "Certificate", facts.certificate,
             (row) => row.certificateEnd),
  {
    id: "probe",
    title: "Last probe",
    content: (row) => probeContent(row.lastProbe),
    placeContent: (place) => probeContent(place.smtp_probe_timestamp_seconds),
    // The most recent first is what "ascending" means for an age.
    key: (row) => row.lastProbe === undefined ? undefined : -row.lastProbe,
  },
];

function probeContent(at) {
  if (at !== undefined) return ageOf(at);
  return factContent({state: "unknown", text: "\u2013", more: "",
                      why: "no probe has ended yet"});
}

function compare(a, b, direction) {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return (a < b ? -1 : 1) * direction;
}

// The rows in the order of a column; what is equal goes worst first, then by
// name. `descending` turns the column's order round, not those.
export function sortRows(rows, id, descending) {
  const column = COLUMNS.find((candidate) => candidate.id === id);
  const direction = descending ? -1 : 1;
  // Once per row and not per comparison.
  const keyed = rows.map((row) => [column.key(row), row]);
  keyed.sort(([keyA, a], [keyB, b]) => compare(keyA, keyB, direction) ||
                 a.rank - b.rank || compare(a.nameKey, b.nameKey, 1));
  return keyed.map(([, row]) => row);
}
