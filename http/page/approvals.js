// The permissions that the agent of a session waits for, with all that it says of them.

import { decisions } from "./decide.js";
import { arrange, el, say } from "./dom.js";
import { store } from "./store.js";
import { span } from "./words.js";

/** Return `{root, update, close}`: cards that stand as long as the permission is waited for. */
export function approvalCards(id) {
  const root = el("div.approvals", { "aria-label": "Permissions that it waits for", role: "group" });
  const cards = new Map();
  const update = () => {
    const asked = store.approvals.get(id) ?? [];
    const there = new Set(asked.map((one) => one.id));
    for (const key of cards.keys()) if (!there.has(key)) cards.delete(key);
    asked.filter((one) => !cards.has(one.id)).forEach((one) => cards.set(one.id, card(one)));
    arrange(root, asked.map((one) => cards.get(one.id).element));
    root.hidden = !asked.length;
    tick();
  };
  const tick = () => cards.forEach(({ left, deadline }) => say(left, remaining(deadline)));
  const timer = setInterval(tick, 1000);
  return { root, update, close: () => clearInterval(timer) };
}

function card(approval) {
  const left = el("span.left");
  const sign = el("span", { "aria-hidden": "true" }, "! ");
  const head = el("p", {}, sign, "asks for ", el("b", {}, approval.tool), ": ", approval.summary);
  const input = el("pre", { tabindex: "0", role: "region", "aria-label": "All that it says" }, written(approval.input));
  const more = el("details", {}, el("summary", {}, "all that it says"), input);
  const element = el("article.approval", { "aria-label": `Permission for ${approval.tool}` });
  element.append(head, more, el("div.buttons", {}, ...decisions(approval), left));
  return { element, left, deadline: Date.parse(approval.deadline) };
}

function written(input) {
  return typeof input === "string" ? input : JSON.stringify(input, null, 2);
}

function remaining(deadline) {
  const seconds = (deadline - Date.now()) / 1000;
  return seconds > 0 ? `denied in ${span(seconds)}` : "its time is over";
}
