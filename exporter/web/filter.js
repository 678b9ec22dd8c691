// What of the list is shown and in which order. It stands in the page's
// address, so that a filtered list can be sent to somebody.

import {COLUMNS} from "./column.js";
import {LEVELS} from "./level.js";

const DEFAULT_SORT = "status";

export class Filter {
  constructor() {
    this.text = "";
    this.levels = new Set();  // Empty: all.
    this.sort = DEFAULT_SORT;
    this.descending = false;
  }

  // From "?q=mx1&level=critical,warning&sort=target&dir=desc"; what makes no
  // sense is left out.
  static fromSearch(search) {
    const parameters = new URLSearchParams(search);
    const filter = new Filter();
    filter.text = parameters.get("q") ?? "";
    for (const level of (parameters.get("level") ?? "").split(",")) {
      if (LEVELS.includes(level)) filter.levels.add(level);
    }
    const sort = parameters.get("sort");
    if (COLUMNS.some((column) => column.id === sort)) filter.sort = sort;
    filter.descending = parameters.get("dir") === "desc";
    return filter;
  }

  // "" for the whole list in its usual order.
  toSearch() {
    const parameters = new URLSearchParams();
    if (this.text) parameters.set("q", this.text);
    if (this.levels.size > 0) {
      parameters.set("level", [...this.levels].join(","));
    }
    if (this.sort !== DEFAULT_SORT) parameters.set("sort", this.sort);
    if (this.descending) parameters.set("dir", "desc");
    const text = parameters.toString();
    return text ? `?${text}` : "";
  }

  isActive() {
    return this.text.trim() !== "" || this.levels.size > 0;
  }

  toggleLevel(level) {
    if (!this.levels.delete(level)) this.levels.add(level);
  }

  // A second time turns the order round.
  sortBy(id) {
    this.descending = this.sort === id && !this.descending;
    this.sort = id;
  }

  // The rows that have all of the words and one of the levels.
  apply(rows) {
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    return rows.filter(
        (row) => (this.levels.size === 0 || this.levels.has(row.level)) &&
            words.every((word) => row.searchText.includes(word)));
  }
}
