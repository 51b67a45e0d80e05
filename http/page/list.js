// The list of sessions, by what needs a human first. Rows are kept by id; only what changed is touched.

import { arrange, button, el, put, say, show } from "./dom.js";
import { GROUPS } from "./groups.js";
import { Row } from "./row.js";
import { store } from "./store.js";

const TICK = 15_000;
const EMPTY = {
  needs: "Nothing needs you.",
  working: "Nobody is at work.",
  ended: "None has ended yet.",
};

/** The list in `root`. `match(session)` says which are shown, `more()` loads further ended ones. */
export class List {
  #rows = new Map();
  #groups = new Map();
  #order = [];
  #selected = "";

  constructor(root, { match, more }) {
    this.match = match;
    this.more = button("Show more", more, { hidden: true });
    for (const [name, title] of GROUPS) {
      const count = el("span.count");
      const items = el("ul.rows", { "aria-labelledby": `group-${name}` });
      const empty = el("p.empty");
      const head = el("h2", { id: `group-${name}` }, title, " ", count);
      const section = el(`section.group.${name}`, {}, head, items, empty);
      this.#groups.set(name, { section, items, count, empty });
      root.append(section);
    }
    root.append(this.more);
    root.addEventListener("focusin", (event) => this.#follow(event.target));
    setInterval(() => document.hidden || this.#rows.forEach((row) => row.tick()), TICK);
  }

  /** The id of the session on which the keys act; empty where there is none. */
  get selected() {
    return this.#selected;
  }

  /** Show what there is. `changed` are the ids of sessions that are different; without it, all may be. */
  render(changed, { ended, moreEnded }) {
    const shown = this.#sorted();
    const focused = document.activeElement;
    const inside = this.#rows.get(this.#selected)?.element.contains(focused);
    const ids = new Set();
    for (const [name, group] of this.#groups) {
      const members = shown.filter((one) => one.group === name);
      arrange(group.items, members.map((one) => this.#row(one.id, changed).element));
      members.forEach((one) => ids.add(one.id));
      say(group.count, String(members.length));
      say(group.empty, members.length ? "" : EMPTY[name]);
    }
    show(this.#groups.get("ended").section, ended);
    show(this.more, ended && moreEnded);
    for (const id of [...this.#rows.keys()]) if (!ids.has(id)) this.#rows.delete(id);
    const index = Math.max(0, this.#order.indexOf(this.#selected));
    this.#order = shown.map((one) => one.id);
    if (!ids.has(this.#selected)) {
      this.#select(this.#order[Math.min(index, this.#order.length - 1)] ?? ""); // what came after it
      if (inside) this.#rows.get(this.#selected)?.link.focus({ preventScroll: true });
    }
    // what is moved within the document loses the focus
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  }

  #sorted() {
    const places = new Map(GROUPS.map(([name], index) => [name, index]));
    return [...store.sessions.values()]
      .filter((session) => this.match(session))
      .map((session) => ({ id: session.id, created: session.created_at, ...store.view(session.id) }))
      .sort(
        (a, b) =>
          places.get(a.group) - places.get(b.group) ||
          a.rank - b.rank ||
          b.created.localeCompare(a.created) ||
          a.id.localeCompare(b.id),
      );
  }

  #row(id, changed) {
    const known = this.#rows.get(id);
    const row = known ?? new Row(id);
    this.#rows.set(id, row);
    if (!known || !changed || changed.has(id)) row.update();
    return row;
  }

  #follow(target) {
    const row = [...this.#rows.values()].find((one) => one.element.contains(target));
    if (row) this.#select(row.id);
  }

  #select(id) {
    for (const [which, tabindex] of [
      [this.#selected, "-1"],
      [id, "0"],
    ]) {
      const row = this.#rows.get(which);
      if (row) put(row.link, "tabindex", tabindex);
    }
    this.#selected = id;
  }

  /** Mark the session that is open. */
  mark(id) {
    for (const row of this.#rows.values()) put(row.link, "aria-current", row.id === id && "true");
    if (this.#rows.has(id)) this.#select(id);
  }

  /** Move the focus by so many rows; from outside the list, to the selected one. */
  move(by) {
    const at = this.#order.indexOf(this.#selected);
    const inside = this.#rows.get(this.#selected)?.element.contains(document.activeElement);
    const next = this.#order[Math.max(0, Math.min(this.#order.length - 1, at + (inside ? by : 0)))];
    this.focus(next);
  }

  /** Focus the row of a session, or the selected one. */
  focus(id = this.#selected) {
    const row = this.#rows.get(id) ?? this.#rows.get(this.#selected);
    row?.link.focus();
    row?.element.scrollIntoView({ block: "nearest" });
  }
}
