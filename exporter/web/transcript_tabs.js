// What was said, line by line: the latest conversation, the last good one, the
// last bad one and that from before a change for the worse, as tabs.

import {ageOf, timeOf} from "./clock.js";
import {make} from "./dom.js";
import {levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";

const KINDS = [
  ["latest", "Latest"],
  ["last_good", "Last good"],
  ["last_bad", "Last bad"],
  ["before_change", "Before it got worse"],
];

const SPEAKERS = {
  client: ["\u2192", "We"],
  server: ["\u2190", "Server"],
  note: ["\u00b7", "Note"],
};

const chosen = new Map();  // Of each place, which tab; kept over new results.
let serial = 0;            // For ids, which must differ on a page.

function line({at, speaker, text}) {
  const [sign, who] =
      SPEAKERS[Object.hasOwn(SPEAKERS, speaker) ? speaker : "note"];
  return make(
      "tr", {class: `line ${who.toLowerCase()}`},
      make("td", {class: "number"}, at.toFixed(3)),
      make("td", {class: "speaker"},
           make("span", {"aria-hidden": "true"}, `${sign} `), who),
      make("td", {class: "said"}, peerText(text)));
}

function conversation(transcript) {
  return [
    make("p", {class: "hint"},
         levelIcon(transcript.success ? "ok" : "critical"), " ",
         transcript.success ? "Succeeded " : "Failed ",
         ageOf(transcript.at), ", ended ", timeOf(transcript.at)),
    make("div", {class: "scroll", tabindex: 0, role: "group",
                 "aria-label": "The conversation"},
         make("table", {class: "transcript"},
              make("caption", {class: "spoken"},
                   "The conversation, with seconds since its start"),
              make("thead", {class: "spoken"}, make("tr", {},
                  ["Seconds", "Who", "What was said"].map(
                      (title) => make("th", {scope: "col"}, title)))),
              make("tbody", {}, transcript.lines.map(line)))),
  ];
}

// Arrow keys go from tab to tab, as readers expect of tabs.
function bindKeys(list, tabs, select) {
  const steps = {ArrowLeft: -1, ArrowRight: 1};
  list.addEventListener("keydown", (event) => {
    const now = tabs.indexOf(document.activeElement);
    let next;
    if (event.key in steps) {
      next = (now + steps[event.key] + tabs.length) % tabs.length;
    } else if (event.key === "Home") {
      next = 0;
    } else if (event.key === "End") {
      next = tabs.length - 1;
    } else {
      return;
    }
    event.preventDefault();
    select(next);
    tabs[next].focus();
  });
}

function tabbed(key, present) {
  serial += 1;
  const id = `transcript-${serial}`;
  const panels = present.map(([kind, , transcript]) => make(
      "div", {"role": "tabpanel", "id": `${id}-${kind}`,
              "aria-labelledby": `${id}-${kind}-tab`},
      conversation(transcript)));
  const tabs = present.map(([kind, title], i) => make(
      "button", {
        "type": "button",
        "role": "tab",
        "id": `${id}-${kind}-tab`,
        "aria-controls": `${id}-${kind}`,
        "data-focus": `${key}-${kind}`,
        "click": () => select(i),
      }, title));
  const list = make(
      "div", {"role": "tablist", "class": "tabs", "aria-label": "Transcripts"},
      tabs);
  function select(index) {
    chosen.set(key, present[index][0]);
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", i === index);
      tab.tabIndex = i === index ? 0 : -1;
      panels[i].hidden = i !== index;
    });
  }
  bindKeys(list, tabs, select);
  const before = present.findIndex(([kind]) => kind === chosen.get(key));
  select(Math.max(before, 0));
  return [list, ...panels];
}

// "Latest (and last good)" when they are the same conversation.
function titleOf(kind, title, transcripts) {
  if (kind !== "latest") return title;
  const same = KINDS.filter(
      ([other]) => other !== "latest" &&
          transcripts[other]?.at === transcripts.latest.at);
  return same.length > 0 ?
      `${title} (${same[0][1].toLowerCase()})` : title;
}

// `key` names the place among all on the page.
export function transcriptTabs(place, key, heading) {
  const transcripts = place.transcripts ?? {};
  const present = KINDS
      .filter(([kind]) => transcripts[kind])
      .filter(([kind]) => kind === "latest" ||
                  transcripts[kind].at !== transcripts.latest?.at)
      .map(([kind, title]) => [kind, titleOf(kind, title, transcripts),
                               transcripts[kind]]);
  return make(
      "section", {class: "card"}, make(heading, {}, "Transcripts"),
      present.length > 0 ?
          tabbed(key, present) :
          make("p", {class: "hint"}, "None is kept."));
}
