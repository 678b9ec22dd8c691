// The page "/target?target=NAME&module=M": one target, live. It is what an
// alert links to, so it finds the target by the labels that the alert has.

import {address, ApiError, getJson} from "./api.js";
import {setClock, tickAges} from "./clock.js";
import {showConnection, showNotices, showVersion} from "./connection.js";
import {announce, make} from "./dom.js";
import {known, levelWord} from "./level.js";
import {targetAddress} from "./links.js";
import {peerText, plainText} from "./peer_text.js";
import {Poller} from "./poller.js";
import {updateTarget} from "./target_view.js";
import {TestRun} from "./test_run.js";

const EVERY_SECONDS = 5;
const TICK_MILLISECONDS = 1000;

const byId = (id) => document.getElementById(id);

class TargetPage {
  constructor() {
    const parameters = new URLSearchParams(location.search);
    this.name_ = parameters.get("target") ?? "";
    this.module_ = parameters.get("module") ?? "";
    this.hostname_ = parameters.get("hostname") ?? "";
    this.kind_ = parameters.get("kind") ?? "";
    this.id_ = undefined;
    this.level_ = undefined;
    this.run_ = new TestRun(byId("test-run"));
    this.poller_ = new Poller({
      everySeconds: EVERY_SECONDS,
      ask: (signal) => this.update_(signal),
      onState: (state) => this.connection_(state),
    });
  }

  start() {
    this.showTitle_({target: this.name_, module: this.module_});
    if (!this.name_) {
      this.showState_("No target is named in this page's address.");
      return;
    }
    byId("test").addEventListener("click", () => this.test_());
    setInterval(() => tickAges(document), TICK_MILLISECONDS);
    this.poller_.start();
  }

  async update_(signal) {
    const status = await getJson("api/v1/status", {}, {signal});
    showNotices(byId("notices"), status.notices);
    showVersion(byId("version"), status);
    this.id_ ??= await this.find_(signal);
    if (this.id_ === undefined) return;
    try {
      const answer = await getJson(`api/v1/targets/${
          encodeURIComponent(this.id_)}`, {}, {signal});
      this.show_(answer);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      // Gone, or configured anew under another id: looked for next time.
      this.id_ = undefined;
      this.level_ = undefined;
      this.showMissing_();
    }
  }

  // The id of the target by its name; undefined when that is not one target,
  // and then the page says why.
  async find_(signal) {
    const {targets} = await getJson(
        "api/v1/targets", {target: this.name_, module: this.module_},
        {signal});
    const found = targets.filter(
        (summary) => summary.target === this.name_ &&
            (!this.module_ || summary.module === this.module_));
    if (found.length === 1) return found[0].id;
    if (found.length === 0) {
      this.showMissing_();
    } else {
      this.showChoice_(found);
    }
    return undefined;
  }

  show_({target, as_of: asOf}) {
    setClock(asOf);
    this.showTitle_(target);
    this.showState_("");
    byId("test").hidden = false;
    byId("json").href = address(`api/v1/targets/${
        encodeURIComponent(target.id)}`);
    this.kind_ = target.kind;
    this.tellNews_(target);
    // A new result does not take away what somebody is about to copy.
    const view = byId("view");
    const selection = getSelection();
    if (selection.isCollapsed || !view.contains(selection.anchorNode)) {
      updateTarget(view, target);
    }
  }

  showTitle_({target, module, kind, labels, level}) {
    byId("name").replaceChildren(target ? peerText(target) : "Target");
    const about = [
      module && make("span", {class: "chip"}, "module ", peerText(module)),
      kind === "domain" && make("span", {class: "chip"}, "domain"),
      ...Object.entries(labels ?? {}).map(([name, value]) => make(
          "span", {class: "chip"}, peerText(`${name}=${value}`))),
    ];
    byId("about").replaceChildren(...about.filter(Boolean));
    document.title = [level && levelWord(level), target && plainText(target),
                      "smtp_prober"].filter(Boolean).join(" \u00b7 ");
  }

  tellNews_(target) {
    const level = known(target.level);
    if (this.level_ !== undefined && this.level_ !== level) {
      announce(byId("news"), `Now ${levelWord(level)}${
          target.findings[0] ? `: ${plainText(target.findings[0].title)}` :
              ""}`);
    }
    this.level_ = level;
  }

  showState_(...content) {
    const element = byId("state");
    element.hidden = content.join("") === "";
    element.replaceChildren(...content);
  }

  showMissing_() {
    byId("view").replaceChildren();
    byId("test").hidden = false;
    const module = this.module_ ? ` with module ${
        plainText(this.module_)}` : "";
    const text = `This target${module} is not among those that are ` +
        "configured here. It can be tested now if that is permitted.";
    if (byId("state").textContent !== text) this.showState_(text);
  }

  showChoice_(summaries) {
    byId("view").replaceChildren();
    if (byId("state").querySelector("a")) return;
    this.showState_(
        "Several modules probe this target: ",
        ...summaries.flatMap((summary, i) => [
          i > 0 ? ", " : "",
          make("a", {href: targetAddress(summary)},
               peerText(summary.module)),
        ]));
  }

  connection_(state) {
    document.body.classList.toggle("stale", state !== null);
    showConnection(byId("connection"), state, () => this.poller_.now());
  }

  async test_() {
    const button = byId("test");
    button.disabled = true;
    await this.run_.run({
      target: this.name_,
      module: this.module_,
      kind: this.kind_,
      hostname: this.hostname_,
    });
    button.disabled = false;
  }
}

new TargetPage().start();
