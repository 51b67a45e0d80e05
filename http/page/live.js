// Keeps what the page knows like what the server has: what happens says what to look at anew.

import { ask, at, Refused } from "./api.js";
import { store } from "./store.js";
import { Stream } from "./stream.js";
import { inTurn } from "./turns.js";

const GATHER = 100; // milliseconds in which what has changed is gathered
const MANY = 12; // above so many changed sessions, the whole list is one request instead
const OFTEN = 60_000; // costs change without an event: so often everything is looked at
const HIDDEN = 20_000; // the same while nobody looks; streams are closed then, they would hold connections
const AGAIN = 3000;
const ENDED_PAGE = 100;

/**
 * The tie to the server. `tell.state(word, seconds)` is that of the stream of events, `tell.happened(event)` hears
 * each of them, and `tell.trouble(words)` why nothing new can be known, empty when all is well.
 */
export class Live {
  #tell;
  #events = null;
  #dirty = new Set();
  #all = false;
  #busy = false;
  #timer = 0;
  #tick = 0;
  #endedAfter = "";

  /** How many pages of ended sessions were looked at, and whether there may be more. */
  endedPages = 0;
  moreEnded = true;

  constructor(tell) {
    this.#tell = tell;
    document.addEventListener("visibilitychange", () => this.#seen());
    this.#seen();
  }

  #seen() {
    const { hidden } = document;
    clearInterval(this.#tick);
    this.#tick = setInterval(() => this.resync(), hidden ? HIDDEN : OFTEN);
    if (hidden) {
      this.#events?.close();
      this.#events = null;
      this.resync();
    } else {
      this.#events ??= new Stream("/events", {
        opened: () => this.resync(),
        heard: (event) => this.#heard(event),
        state: (word, seconds) => this.#tell.state(word, seconds),
      });
    }
  }

  /** Try now to get the stream back. */
  retry() {
    this.#events?.retry();
  }

  #heard({ type, data }) {
    if (type === "resync") return this.resync();
    const event = JSON.parse(data);
    store.hear(event);
    this.look(event.session_id);
    return this.#tell.happened(event);
  }

  /** Look anew at one session. */
  look(id) {
    this.#dirty.add(id);
    this.#soon(GATHER);
  }

  /** Look anew at everything. */
  resync() {
    this.#all = true;
    this.#soon(0);
  }

  #soon(wait) {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.#work();
    }, wait);
  }

  /** One look at a time, so that an older answer never comes after a newer one. */
  async #work() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#all || this.#dirty.size) await this.#round();
      this.#tell.trouble("");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#tell.trouble(error.message);
      this.#all = true;
      this.#soon(AGAIN);
    } finally {
      this.#busy = false;
    }
  }

  async #round() {
    const ids = [...this.#dirty];
    this.#dirty.clear();
    if (!this.#all && ids.length <= MANY) return inTurn(ids, one);
    this.#all = false;
    const ended = ids.filter((id) => store.sessions.has(id) && store.view(id).group === "ended");
    const [sessions, approvals] = await Promise.all([ask("GET", "/sessions"), ask("GET", "/approvals")]);
    const missing = store.putActive(sessions);
    store.putApprovals(approvals);
    await inTurn([...missing, ...ended], one);
    return this.#money();
  }

  async #money() {
    store.keep("projects", await ask("GET", "/projects"));
    store.keep("budgets", await ask("GET", "/budgets"));
    store.keep("spend", await ask("GET", "/spend?days=30"));
  }

  /** Look at the next page of the sessions that have ended. */
  async loadEnded() {
    const after = this.#endedAfter ? `&after=${encodeURIComponent(this.#endedAfter)}` : "";
    const found = await ask("GET", `/sessions?all=true&limit=${ENDED_PAGE}${after}`);
    found.forEach((session) => store.put(session));
    this.endedPages += 1;
    this.#endedAfter = found.at(-1)?.id ?? this.#endedAfter;
    this.moreEnded = found.length === ENDED_PAGE;
    store.touch();
  }
}

/** Look at one session, and at what it asks for; one that is not there any more is forgotten. */
export async function one(id) {
  try {
    const session = await ask("GET", at(id));
    const asks = session.approvals ? await ask("GET", at(id, "/approvals")) : [];
    store.put(session);
    store.putApprovalsOf(id, asks);
  } catch (error) {
    if (error.status !== 404) throw error;
    store.remove(id);
  }
}
