// What a list of sessions does not say of them, looked up quietly, one at a time: what operators were called
// for before this page was open, and what each was told first.

import * as alerts from "./alerts.js";
import { ask, at, Refused } from "./api.js";
import { store, titleOf } from "./store.js";

const LONGEST_TOPIC = 160;
const known = new Set();
let busy = false;

/** Look up what is missing of the sessions that have not ended. */
export async function lookUp() {
  if (busy) return;
  busy = true;
  try {
    for (let next = missing(); next && !document.hidden; next = missing()) await about(next);
  } finally {
    busy = false;
  }
}

function missing() {
  const ids = [...store.sessions.keys()].reverse();
  return ids.find((id) => !known.has(id) && store.view(id).group !== "ended" && settled(id));
}

/** A spawn that is under way may be undone, and then there is nothing to ask for. */
const settled = (id) => store.sessions.get(id).status !== "Spawning";

async function about(id) {
  known.add(id);
  try {
    store.putAlerts(id, alerts.ofHistory(await ask("GET", at(id, "/events"))));
    if (store.sessions.has(id) && !titleOf(store.sessions.get(id))) {
      const [first] = await ask("GET", at(id, "/messages"));
      if (first) store.putTopic(id, topic(first.text));
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // it is gone, or the server is: then this is not missed
  }
}

/** The prompt comes last in what an agent is told first, after the issue and the project's rules. */
function topic(text) {
  const [line] = text.trim().split(/\n\s*\n/).pop().split("\n");
  return line.length > LONGEST_TOPIC ? `${line.slice(0, LONGEST_TOPIC - 1)}…` : line;
}
