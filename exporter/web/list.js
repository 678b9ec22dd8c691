// The page "/": all targets, live.

import {getJson} from "./api.js";
import {tickAges} from "./clock.js";
import {COLUMNS, sortRows} from "./column.js";
import {showConnection, showNotices, showVersion} from "./connection.js";
import {announce, make} from "./dom.js";
import {Filter} from "./filter.js";
import {LEVELS, levelIcon, levelWord} from "./level.js";
import {plainText} from "./peer_text.js";
import {Poller} from "./poller.js";
import {RowBlocks} from "./row_blocks.js";
import {rowView} from "./row_view.js";
import {Targets} from "./targets.js";
import {TestForm} from "./test_form.js";
import {count, several} from "./units.js";

const EVERY_SECONDS = 5;
const TICK_MILLISECONDS = 1000;
// A screen reader hears the number of matches when typing pauses.
const TYPING_MILLISECONDS = 600;
// More names than that in one announcement nobody listens to.
const NAMED_IN_NEWS = 3;

const byId = (id) => document.getElementById(id);

class List {
  constructor() {
    this.targets_ = new Targets();
    this.filter_ = Filter.fromSearch(location.search);
    this.open_ = new Set();  // Ids of rows that show their places.
    this.loaded_ = false;
    this.table_ = byId("targets");
    this.blocks_ = new RowBlocks({
      table: this.table_,
      columns: COLUMNS.length,
      view: (row, index) => rowView(row, index, this.expansion_(row)),
    });
    this.form_ = new TestForm(byId("test"), byId("test-run"));
    this.poller_ = new Poller({
      everySeconds: EVERY_SECONDS,
      ask: (signal) => this.update_(signal),
      onState: (state) => this.connection_(state),
    });
  }

  start() {
    this.makeHead_();
    this.makeFilter_();
    setInterval(() => tickAges(this.table_), TICK_MILLISECONDS);
    this.poller_.start();
  }

  async update_(signal) {
    const status = await getJson("api/v1/status", {}, {signal});
    showNotices(byId("notices"), status.notices);
    showVersion(byId("version"), status);
    this.form_.setStatus(status);
    const {changed, worse} = await this.targets_.update(signal);
    if (changed || !this.loaded_) {
      this.loaded_ = true;
      this.show_();
    }
    this.tellNews_(worse);
  }

  connection_(state) {
    if (state) this.targets_.forget();
    document.body.classList.toggle("stale", state !== null);
    showConnection(byId("connection"), state, () => this.poller_.now());
  }

  expansion_(row) {
    return {
      open: this.open_.has(row.id),
      toggle: () => {
        if (!this.open_.delete(row.id)) this.open_.add(row.id);
        this.blocks_.redraw(row.id);
      },
    };
  }

  makeHead_() {
    const heads = COLUMNS.map((column) => make(
        "th", {
          "class": `column-${column.id}`,
          "scope": "col",
          "role": "columnheader",
          "data-column": column.id,
        },
        make("button", {type: "button", click: () => this.sortBy_(column.id)},
             column.title,
             make("span", {"class": "arrow", "aria-hidden": "true"}))));
    this.table_.tHead.append(
        make("tr", {"role": "row", "aria-rowindex": 1}, heads));
  }

  makeFilter_() {
    const form = byId("filter");
    form.q.value = this.filter_.text;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.q.addEventListener("input", () => {
      this.filter_.text = form.q.value;
      this.changed_();
    });
    form.sort.append(...COLUMNS.map(
        (column) => make("option", {value: column.id}, column.title)));
    form.sort.addEventListener("change", () => {
      this.filter_.sort = form.sort.value;
      this.filter_.descending = false;
      this.changed_();
    });
    byId("levels").append(...LEVELS.map((level) => make(
        "button", {
          "type": "button",
          "class": `level ${level}`,
          "data-level": level,
          "click": () => {
            this.filter_.toggleLevel(level);
            this.changed_();
          },
        },
        levelIcon(level), make("span", {class: "number"}, "0"),
        ` ${levelWord(level)}`)));
    // Going back may change the filter without leaving the page.
    window.addEventListener("popstate", () => {
      this.filter_ = Filter.fromSearch(location.search);
      form.q.value = this.filter_.text;
      this.show_();
    });
  }

  sortBy_(id) {
    this.filter_.sortBy(id);
    this.changed_();
  }

  changed_() {
    history.replaceState(null, "", location.pathname + this.filter_.toSearch());
    if (this.loaded_) this.show_();
  }

  show_() {
    const all = this.targets_.rows();
    const rows = sortRows(this.filter_.apply(all), this.filter_.sort,
                          this.filter_.descending);
    this.table_.setAttribute("aria-rowcount", rows.length + 1);
    this.table_.hidden = rows.length === 0;
    this.blocks_.show(rows);
    this.showSort_();
    this.showLevels_(all);
    this.showCount_(rows.length, all.length);
  }

  showSort_() {
    byId("filter").sort.value = this.filter_.sort;
    for (const head of this.table_.tHead.querySelectorAll("th")) {
      if (head.dataset.column === this.filter_.sort) {
        head.setAttribute(
            "aria-sort",
            this.filter_.descending ? "descending" : "ascending");
      } else {
        head.removeAttribute("aria-sort");
      }
    }
  }

  showLevels_(rows) {
    const counts = Object.fromEntries(LEVELS.map((level) => [level, 0]));
    for (const row of rows) counts[row.level] += 1;
    for (const button of byId("levels").children) {
      const {level} = button.dataset;
      button.querySelector(".number").textContent = count(counts[level]);
      button.setAttribute("aria-pressed", this.filter_.levels.has(level));
      button.classList.toggle("zero", counts[level] === 0);
    }
    const bad = ["critical", "warning"].filter((level) => counts[level] > 0)
        .map((level) => `${counts[level]} ${level}`);
    document.title = [...bad, "smtp_prober"].join(" \u00b7 ");
  }

  showCount_(shown, all) {
    const none = byId("none");
    none.hidden = shown > 0;
    none.textContent = all === 0 ?
        "No target is configured yet." :
        "No target matches the filter.";
    const text = this.filter_.isActive() ?
        `${count(shown)} of ${several(all, "target")}` :
        several(all, "target");
    byId("count").textContent = text;
    clearTimeout(this.counting_);
    this.counting_ = setTimeout(
        () => announce(byId("count-news"), text), TYPING_MILLISECONDS);
  }

  // Once per answer, and only what got worse.
  tellNews_(worse) {
    if (worse.length === 0) return;
    const named = worse.slice(0, NAMED_IN_NEWS).map(
        (row) => `${plainText(row.summary.target)}: ${levelWord(row.level)}`);
    const more = worse.length - named.length;
    if (more > 0) named.push(`${more} more`);
    announce(byId("news"), `Now worse: ${named.join(", ")}`);
  }
}

new List().start();
