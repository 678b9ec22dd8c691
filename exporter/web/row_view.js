// A row of the list as table rows: its own, and one for each place when it is
// open.

import {COLUMNS} from "./column.js";
import {make} from "./dom.js";

// The roles say what the elements are already: on a narrow screen the rows are
// laid out as cards, and a browser would then forget that they are a table.
function cell(column, content) {
  const tag = column.rowHeader ? "th" : "td";
  return make(tag, {
    "class": `column-${column.id}`,
    "role": column.rowHeader ? "rowheader" : "cell",
    "scope": column.rowHeader && "row",
    "data-title": column.title,
  }, content);
}

function placeRow(place, row) {
  return make(
      "tr", {class: "place", role: "row"},
      COLUMNS.map((column) => cell(column, column.placeContent(place, row))));
}

// `index`: its position in the whole list, from 0.
export function rowView(row, index, expansion) {
  const main = make(
      "tr", {
        "class": `target ${row.level}`,
        "role": "row",
        "aria-rowindex": index + 2,  // The head is row 1.
        "data-id": row.id,
      },
      COLUMNS.map((column) => cell(column, column.content(row, expansion))));
  if (!expansion.open) return [main];
  return [main, ...row.places.map((place) => placeRow(place, row))];
}
