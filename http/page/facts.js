// What is known of a session, as pairs of a name and its value; only what changed is touched.

import { arrange, el, outward } from "./dom.js";
import { pullInWords } from "./groups.js";
import { dollars, grouped, moment } from "./words.js";

/** Return an element that shows the facts of a session, and how to update it. */
export function facts() {
  const root = el("dl.facts");
  const known = new Map();
  const update = (session) => {
    const shown = [];
    for (const [name, text, url] of pairs(session)) {
      if (!text) continue;
      const pair = known.get(name) ?? { element: el("div", {}, el("dt", {}, name), el("dd")) };
      if (pair.text !== text || pair.url !== url) {
        pair.element.lastChild.replaceChildren(valueOf(text, url));
        Object.assign(pair, { text, url });
      }
      known.set(name, pair);
      shown.push(pair.element);
    }
    arrange(root, shown);
  };
  return { root, update };
}

function valueOf(text, url) {
  if (!url) return text;
  return url.startsWith("#/") ? el("a", { href: url }, text) : outward(url, text);
}

function pairs(session) {
  const { pull_request: pull } = session;
  return [
    ["Issue", issue(session), session.issue_url],
    ["Pull request", pull && `#${pull.number} ${pull.title}`, pull?.url],
    ["Checks and review", pullInWords(pull)],
    ["Code host", session.host_trouble],
    ["Branch", session.branch],
    ["Begun at", begun(session)],
    ["Careful", session.base_warning],
    ["Agent", [session.agent_name, session.model].filter(Boolean).join(", ")],
    ["Role", session.role],
    ["Spawned by", session.parent, session.parent && `#/session/${encodeURIComponent(session.parent)}`],
    ["Spent", spent(session)],
    ["Turns", session.turns ? String(session.turns) : ""],
    ["Held until", session.held_until && `${moment(session.held_until)}: its account is at its usage limit`],
    ["Began", moment(session.created_at)],
    ["Ended", ended(session)],
    ["Starts", session.starts > 1 ? `${session.starts}, ${session.restarts} by the restart policy` : ""],
    ["Workspace", session.workspace_path],
    ["Terminal", session.attach],
  ];
}

function issue({ issue_id: id, issue_title: title }) {
  return id && [/^\d+$/.test(id) ? `#${id}` : id, title].filter(Boolean).join(" ");
}

function begun({ base_commit: commit, base_ref: ref }) {
  return commit && [commit.slice(0, 12), ref?.replace(/^refs\/(heads|remotes)\//, "")].filter(Boolean).join(" of ");
}

function spent(session) {
  const { tokens_in: read, tokens_out: written } = session;
  if (!read && !written && !Number(session.cost_usd)) return "";
  const notes = [session.cost_is_estimated && "estimated", session.cost_is_complete === false && "not all priced"];
  const words = `${dollars(session.cost_usd)} for ${grouped(read)} tokens in, ${grouped(written)} out`;
  return [words, ...notes].filter(Boolean).join("; ");
}

function ended({ ended_at: at, exit_code: code, reason }) {
  if (!at) return "";
  return [moment(at), code !== null && `code ${code}`, reason].filter(Boolean).join(", ");
}
