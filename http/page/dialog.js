// Dialogs: a question or a form in front of everything else, which Escape puts away.

import { button, el } from "./dom.js";

let count = 0;

/** Open a dialog with a title and content; returns `{element, close}`. The focus comes back when it is closed. */
export function dialog(title, content, { closed = () => {} } = {}) {
  const before = document.activeElement;
  const id = `dialog-${(count += 1)}`;
  const element = el("dialog", { "aria-labelledby": id }, el("h2", { id }, title), ...content);
  const close = () => element.close();
  element.addEventListener("close", () => {
    element.remove();
    closed();
    if (before?.isConnected && !dialogOpen()) before.focus({ preventScroll: true });
  });
  // the page's keys rest meanwhile; a closed dialog may still be there for a moment, with the focus in it
  element.addEventListener("keydown", (event) => element.open && event.stopPropagation());
  document.body.append(element);
  element.showModal();
  return { element, close };
}

/** Whether a dialog is open. */
export const dialogOpen = () => document.querySelector("dialog[open]") !== null;

/** Return a button that closes what `opened()` returns. */
export function closing(text, opened) {
  return button(text, () => opened().close());
}
