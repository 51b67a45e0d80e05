// The box from which a message goes to an agent.

import { ask, at, newKey } from "./api.js";
import { busy, button, el, isBusy, put, say } from "./dom.js";
import { runs } from "./groups.js";
import { told } from "./notice.js";

const MODES = [
  ["queue", "after its turn"],
  ["steer", "within its turn"],
  ["interrupt", "break its turn off"],
];

/** Return `{root, update, focus}`; `sent()` is called when a message has gone. */
export function sendBox(id, sent) {
  let key = newKey();
  const text = el("textarea", { id: "message", rows: "2", "aria-describedby": "send-trouble", placeholder: "Message" });
  const mode = el("select", { id: "mode" }, ...MODES.map(([value, words]) => el("option", { value }, words)));
  const trouble = el("p.trouble", { id: "send-trouble", role: "alert" });
  const go = button("Send", () => {}, { type: "submit", kind: "strong" });

  const send = async (event) => {
    event.preventDefault();
    const message = text.value;
    if (!message.trim() || isBusy(go)) return;
    busy(go, true);
    say(trouble, "");
    try {
      await ask("POST", at(id, "/send"), { body: { message, mode: mode.value }, key });
      key = newKey();
      if (text.value === message) text.value = "";
      told(`sent to ${id}`);
      sent();
    } catch (error) {
      say(trouble, error.message);
      if (error.status) key = newKey(); // nobody answered: the same message again must not arrive twice
    } finally {
      busy(go, false);
    }
  };
  text.addEventListener("input", () => (key = newKey()));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  });

  const root = el(
    "form.send",
    { onsubmit: send },
    el("label.unseen", { for: "message" }, "Message to the agent"),
    text,
    el("div.buttons", {}, el("label.unseen", { for: "mode" }, "How it gets to a busy agent"), mode, go),
    trouble,
  );
  const update = (session) => {
    const hint = runs(session) ? "Message; Ctrl+Enter sends it" : "Its agent does not run: restore it first";
    put(text, "placeholder", hint);
  };
  return { root, update, focus: () => text.focus() };
}
