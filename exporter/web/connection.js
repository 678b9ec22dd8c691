// Says that the page is no longer live, since when and why; and what the
// daemon has noticed about the place it looks from.

import {announce, make} from "./dom.js";
import {levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";
import {moment} from "./units.js";

// `element` is a live region. `state` as Poller tells it.
export function showConnection(element, state, tryNow) {
  if (state === null) {
    element.replaceChildren();
    element.hidden = true;
    delete element.dataset.since;
    return;
  }
  element.hidden = false;
  const since = moment(state.since.getTime() / 1000);
  // Once per outage: a screen reader need not hear of each try.
  if (element.dataset.since === `${since} ${state.message}`) return;
  element.dataset.since = `${since} ${state.message}`;
  element.replaceChildren(
      levelIcon("warning"),
      make("span", {}, make("strong", {}, `Connection lost since ${since}.`),
           " ", peerText(state.message),
           " What is shown is from before; trying again by itself."),
      make("button", {type: "button", click: tryNow}, "Try now"));
}

// Sentences about the vantage. `element` is a live region.
export function showNotices(element, notices) {
  element.hidden = notices.length === 0;
  const list = make("ul", {class: "notices"}, notices.map(
      (notice) => make("li", {}, levelIcon("warning"),
                       make("span", {}, peerText(notice)))));
  // Said again only when it is something else.
  if (element.textContent !== list.textContent) element.replaceChildren(list);
}

// "Version 0.1.0 (4280a6c)".
export function showVersion(element, status) {
  const revision = status.revision && status.revision !== "unknown" ?
      ` (${status.revision.slice(0, 12)})` :
      "";
  announce(element, `smtp_prober ${status.version}${revision}`);
}
