// What somebody with ten seconds looks at: how many need a human, how many work, what it costs, and whether the
// page is still tied to the server.

import { arrange, button, el, put, say } from "./dom.js";
import { announce } from "./notice.js";
import { called, isNear, standings, today } from "./money.js";
import { store } from "./store.js";
import { counted, dollars } from "./words.js";

const STATES = {
  connecting: ["◌", "connecting"],
  live: ["●", "live"],
  lost: ["✕", "no connection"],
};
const MOST_WORDS = 3; // of so many sessions each is read out, of more their number

/** Return `{render}`, which writes the numbers into `root` and calls out who newly needs a human. */
export function summary(root) {
  const parts = ["needs", "working", "spent", "near"].map((name) => [name, el(`span.${name}`)]);
  const { needs, working, spent, near } = Object.fromEntries(parts);
  const money = el("a", { href: "#/money" }, spent, near);
  root.append(needs, working, money);
  let known = null;

  const render = () => {
    const waiting = new Map();
    let active = 0;
    for (const id of store.sessions.keys()) {
      const { group, why } = store.view(id);
      if (group === "needs") waiting.set(id, why);
      if (group === "working") active += 1;
    }
    say(needs, waiting.size ? `! ${waiting.size} need${waiting.size === 1 ? "s" : ""} you` : "nothing needs you");
    put(needs, "data-any", waiting.size > 0);
    say(working, `${active} working`);
    say(spent, `${dollars(today())} today`);
    const [fullest] = standings();
    const tight = fullest && isNear(fullest.share);
    say(near, tight ? ` · ! ${Math.round(fullest.share * 100)}% of ${called(fullest.budget)}` : "");
    document.title = waiting.size ? `(${waiting.size}) ennio` : "ennio";
    if (known) callOut([...waiting].filter(([id]) => !known.has(id)));
    if (store.looked) known = waiting;
  };
  return { render };
}

function callOut(fresh) {
  if (!fresh.length) return;
  const words = fresh.slice(0, MOST_WORDS).map(([id, why]) => `${id}: ${why}`);
  if (fresh.length > MOST_WORDS) words.push(`${counted(fresh.length - MOST_WORDS, "more session")} also`);
  announce(`Needs you: ${words.join("; ")}`);
}

/** Return `{state, trouble}`, which write how the page is tied to the server into `root`. */
export function connection(root, retry) {
  const sign = el("span", { "aria-hidden": "true" });
  const words = el("span", { role: "status" });
  const again = button("now", retry, { name: "Try to connect now", kind: "plain" });
  const why = el("span.why");
  arrange(root, [sign, words, again, why]);
  again.hidden = true;
  return {
    state(word, seconds) {
      const [mark, name] = STATES[word] ?? STATES.lost;
      put(root, "data-state", word);
      say(sign, mark);
      say(words, name);
      again.hidden = word !== "lost";
      put(again, "title", word === "lost" ? `tried again in ${seconds} s` : null);
    },
    trouble(text) {
      say(why, text);
      put(root, "data-trouble", Boolean(text));
    },
  };
}
