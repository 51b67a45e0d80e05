// Which sessions are shown: by words, by project, by status, and whether ended ones are.

import { arrange, el, say } from "./dom.js";
import { hasEnded } from "./groups.js";
import { store } from "./store.js";
import { activityOf, STATUS_NAMES, statusOf } from "./words.js";

/** The search box and what stands beside it. `changed()` is called when other sessions are to be shown. */
export class Filters {
  constructor(root, changed) {
    this.words = el("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false" });
    this.words.placeholder = "Search";
    this.project = el("select", { id: "by-project" });
    this.status = el("select", { id: "by-status" });
    this.ended = el("input", { type: "checkbox", id: "with-ended" });
    for (const field of [this.words, this.project, this.status, this.ended]) {
      field.addEventListener("input", changed);
    }
    root.append(
      labelled("search", "Search sessions", this.words),
      labelled("by-project", "Project", this.project),
      labelled("by-status", "Status", this.status),
      el("label.check", { for: "with-ended" }, this.ended, "ended"),
    );
    this.options();
  }

  /** Whether a session is to be shown. */
  match(session) {
    if (hasEnded(session) && !this.ended.checked) return false;
    if (this.project.value && session.project_id !== this.project.value) return false;
    if (this.status.value && session.status !== this.status.value) return false;
    const text = searched(session);
    return this.words.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }

  /** Write out what there is to choose from, with how many of each there are. */
  options() {
    const shown = [...store.sessions.values()].filter((one) => this.ended.checked || !hasEnded(one));
    const projects = new Set([...store.projects.map((one) => one.id), ...shown.map((one) => one.project_id)]);
    const present = new Set(shown.map((one) => one.status));
    const statuses = STATUS_NAMES.filter((name) => present.has(name) || name === this.status.value);
    const all = `all projects (${shown.length})`;
    choices(this.project, all, projects, (id) => `${id} (${count(shown, "project_id", id)})`);
    choices(this.status, "any status", statuses, (id) => `${statusOf(id).word} (${count(shown, "status", id)})`);
  }

  /** Take back everything; returns whether there was anything. */
  clear() {
    const any = Boolean(this.words.value || this.project.value || this.status.value);
    for (const field of [this.words, this.project, this.status]) field.value = "";
    return any;
  }
}

const count = (sessions, field, value) => sessions.filter((one) => one[field] === value).length;

function searched(session) {
  const { id, project_id: project, branch, agent_name: agent, issue_id: issue, role } = session;
  const words = [statusOf(session.status).word, session.status, activityOf(session.activity)];
  const all = [id, project, branch, agent, issue && `#${issue}`, role, store.title(session), store.view(id).why];
  return [...all, ...words].filter(Boolean).join(" ").toLowerCase();
}

function labelled(id, name, field) {
  return el("div.field", {}, el("label.unseen", { for: id }, name), field);
}

function choices(select, all, values, words) {
  const old = new Map([...select.options].map((option) => [option.value, option]));
  const option = (value, text) => {
    const made = old.get(value) ?? el("option", { value });
    say(made, text);
    return made;
  };
  arrange(select, [option("", all), ...[...values].map((value) => option(value, words(value)))]);
}
