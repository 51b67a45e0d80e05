// Words for the reader: what was done, and what went wrong. Read out politely by screen readers.

import { button, el } from "./dom.js";

const LASTS = 6000;

/** Say what was done; it goes by itself. */
export function told(words) {
  const note = el("p.note", {}, words);
  place().append(note);
  setTimeout(() => note.remove(), LASTS);
}

/** Say what went wrong; it stays until it is put away. */
export function failed(words) {
  const note = el("p.note.bad", { role: "alert" }, el("span", { "aria-hidden": "true" }, "✕ "), words);
  note.append(button("×", () => note.remove(), { name: "Put this away", kind: "plain" }));
  place().append(note);
}

/** Do something, and say so, or say why not; returns whether it was done. */
export async function attempt(act, done) {
  try {
    await act();
  } catch (error) {
    failed(error.message);
    return false;
  }
  if (done) told(done);
  return true;
}

/** Put the latest of what was said away; returns whether there was any. */
export function putAway() {
  const bad = [...place().querySelectorAll(".bad")].pop();
  bad?.remove();
  return Boolean(bad);
}

/** Read something out without showing it. */
export function announce(words) {
  document.getElementById("announcer").textContent = words;
}

const place = () => document.getElementById("notices");
