// One session as a line of the list: made once, then only what changed is touched.

import { decisions } from "./decide.js";
import { arrange, el, put, say, show } from "./dom.js";
import { store } from "./store.js";
import { activityOf, ago, dollars, shownStatus } from "./words.js";

/** A row; `element` is its place in the document, `link` what is focused and opened. */
export class Row {
  constructor(id) {
    this.id = id;
    this.parts = {};
    for (const name of ["sign", "status", "id", "title", "why", "project", "doing", "cost", "age"]) {
      this.parts[name] = el(`span.${name}`);
    }
    put(this.parts.sign, "aria-hidden", "true");
    const { sign, status, id: name, title, why, project, doing, cost, age } = this.parts;
    this.link = el("a.line", { href: `#/session/${encodeURIComponent(id)}`, tabindex: "-1" });
    this.what = el("span.what", {}, title, why);
    this.link.append(sign, status, name, this.what, project, doing, cost, age);
    this.deciding = el("span.deciding");
    this.element = el("li.row", {}, this.link, this.deciding);
    this.asked = null;
    say(name, id);
  }

  /** Show the session as it is now. */
  update() {
    const session = store.sessions.get(this.id);
    const { why, group } = store.view(this.id);
    const { word, sign, tone } = shownStatus(session);
    const { parts } = this;
    put(this.element, "data-tone", tone);
    say(parts.sign, sign);
    say(parts.status, word);
    say(parts.title, store.title(session));
    say(parts.why, why);
    put(parts.why, "data-urgent", group === "needs");
    arrange(this.what, group === "needs" ? [parts.why, parts.title] : [parts.title, parts.why]);
    say(parts.project, session.project_id);
    say(parts.doing, activityOf(session.activity) === word ? "" : activityOf(session.activity));
    put(parts.doing, "data-activity", session.activity);
    say(parts.cost, Number(session.cost_usd) ? dollars(session.cost_usd) : "");
    this.tick();
    this.ask(store.approvals.get(this.id)?.[0] ?? null);
  }

  /** Show how long ago it said something, or began. */
  tick() {
    const session = store.sessions.get(this.id);
    say(this.parts.age, ago(session.ended_at ?? session.last_activity_at ?? session.created_at));
  }

  /** Have the first permission that it waits for answered here. */
  ask(approval) {
    show(this.deciding, approval !== null);
    put(this.element, "data-asks", approval !== null);
    if (approval?.id === this.asked) return;
    this.asked = approval?.id ?? null;
    arrange(this.deciding, approval ? decisions(approval) : []);
  }
}
