// Text that a stranger wrote: a greeting, a certificate's subject, a reply. It
// cannot reorder what stands around it, and what would be invisible in it is
// shown by its code.

import {make} from "./dom.js";

// Controls, format characters (all marks of direction and everything of zero
// width are among them), surrogates, private and unassigned characters,
// separators of lines; fillers that look like nothing; and piles of combining
// marks, which would paint over the lines around them.
const MARKED = new RegExp(
    "[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}" +
        "\\u115f\\u1160\\u2800\\u3164\\uffa0]|\\p{M}{4,}",
    "gu");

function codeName(character) {
  const code = character.codePointAt(0);
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function markText(found) {
  const characters = [...found];
  if (characters.length > 1) return `${characters.length} combining marks`;
  return codeName(found);
}

// The text in pieces: [{text, marked}].
function pieces(text) {
  const all = [];
  let from = 0;
  for (const match of text.matchAll(MARKED)) {
    if (match.index > from) {
      all.push({text: text.slice(from, match.index), marked: false});
    }
    all.push({text: markText(match[0]), marked: true});
    from = match.index + match[0].length;
  }
  if (from < text.length) all.push({text: text.slice(from), marked: false});
  return all;
}

// For the page. Left to right as a whole: it is protocol text, even when some
// of its words are Hebrew.
export function peerText(text, attributes = {}) {
  return make(
      "bdi", {dir: "ltr", ...attributes},
      pieces(String(text)).map(
          (piece) => piece.marked ?
              make("span", {class: "mark"}, piece.text) :
              piece.text));
}

// For attributes and the window's title, where there are no elements.
export function plainText(text) {
  return pieces(String(text))
      .map((piece) => piece.marked ? `[${piece.text}]` : piece.text)
      .join("");
}
