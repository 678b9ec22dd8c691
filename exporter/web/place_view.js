// All that is known of one place of a target: an address, of a mail host of a
// domain, or a further conversation for a certificate of another type.

import {capabilityTable} from "./capability_table.js";
import {certificateView} from "./certificate_view.js";
import {changeList} from "./change_list.js";
import {make} from "./dom.js";
import {samples} from "./fact.js";
import {factList} from "./fact_list.js";
import {levelBadge, levelIcon} from "./level.js";
import {peerText} from "./peer_text.js";
import {phaseChart} from "./phase_chart.js";
import {transcriptTabs} from "./transcript_tabs.js";
import {failureText} from "./words.js";

// More places than that and only those with trouble are open at first.
const MOST_OPEN = 2;

export function placeKey(place) {
  return [place.mx, place.address, place.certificate_type]
      .filter(Boolean).join(" ") || "nowhere";
}

function title(place) {
  return [
    place.address ? peerText(place.address) : "No address yet",
    place.mx && [" of ", peerText(place.mx)],
    place.certificate_type &&
        [" with its ", peerText(place.certificate_type.toUpperCase()),
         " certificate"],
  ];
}

function head(place) {
  return make("div", {class: "place-failure"},
              place.failure && make("p", {class: "failure"},
                                    levelIcon("critical"),
                                    make("span", {},
                                         "The latest probe failed. ",
                                         failureText(place.failure))));
}

// What of a place each of its parts is made from, so that a part is drawn
// again only when that has changed.
function parts(place, role, key) {
  const {transcripts, history, smtp_capability: capability,
         smtp_auth_mechanism: mechanism, names, ...facts} = place;
  const phases = samples(place, "smtp_probe_phase_duration_seconds");
  const tls = Object.entries(facts).filter(
      ([name]) => name.startsWith("smtp_tls_"));
  const starttls = place.smtp_starttls_advertised;
  const all = [
    {key: "failure", value: place.failure ?? null, render: () => head(place)},
    {key: "facts", value: facts,
     render: () => factList(place, role, "h3")},
    {key: "time", value: [phases, place.failure],
     render: () => phaseChart(place, "h3")},
    {key: "capabilities", value: [capability, mechanism, starttls],
     render: () => capabilityTable(place, "h3")},
    {key: "certificate", value: [tls, names, starttls, place.failure],
     render: () => certificateView(place, "h3")},
    {key: "transcripts", value: transcripts ?? null,
     render: () => transcriptTabs(place, key, "h3")},
    {key: "changes", value: history ?? null,
     render: () => changeList(place, "h3")},
  ];
  // A test on demand has no history at all, which is not "nothing changed".
  return history ? all : all.filter((part) => part.key !== "changes");
}

// A piece for patch(): the place as details that open and close.
export function placePiece(place, role, count) {
  const key = placeKey(place);
  const open = count <= MOST_OPEN || place.level !== "ok";
  return {
    key: `place ${key}`,
    value: null,  // The shell stays; only what is in it changes.
    render: () => make(
        "details", {class: "place", open},
        make("summary", {"data-focus": `place ${key}`},
             make("h2", {}, title(place)), make("span", {class: "level"})),
        make("div", {"class": "cards", "data-inner": true})),
    inner: parts(place, role, key),
    after: (element) => {
      element.querySelector(".level").replaceChildren(levelBadge(place.level));
    },
  };
}
