// What can be looked up of a session: its history, what speaks for its status, and its messages.

import { ask, at } from "./api.js";
import { arrange, el, put, say } from "./dom.js";
import { activityOf, moment, statusOf } from "./words.js";

const GATHER = 300;

/** A panel whose content is asked for anew when something happened. `draw(found)` returns its lines. */
class Panel {
  #timer = 0;
  #open = false;

  constructor(path, list, draw) {
    this.path = path;
    this.draw = draw;
    this.trouble = el("p.trouble", { role: "alert" });
    this.list = list;
    this.root = el("div.panel", { tabindex: "0" }, this.trouble, list);
    this.lines = new Map();
  }

  open() {
    this.#open = true;
    this.load();
  }

  close() {
    this.#open = false;
  }

  /** Look again, soon; many calls are one look. */
  refresh() {
    if (this.#open) this.#timer ||= setTimeout(() => this.load(), GATHER);
  }

  async load() {
    this.#timer = 0;
    if (!this.#open) return;
    try {
      const found = await ask("GET", this.path);
      arrange(this.list, this.draw(found, this.line.bind(this)));
      say(this.trouble, "");
    } catch (error) {
      say(this.trouble, error.message);
    }
  }

  /** Return the line that has this key, made once. */
  line(key, make) {
    if (!this.lines.has(key)) this.lines.set(key, make());
    return this.lines.get(key);
  }
}

/** What happened to a session, the latest first. */
export function history(id) {
  const draw = (events, line) =>
    events.reverse().map(({ id: key, ...event }) =>
      line(key, () =>
        el(
          "li",
          { "data-priority": event.priority },
          time(event.timestamp),
          el("b", {}, event.event_type),
          " ",
          event.message,
        ),
      ),
    );
  return new Panel(at(id, "/events"), el("ol.lines", { "aria-label": "What happened, the latest first" }), draw);
}

/** What speaks for its status, the latest first. */
export function why(id) {
  const said = el("p.said");
  const draw = (found, line) => {
    const { status, status_reason: reason, activity, activity_reason: waits } = found;
    const parts = [statusOf(status).word, reason, activityOf(activity), waits].filter(Boolean);
    say(said, `It is ${parts.join("; ")}.`);
    const seen = found.evidence.reverse();
    return seen.map((one, index) =>
      // the same may be seen twice in one moment
      line(`${one.at} ${one.what} ${seen.slice(index + 1).filter((other) => same(one, other)).length}`, () =>
        el("li", {}, time(one.at), one.what),
      ),
    );
  };
  const panel = new Panel(at(id, "/why"), el("ol.lines", { "aria-label": "What was seen, the latest first" }), draw);
  panel.list.before(said);
  return panel;
}

const same = (one, other) => one.at === other.at && one.what === other.what;

const SIGNS = { queued: "◌", written: "●", accepted: "✓", failed: "✕" };

/** What it was sent, and how far that came; the latest first. */
export function messages(id) {
  const draw = (list, line) =>
    list.reverse().map((message) => {
      const made = line(message.id, () =>
        el("li", {}, time(message.created_at), el("b.far"), " ", el("span.sent", {}, message.text)),
      );
      const how = message.mode === "queue" ? "" : `, ${message.mode}`;
      const reason = message.reason ? `: ${message.reason}` : "";
      say(made.querySelector(".far"), `${SIGNS[message.state] ?? "?"} ${message.state}${how}${reason}`);
      put(made, "data-state", message.state);
      return made;
    });
  return new Panel(at(id, "/messages"), el("ol.lines", { "aria-label": "Messages, the latest first" }), draw);
}

function time(text) {
  return el("time", { datetime: text }, moment(text));
}
