// The operators' page: puts its parts together, and says what each key and each address means.

import { ask } from "./api.js";
import { lookUp } from "./background.js";
import { decide } from "./decide.js";
import { button, put, say, show } from "./dom.js";
import { Filters } from "./filters.js";
import { restorable } from "./groups.js";
import { listen, showKeys } from "./keys.js";
import { killAll, killOne } from "./kill.js";
import { List } from "./list.js";
import { Live, one } from "./live.js";
import { Money } from "./money.js";
import { attempt, failed, putAway } from "./notice.js";
import { SessionView } from "./session.js";
import { openSpawn } from "./spawn.js";
import { store } from "./store.js";
import { connection, summary } from "./summary.js";
import { takeCode } from "./token.js";

const place = (id) => document.getElementById(id);
let view = null;
let live = null;

const filters = new Filters(place("filters"), () => filtered());
const list = new List(place("rows"), { match: (session) => filters.match(session), more: () => loadEnded() });
const money = new Money(place("money"));
const counts = summary(place("summary"));
const tie = connection(place("connection"), () => live.retry());
const all = button("Kill all", () => killAll(filters.project.value, { ended }), { kind: "bad" });
place("filters").append(all);

function render(changed) {
  filters.options();
  list.render(changed, { ended: filters.ended.checked, moreEnded: live?.moreEnded });
  list.mark(view?.id);
  counts.render();
  if (!place("money").hidden) money.render();
  if (view && (!changed || changed.has(view.id))) view.update();
  show(all, Boolean(filters.project.value));
  say(all, `Kill all of ${filters.project.value}`);
  lookUp();
}

function filtered() {
  if (filters.ended.checked && live?.endedPages === 0) loadEnded();
  render();
}

const loadEnded = () => attempt(() => live.loadEnded());
const ended = (id) => live.look(id);

// Addresses: `#/session/ID`, `#/money`, and everything else is the list.

function go(hash) {
  if (location.hash !== hash) history.pushState(null, "", hash);
  route();
}

function route() {
  const id = /^#\/session\/([\w-]+)$/.exec(location.hash)?.[1] ?? "";
  const onMoney = location.hash === "#/money";
  if (view && view.id !== id) {
    view.close();
    view = null;
  }
  show(place("session"), Boolean(id));
  const fresh = onMoney && place("money").hidden;
  show(place("money"), onMoney);
  show(place("list"), !onMoney);
  put(document.body, "data-open", id ? "session" : onMoney ? "money" : null);
  if (id && !view) openSession(id);
  list.mark(id);
  if (onMoney) money.render();
  if (fresh) money.title.focus();
}

async function openSession(id) {
  view = new SessionView(id, { close: () => back(), kill: (session) => killOne(session, { ended }), changed: ended });
  place("session").replaceChildren(view.root);
  view.title.focus({ preventScroll: true });
  if (store.sessions.has(id)) return;
  await attempt(() => one(id));
  if (!store.sessions.has(id)) failed(`there is no session ${id}`);
}

function back() {
  const id = view?.id;
  go("#/");
  list.focus(id);
}

// Keys.

/** The session that is meant: that of the focused row, else the open one. None is meant that nobody sees. */
function meant() {
  const inList = place("rows").contains(document.activeElement);
  return store.sessions.get(inList ? list.selected : view?.id);
}

function answer(decision) {
  const [approval] = store.approvals.get(meant()?.id) ?? [];
  if (approval) decide(approval, decision);
}

function write() {
  const session = meant();
  if (!session) return;
  go(`#/session/${session.id}`);
  view.send.focus();
}

function restore() {
  const session = meant();
  if (!session || !restorable(session)) return;
  go(`#/session/${session.id}`);
  view.restart();
}

function search() {
  if (!filters.words.offsetParent) go("#/"); // something else stands before the list
  filters.words.focus();
}

async function spawn() {
  const look = async () => store.keep("projects", await ask("GET", "/projects"));
  if (!store.projects.length && !(await attempt(look))) return;
  openSpawn(filters.project.value, (session) => {
    store.put(session);
    go(`#/session/${session.id}`);
  });
}

const KEYS = [
  { keys: ["j", "ArrowDown"], does: "the next session", act: () => list.move(1) },
  { keys: ["k", "ArrowUp"], does: "the one before", act: () => list.move(-1) },
  { keys: ["Enter"], does: "open it", act: () => list.selected && go(`#/session/${list.selected}`) },
  { keys: ["/"], does: "search", act: search },
  { keys: ["n"], does: "start a new session", act: spawn },
  { keys: ["s"], does: "send it a message", act: write },
  { keys: ["a"], does: "allow what it asks for", act: () => answer("allow") },
  { keys: ["d"], does: "deny it", act: () => answer("deny") },
  { keys: ["r"], does: "restore it", act: restore },
  { keys: ["x"], does: "kill it, after a question", act: () => meant() && killOne(meant(), { ended }) },
  { keys: ["1", "2", "3", "4", "5"], does: "output, messages and so on", act: (key) => view?.tabs.nth(Number(key)) },
  { keys: ["m"], does: "money", act: () => go("#/money") },
  { keys: ["?"], does: "these keys", act: () => showKeys(KEYS) },
];

function escape(target) {
  if (target === filters.words || target.closest("#filters")) {
    if (filters.clear()) render();
    list.focus();
  } else if (target.closest(".send")) view?.title.focus();
  else if (putAway()) return;
  else if (document.body.dataset.open) back();
  else if (filters.clear()) render();
}

place("new").addEventListener("click", spawn);
place("help").addEventListener("click", () => showKeys(KEYS));
addEventListener("popstate", route);
addEventListener("hashchange", route);
listen(KEYS, escape);
store.watch(render);
tie.state("connecting");

await takeCode();
live = new Live({ ...tie, happened: (event) => event.session_id === view?.id && view.happened() });
render();
route();
