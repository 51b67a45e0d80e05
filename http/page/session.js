// One session, with all that can be seen of it and done to it.

import { ask, at } from "./api.js";
import { approvalCards } from "./approvals.js";
import { busy, button, el, isBusy, put, say, show } from "./dom.js";
import { facts } from "./facts.js";
import { hasEnded, restorable } from "./groups.js";
import { attempt } from "./notice.js";
import { Output } from "./output.js";
import { history, messages, why } from "./panels.js";
import { Screen } from "./screen.js";
import { sendBox } from "./send.js";
import { store } from "./store.js";
import { Tabs } from "./tabs.js";
import { activityOf, shownStatus } from "./words.js";

const LOOK = 5000; // what becomes of a message is no event
const CRAMPED = "(max-width: 899px), (max-height: 700px)"; // what the agent says comes first there

/** The view of a session. `act.close()`, `act.kill(session)` and `act.changed(id)` are done elsewhere. */
export class SessionView {
  constructor(id, act) {
    this.id = id;
    this.act = act;
    this.facts = facts();
    this.approvals = approvalCards(id);
    this.messages = messages(id);
    this.history = history(id);
    this.why = why(id);
    this.send = sendBox(id, () => this.messages.refresh());
    this.tabs = new Tabs([
      { name: "output", title: "Output", panel: new Output(id) },
      { name: "screen", title: "Screen", panel: new Screen(id) },
      { name: "messages", title: "Messages", panel: this.messages },
      { name: "history", title: "History", panel: this.history },
      { name: "why", title: "Why", panel: this.why },
    ]);
    this.tabs.offer("screen", false);
    this.root = el("article.session", { "aria-labelledby": "session-title" }, ...this.#parts());
    this.timer = setInterval(() => document.hidden || this.messages.refresh(), LOOK);
    this.seen = () => (document.hidden ? this.tabs.close() : this.tabs.resume()); // streams hold connections
    document.addEventListener("visibilitychange", this.seen);
    this.tabs.select("output");
    this.update();
  }

  #parts() {
    this.title = el("h2", { id: "session-title", tabindex: "-1" }, this.id);
    this.badge = el("p.badge");
    this.reason = el("p.reason");
    this.restore = button("Restore", () => this.restart(), { kind: "strong" });
    this.kill = button("Kill", () => this.act.kill(store.sessions.get(this.id)), { kind: "bad" });
    const back = button("✕", () => this.act.close(), { name: "Close this session", kind: "plain" });
    const head = el("header", {}, this.title, this.badge, el("div.buttons", {}, this.restore, this.kill, back));
    const open = !matchMedia(CRAMPED).matches;
    const known = el("details.known", { open }, el("summary", {}, "Facts"), this.facts.root);
    return [head, this.reason, this.approvals.root, known, this.tabs.root, this.send.root];
  }

  /** Show the session as it is now. */
  update() {
    const session = store.sessions.get(this.id);
    if (!session) return;
    const { word, sign, tone } = shownStatus(session);
    put(this.root, "data-tone", tone);
    say(this.badge, `${sign} ${[...new Set([word, activityOf(session.activity)])].filter(Boolean).join(" · ")}`);
    const { why: reason, group } = store.view(this.id);
    const words = [store.title(session), reason];
    say(this.reason, (group === "needs" ? words.reverse() : words).filter(Boolean).join(" — "));
    put(this.reason, "data-urgent", group === "needs");
    show(this.restore, restorable(session));
    show(this.kill, !["Killed", "Merged"].includes(session.status));
    show(this.send.root, !hasEnded(session));
    this.facts.update(session);
    this.approvals.update();
    this.send.update(session);
    if (this.tabs.offer("screen", Boolean(session.attach)) && session.attach) this.tabs.select("screen");
  }

  /** Something happened to it. */
  happened() {
    for (const panel of [this.history, this.why, this.messages]) panel.refresh();
  }

  /** Start its agent again. */
  async restart() {
    if (isBusy(this.restore)) return;
    busy(this.restore, true);
    await attempt(async () => store.put(await ask("POST", at(this.id, "/restore"))), `${this.id} is restored`);
    busy(this.restore, false);
    this.act.changed(this.id);
  }

  /** Let go of everything that goes on for it. */
  close() {
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
    this.tabs.close();
    this.approvals.close();
    this.root.remove();
  }
}
