// Ending sessions: one, or all of a project. What became of each is said, and what could not be ended is named.

import { ask, at } from "./api.js";
import { busy, button, el, isBusy, put, say } from "./dom.js";
import { closing, dialog } from "./dialog.js";
import { hasEnded } from "./groups.js";
import { store } from "./store.js";
import { inTurn } from "./turns.js";
import { counted, statusOf } from "./words.js";

const WHAT_STAYS = "Its branch stays, and a workspace with uncommitted work stays where it is. It cannot be restored.";

/** Ask whether a session is to be killed, and do it. */
export function killOne(session, { ended }) {
  open(`Kill ${session.id}?`, [session], { hint: WHAT_STAYS, word: "Kill", ended });
}

/** Ask whether all sessions of a project are to be killed, and do it. */
export function killAll(project, { ended }) {
  const sessions = [...store.sessions.values()].filter((one) => one.project_id === project && !hasEnded(one));
  const title = sessions.length
    ? `Kill ${counted(sessions.length, "session")} of ${project}?`
    : `Nothing of ${project} is there to be killed`;
  const hint = "Branches stay, and workspaces with uncommitted work stay where they are. None can be restored.";
  open(title, sessions, { hint, word: "Kill all", ended });
}

function open(title, sessions, { hint, word, ended }) {
  const lines = new Map(sessions.map((session) => [session.id, line(session)]));
  const summary = el("p", { role: "status" }, hint);
  const go = button(word, () => run(), { kind: "bad", hidden: !sessions.length });
  const cancel = closing("Cancel", () => shown);
  const items = [...lines.values()].map((one) => one.element);
  const list = el("ul.outcomes", { "aria-label": "Sessions", tabindex: "0" }, ...items);
  const shown = dialog(title, [summary, list, el("div.buttons", {}, cancel, go)]);
  cancel.focus(); // Enter alone kills nobody
  shown.element.addEventListener("keydown", (event) => event.key === "y" && !go.hidden && run());

  async function run() {
    if (isBusy(go)) return;
    busy(go, true);
    const left = sessions.filter(({ id }) => lines.get(id).state !== "killed");
    say(summary, `Ending ${counted(left.length, "session")}…`);
    await inTurn(left, async ({ id }) => {
      await end(lines.get(id), id);
      ended(id);
    });
    const alive = sessions.filter(({ id }) => lines.get(id).state !== "killed");
    const done = counted(sessions.length - alive.length, "session");
    say(summary, alive.length ? `${done} killed, ${alive.length} not; the server goes on trying.` : `${done} killed.`);
    say(go, "Try again");
    say(cancel, "Close");
    busy(go, false);
    go.hidden = !alive.length;
    cancel.focus();
  }
}

function line(session) {
  const outcome = el("span.outcome", {}, `${statusOf(session.status).word} ${store.title(session)}`);
  return { element: el("li", {}, el("b.id", {}, session.id), " ", outcome), outcome, state: "" };
}

async function end(shown, id) {
  let words = "killed";
  shown.state = "ending";
  say(shown.outcome, "is being ended…");
  try {
    await ask("DELETE", at(id));
    shown.state = "killed";
  } catch (error) {
    shown.state = "alive";
    words = error.message; // a 504 names the processes that are left
  }
  say(shown.outcome, words);
  put(shown.element, "data-state", shown.state);
}
