// What changed at a place, and when.

import {ageOf, timeOf} from "./clock.js";
import {make} from "./dom.js";
import {levelBadge} from "./level.js";
import {peerText} from "./peer_text.js";

// Newest first, as they come.
export function changeList(place, heading) {
  const changes = place.history ?? [];
  return make(
      "section", {class: "card"}, make(heading, {}, "What changed"),
      changes.length === 0 ?
          make("p", {class: "hint"}, "No change is remembered.") :
          make("ol", {class: "changes"}, changes.map((change) => make(
              "li", {}, levelBadge(change.level),
              make("span", {class: "change"}, peerText(change.text)),
              make("span", {class: "when"}, timeOf(change.at), " (",
                   ageOf(change.at), ")")))));
}
