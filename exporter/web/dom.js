// Makes elements. All text goes in as text: what a server says never meets a
// parser of HTML, and there is no other place where elements are made.

const SVG = "http://www.w3.org/2000/svg";

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

// An element with attributes (a function listens to the event of that name;
// undefined, null and false leave one out) and children: nodes, texts, lists
// of them; undefined, null and false are none.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children.flat(3).filter(isChild));
  return element;
}

export function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

function isChild(child) {
  return child !== undefined && child !== null && child !== false;
}

// Text for screen readers alone.
export function spoken(text) {
  return make("span", {class: "spoken"}, text);
}

// Sets the text of a live region, and only when it is another: to set it
// again would have it read again.
export function announce(region, text) {
  if (region.textContent !== text) region.textContent = text;
}
