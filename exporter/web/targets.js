// All targets as the daemon last told of them, kept up by asking for what is
// new.

import {getJson} from "./api.js";
import {setClock} from "./clock.js";
import {Row} from "./row.js";

// What "new since" cannot tell (results that are gone after a restart) is
// found so much later at the latest.
const WHOLE_EVERY_MILLISECONDS = 5 * 60 * 1000;

export class Targets {
  constructor() {
    this.rows_ = new Map();
    this.asOf_ = undefined;
    this.wholeAt_ = -Infinity;
  }

  rows() {
    return [...this.rows_.values()];
  }

  // To be called when answers may have been missed.
  forget() {
    this.asOf_ = undefined;
  }

  // Asks; the rows that are worse than they were before, and whether anything
  // changed at all. Throws what getJson throws.
  async update(signal) {
    const since = this.since_();
    let answer = await getJson("api/v1/targets", {since}, {signal});
    let changes = this.merge_(answer, since === undefined);
    if (answer.total !== this.rows_.size) {
      // Some are gone, which "new since" does not tell.
      answer = await getJson("api/v1/targets", {}, {signal});
      changes = this.merge_(answer, true);
    }
    this.asOf_ = answer.as_of;
    setClock(answer.as_of);
    return changes;
  }

  since_() {
    const old = performance.now() - this.wholeAt_ > WHOLE_EVERY_MILLISECONDS;
    return old ? undefined : this.asOf_;
  }

  merge_(answer, whole) {
    const rows = whole ? new Map() : this.rows_;
    const worse = [];
    let changed = whole && answer.targets.length !== this.rows_.size;
    for (const summary of answer.targets) {
      const before = this.rows_.get(summary.id);
      const after = new Row(summary);
      if (before?.version === after.version) {
        rows.set(after.id, before);
        continue;
      }
      rows.set(after.id, after);
      changed = true;
      if (before && after.level !== "unknown" && after.rank < before.rank) {
        worse.push(after);
      }
    }
    this.rows_ = rows;
    if (whole) this.wholeAt_ = performance.now();
    return {changed, worse};
  }
}
