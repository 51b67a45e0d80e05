// What can be done with a key, in one table: it is obeyed, and shown by `?`.

import { el } from "./dom.js";
import { closing, dialog, dialogOpen } from "./dialog.js";

const FIELDS = "input, textarea, select, [role=application]";
const SCROLLED = "pre, .panel, [role=tablist]"; // arrows are theirs

/** Obey `table`, whose rows are `{keys, does, act}`; `escape(target)` is for Escape, which also leaves fields. */
export function listen(table, escape) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || dialogOpen()) return;
    const { key, target } = event;
    if (key === "Escape") return escape(target);
    if (target.closest(FIELDS) || (key.startsWith("Arrow") && target.closest(SCROLLED))) return;
    if (key === "Enter" && target !== document.body) return; // what is focused knows what it is for
    const found = table.find((row) => row.keys.includes(key));
    if (!found) return;
    event.preventDefault();
    found.act(key);
  });
}

const SHOWN = { ArrowDown: "↓", ArrowUp: "↑", 1: "1 … 5", Escape: "Esc" };

/** Show all keys. */
export function showKeys(table) {
  const rows = [...table, { keys: ["Escape"], does: "go back" }].map(({ keys, does }) => {
    const shown = keys.filter((key) => !/^[2-9]$/.test(key)).map((key) => el("kbd", {}, SHOWN[key] ?? key));
    return el("div", {}, el("dt", {}, ...shown), el("dd", {}, does));
  });
  const close = closing("Close", () => opened);
  const opened = dialog("Keys", [el("dl.keys", {}, ...rows), el("div.buttons", {}, close)]);
  close.focus();
}
