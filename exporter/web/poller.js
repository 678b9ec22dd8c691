// Asks again and again, politely: not while nobody looks, less and less often
// while there is no answer, and never more than a part of the time.

import {ApiError} from "./api.js";

const LONGEST_WAIT_SECONDS = 60;
// A list of 10,000 targets may take a second to fetch; then asking every five
// seconds would be too often.
const WAIT_PER_COST = 10;

export class Poller {
  // `ask(signal)` is async and throws when there is no answer. `onState` gets
  // {since, message, wait} when the connection is lost (Date, text, seconds
  // until the next try), or null when it is there.
  constructor({everySeconds, ask, onState}) {
    this.everySeconds_ = everySeconds;
    this.ask_ = ask;
    this.onState_ = onState;
    this.failures_ = 0;
    this.since_ = null;
    this.timer_ = undefined;
    this.abort_ = null;
  }

  start() {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        this.pause_();
      } else {
        this.now();
      }
    });
    // The browser may know first.
    window.addEventListener("online", () => this.now());
    this.now();
  }

  // At once, unless an answer is under way.
  now() {
    clearTimeout(this.timer_);
    if (!this.abort_ && !document.hidden) this.run_();
  }

  pause_() {
    clearTimeout(this.timer_);
    this.abort_?.abort();
  }

  async run_() {
    const abort = new AbortController();
    this.abort_ = abort;
    const started = performance.now();
    let wait = this.everySeconds_;
    try {
      await this.ask_(abort.signal);
      const cost = (performance.now() - started) / 1000;
      wait = Math.max(wait, cost * WAIT_PER_COST);
      this.failures_ = 0;
      this.since_ = null;
      this.onState_(null);
    } catch (error) {
      if (!abort.signal.aborted) wait = this.lost_(error);
    } finally {
      this.abort_ = null;
    }
    this.schedule_(wait);
  }

  schedule_(seconds) {
    clearTimeout(this.timer_);
    if (!document.hidden) {
      this.timer_ = setTimeout(() => this.now(), seconds * 1000);
    }
  }

  lost_(error) {
    // A fault of this page; whoever looks for it needs the place.
    if (!(error instanceof ApiError)) console.error(error);
    this.failures_ += 1;
    this.since_ ??= new Date();
    const wait = Math.min(this.everySeconds_ * 2 ** (this.failures_ - 1),
                          LONGEST_WAIT_SECONDS);
    this.onState_({since: this.since_, message: error.message, wait});
    // Many browsers that lost the same daemon do not all come back at once.
    return wait * (0.8 + 0.4 * Math.random());
  }
}
