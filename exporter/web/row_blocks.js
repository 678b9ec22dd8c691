// The body of a long table: blocks of rows, of which only those near the
// window are filled; the others are one empty row of the same height. So 10,000
// targets cost what fifty do, and the page scrolls, prints and reads like any
// table.

import {make} from "./dom.js";

const ROWS_PER_BLOCK = 25;
// So far beyond the window rows are there before they are scrolled to, and so
// are the next links for the Tab key.
const MARGIN_PIXELS = 800;
// A guess, until a row has been measured.
const ROW_HEIGHT_PIXELS = 46;
// More than anybody reads on paper.
const MOST_PRINTED_BLOCKS = 40;

export class RowBlocks {
  // `view(row, index)` makes the table rows of a row, whose `version` tells
  // whether they are still right.
  constructor({table, columns, view}) {
    this.table_ = table;
    this.columns_ = columns;
    this.view_ = view;
    this.blocks_ = [];
    this.rowHeight_ = ROW_HEIGHT_PIXELS;
    this.pending_ = false;
    window.addEventListener("scroll", () => this.soon_(), {passive: true});
    window.addEventListener("resize", () => this.soon_());
    window.addEventListener("beforeprint", () => this.fillForPrint_());
    window.addEventListener("afterprint", () => this.soon_());
  }

  // Shows these rows and no others; blocks in which nothing is new are left
  // alone, and with them whatever is selected or focused there.
  show(rows) {
    const focus = this.focused_();
    const needed = Math.ceil(rows.length / ROWS_PER_BLOCK);
    for (const block of this.blocks_.splice(needed)) block.body.remove();
    for (let i = 0; i < needed; ++i) {
      const slice = rows.slice(i * ROWS_PER_BLOCK, (i + 1) * ROWS_PER_BLOCK);
      if (i < this.blocks_.length) {
        this.change_(this.blocks_[i], slice);
      } else {
        this.append_(slice);
      }
    }
    this.fill_();
    this.restore_(focus);
  }

  // Draws a row again whose view has changed by itself.
  redraw(id) {
    const focus = this.focused_();
    const block = this.blockOf_(id);
    if (block?.filled) this.put_(block);
    this.restore_(focus);
    this.soon_();
  }

  append_(rows) {
    const body = make("tbody", {role: "rowgroup"});
    const block = {body, rows, filled: false,
                   first: this.blocks_.length * ROWS_PER_BLOCK};
    this.blocks_.push(block);
    this.empty_(block, rows.length * this.rowHeight_);
    this.table_.append(body);
  }

  change_(block, rows) {
    const same = rows.length === block.rows.length &&
        rows.every((row, i) => row.id === block.rows[i].id &&
                       row.version === block.rows[i].version);
    const grown = rows.length !== block.rows.length;
    block.rows = rows;
    if (same) return;
    if (block.filled) {
      this.put_(block);
    } else if (grown) {
      this.empty_(block, rows.length * this.rowHeight_);
    }
  }

  put_(block) {
    block.body.replaceChildren(...block.rows.flatMap(
        (row, i) => this.view_(row, block.first + i)));
    block.filled = true;
  }

  empty_(block, height) {
    const cell = make("td", {colspan: this.columns_});
    cell.style.height = `${height}px`;
    block.body.replaceChildren(
        make("tr", {"class": "spacer", "aria-hidden": "true"}, cell));
    block.filled = false;
  }

  blockOf_(id) {
    return this.blocks_.find(
        (block) => block.rows.some((row) => row.id === id));
  }

  // What has the focus, so that it can be found again in the new row, wherever
  // that has gone.
  focused_() {
    const element = document.activeElement;
    const row = element?.closest("tr[data-id]");
    if (!row || !this.table_.contains(row)) return null;
    return {id: row.dataset.id, part: element.dataset.focus};
  }

  restore_(focus) {
    if (!focus || this.table_.contains(document.activeElement)) return;
    const block = this.blockOf_(focus.id);
    if (!block) return;
    if (!block.filled) this.put_(block);
    const row = [...block.body.children].find(
        (candidate) => candidate.dataset.id === focus.id);
    row.querySelector(`[data-focus="${focus.part}"]`)?.focus(
        {preventScroll: true});
  }

  soon_() {
    if (this.pending_) return;
    this.pending_ = true;
    requestAnimationFrame(() => {
      this.pending_ = false;
      this.fill_();
    });
  }

  // Fills the blocks near the window and empties the others. Positions are
  // read first and written to afterwards: each change in between would have
  // the browser lay out the page again.
  fill_() {
    // A table that is not laid out has all of its blocks in one place.
    if (this.table_.hidden) return;
    const places = this.blocks_.map(
        (block) => block.body.getBoundingClientRect());
    const bottom = window.innerHeight + MARGIN_PIXELS;
    let changed = false;
    this.blocks_.forEach((block, i) => {
      const near =
          places[i].bottom > -MARGIN_PIXELS && places[i].top < bottom;
      if (near && !block.filled) {
        this.put_(block);
        changed = true;
      } else if (!near && block.filled &&
                 !block.body.contains(document.activeElement)) {
        this.empty_(block, places[i].height);
      }
    });
    if (changed) this.measure_();
  }

  // Blocks that were guessed too high leave room for more.
  measure_() {
    const block = this.blocks_.find((candidate) => candidate.filled);
    const height = block.body.getBoundingClientRect().height;
    if (height > 0) this.rowHeight_ = height / block.rows.length;
    this.soon_();
  }

  fillForPrint_() {
    for (const block of this.blocks_.slice(0, MOST_PRINTED_BLOCKS)) {
      if (!block.filled) this.put_(block);
    }
  }
}
