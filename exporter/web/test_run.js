// One test on demand: progress, a way to end it, and what came of it.

import {getJson} from "./api.js";
import {setClock} from "./clock.js";
import {announce, make} from "./dom.js";
import {levelIcon} from "./level.js";
import {peerText, plainText} from "./peer_text.js";
import {targetView} from "./target_view.js";

// What the daemon may take, and some way there and back.
const PATIENCE_SECONDS = 60;
const TICK_MILLISECONDS = 1000;

export class TestRun {
  // Shows itself in `element`; a new test takes the place of the last.
  constructor(element) {
    this.element_ = element;
    this.abort_ = null;
    this.news_ = make("p", {class: "spoken", role: "status"});
    this.place_ = make("div");
    element.replaceChildren(this.news_, this.place_);
  }

  get running() {
    return this.abort_ !== null;
  }

  // `parameters` of api/v1/probe. Comes back when it is over, whatever came.
  async run(parameters) {
    this.cancel();
    const abort = new AbortController();
    this.abort_ = abort;
    const stop = this.showProgress_(parameters.target, abort);
    try {
      const answer = await getJson("api/v1/probe", parameters, {
        signal: abort.signal,
        patience: PATIENCE_SECONDS,
      });
      if (abort.signal.aborted) return;
      setClock(answer.as_of);
      this.showResult_(answer);
    } catch (error) {
      if (!abort.signal.aborted) this.showError_(error.message);
    } finally {
      stop();
      if (this.abort_ === abort) this.abort_ = null;
    }
  }

  cancel() {
    this.abort_?.abort();
    this.abort_ = null;
    this.place_.replaceChildren();
    announce(this.news_, "");
  }

  // The function to call when it is over.
  showProgress_(target, abort) {
    const started = performance.now();
    const elapsed = make("span", {class: "elapsed"}, "0 s");
    const timer = setInterval(() => {
      const seconds = Math.round((performance.now() - started) / 1000);
      elapsed.textContent = `${seconds} s`;
    }, TICK_MILLISECONDS);
    this.place_.replaceChildren(make(
        "div", {class: "progress"},
        make("progress", {"aria-label": "The test is running"}),
        make("span", {}, "Testing ", peerText(target), ": ", elapsed,
             " (a slow greeting may take 45 s)"),
        make("button", {
          type: "button",
          click: () => {
            abort.abort();
            this.cancel();
            announce(this.news_, "The test was ended.");
          },
        }, "Cancel")));
    announce(this.news_, `Testing ${plainText(target)}`);
    return () => clearInterval(timer);
  }

  showError_(message) {
    announce(this.news_, message);
    this.place_.replaceChildren(
        make("p", {class: "notice"}, levelIcon("warning"),
             make("span", {class: "error"}, peerText(message))));
  }

  showResult_({target}) {
    const title = make("h2", {tabindex: -1}, "Test of ",
                       peerText(target.target));
    announce(this.news_, "");
    this.place_.replaceChildren(make(
        "section", {"class": "result", "aria-label": "Result of the test"},
        make("div", {class: "result-head"}, title,
             make("button", {type: "button", click: () => this.cancel()},
                  "Close the result")),
        targetView(target)));
    title.focus();
  }
}
