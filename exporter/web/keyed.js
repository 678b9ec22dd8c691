// Brings a container up to date piece by piece: what says the same as before
// stays the very same element, with its scroll position, its open details and
// its focus.

const values = new WeakMap();  // Element -> what it was made from.

// `pieces`: [{key, value, render, inner, after}]. A piece is made anew by
// render() when `value` (as JSON) is another. `inner` are the pieces of the
// element with [data-inner] in it, and `after(element)` runs each time.
export function patch(container, pieces) {
  const focus = document.activeElement?.dataset.focus;
  const before = new Map(
      [...container.children].map((child) => [child.dataset.key, child]));
  let position = null;
  for (const piece of pieces) {
    const element = renew(before.get(piece.key), piece);
    before.delete(piece.key);
    const next = position ? position.nextSibling : container.firstChild;
    if (next !== element) container.insertBefore(element, next);
    position = element;
  }
  for (const gone of before.values()) gone.remove();
  restoreFocus(container, focus);
}

function renew(old, piece) {
  const value = JSON.stringify(piece.value);
  let element = old;
  if (!element || values.get(element) !== value) {
    element = piece.render();
    element.dataset.key = piece.key;
    values.set(element, value);
    old?.replaceWith(element);
  }
  if (piece.inner) {
    patch(element.querySelector("[data-inner]"), piece.inner);
  }
  piece.after?.(element);
  return element;
}

// An element that was made anew takes the focus over from the one it replaces.
function restoreFocus(container, focus) {
  if (!focus || document.activeElement !== document.body) return;
  for (const element of container.querySelectorAll("[data-focus]")) {
    if (element.dataset.focus === focus) {
      element.focus({preventScroll: true});
      return;
    }
  }
}
