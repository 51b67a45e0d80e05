// What the page knows of the server, and who wants to hear when that changes.

import * as alerts from "./alerts.js";
import { placed } from "./groups.js";

const SOON = 30; // milliseconds in which changes are gathered

/** Everything known, by id; changed by its methods alone. */
class Store {
  sessions = new Map();
  approvals = new Map();
  alerts = new Map();
  topics = new Map(); // what a session was told first, for those without a title
  projects = [];
  budgets = [];
  spend = [];
  looked = false; // whether all sessions were looked at, once
  #written = new Map();
  #watchers = new Set();
  #changed = new Set();
  #timer = 0;

  /** Have `hear(ids)` called with what has changed: ids of sessions, `""` for all else. Returns how to stop. */
  watch(hear) {
    this.#watchers.add(hear);
    return () => this.#watchers.delete(hear);
  }

  touch(id = "") {
    this.#changed.add(id);
    this.#timer ||= setTimeout(() => this.#tell(), SOON);
  }

  #tell() {
    const ids = this.#changed;
    this.#timer = 0;
    this.#changed = new Set();
    for (const hear of this.#watchers) hear(ids);
  }

  put(session) {
    const written = JSON.stringify(session);
    if (this.#written.get(session.id) === written) return;
    this.#written.set(session.id, written);
    this.sessions.set(session.id, session);
    this.touch(session.id);
  }

  remove(id) {
    for (const kept of [this.sessions, this.approvals, this.alerts, this.topics, this.#written]) kept.delete(id);
    this.touch(id);
  }

  /** These are all that have not ended: what else is held as such is gone, or has `ended` since. */
  putActive(sessions) {
    const there = new Set(sessions.map((session) => session.id));
    sessions.forEach((session) => this.put(session));
    this.looked = true;
    return [...this.sessions.keys()].filter((id) => !there.has(id) && this.view(id).group !== "ended");
  }

  /** These are all permissions that agents wait for. */
  putApprovals(list) {
    const found = bySession(list);
    for (const id of new Set([...this.approvals.keys(), ...found.keys()])) {
      this.putApprovalsOf(id, found.get(id) ?? []);
    }
  }

  putApprovalsOf(id, list) {
    if (JSON.stringify(this.approvals.get(id) ?? []) === JSON.stringify(list)) return;
    this.approvals.set(id, list);
    this.touch(id);
  }

  putAlerts(id, found) {
    if (JSON.stringify(this.alerts.get(id) ?? {}) === JSON.stringify(found)) return;
    this.alerts.set(id, found);
    this.touch(id);
  }

  /** Take an event into account for what operators are called for. */
  hear(event) {
    const before = this.alerts.get(event.session_id);
    const now = alerts.after(before, event);
    if (now !== before) this.putAlerts(event.session_id, now);
  }

  putTopic(id, words) {
    this.topics.set(id, words);
    this.touch(id);
  }

  /** Keep `projects`, `budgets` or `spend`. */
  keep(name, list) {
    if (JSON.stringify(this[name]) === JSON.stringify(list)) return;
    this[name] = list;
    this.touch();
  }

  /** Return where a session stands for an operator: `{group, rank, why}`. */
  view(id) {
    return placed(this.sessions.get(id), this.approvals.get(id), this.alerts.get(id));
  }

  /** Return what a session is about, in one line. */
  title(session) {
    const told = titleOf(session) || this.topics.get(session.id);
    return told || (session.branch?.endsWith(`/${session.id}`) ? "" : session.branch) || session.role || "";
  }
}

/** Return what others call the work of a session: its pull request, or its issue. */
export const titleOf = (session) => session.pull_request?.title || session.issue_title;

function bySession(list) {
  const found = new Map();
  for (const one of list) found.set(one.session_id, [...(found.get(one.session_id) ?? []), one]);
  return found;
}

export const store = new Store();
