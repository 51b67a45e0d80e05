// Tabs after https://www.w3.org/WAI/ARIA/apg/patterns/tabs/: arrows move between them, one is open at a time.

import { button, el, put, show } from "./dom.js";

/** Tabs over panels `{name, title, panel}`; a panel has `root`, `open()` and `close()`. */
export class Tabs {
  #open = null;

  constructor(panels) {
    this.panels = panels;
    const onkeydown = (event) => this.#key(event);
    this.list = el("div.tabs", { role: "tablist", "aria-label": "What there is to see", onkeydown });
    this.root = el("div.tabbed", {}, this.list);
    for (const one of panels) {
      one.tab = button(one.title, () => this.select(one.name), { role: "tab", id: `tab-${one.name}` });
      put(one.tab, "aria-controls", `panel-${one.name}`);
      one.place = el("div.tabpanel", { role: "tabpanel", id: `panel-${one.name}` }, one.panel.root);
      put(one.place, "aria-labelledby", `tab-${one.name}`);
      this.list.append(one.tab);
      this.root.append(one.place);
      this.#mark(one);
    }
  }

  /** Open one of them, by its name. */
  select(name) {
    const wanted = this.panels.find((one) => one.name === name && !one.tab.hidden);
    if (!wanted || wanted === this.#open) return;
    this.#open?.panel.close();
    this.#open = wanted;
    this.panels.forEach((one) => this.#mark(one));
    wanted.panel.open();
  }

  /** Open the n-th of those that are offered, from 1, and go there. */
  nth(number) {
    const wanted = this.panels.filter((one) => !one.tab.hidden)[number - 1];
    if (!wanted) return;
    this.select(wanted.name);
    wanted.tab.focus();
  }

  /** Offer one, or do not; returns whether that is new. */
  offer(name, offered) {
    const one = this.panels.find((panel) => panel.name === name);
    if (one.tab.hidden === !offered) return false;
    show(one.tab, offered);
    if (!offered && one === this.#open) this.select(this.panels[0].name);
    return true;
  }

  /** The name of the one that is open. */
  get open() {
    return this.#open?.name;
  }

  close() {
    this.#open?.panel.close();
  }

  resume() {
    this.#open?.panel.open();
  }

  #mark(one) {
    const open = one === this.#open;
    put(one.tab, "aria-selected", String(open));
    put(one.tab, "tabindex", open ? "0" : "-1");
    show(one.place, open);
  }

  #key(event) {
    const offered = this.panels.filter((one) => !one.tab.hidden);
    const at = offered.indexOf(this.#open);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = offered[(at + step + offered.length) % offered.length];
    this.select(next.name);
    next.tab.focus();
  }
}
