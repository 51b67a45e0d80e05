// The token: asked for once, kept in this tab alone, or changed for a one-time code of the address.

import { button, el, say } from "./dom.js";

const KEPT_AS = "ennio.token";
const TOKEN = /^[!-~]+$/; // what a configuration takes; a header could not carry more
let token = kept();
let asking = null;

function kept() {
  try {
    return sessionStorage.getItem(KEPT_AS) ?? "";
  } catch {
    return ""; // storage is forbidden here: then it lasts until the page is left
  }
}

function keep(given) {
  token = given;
  try {
    sessionStorage.setItem(KEPT_AS, given);
  } catch {
    // as above
  }
}

/** The token as it is now; empty where there is none. */
export const current = () => token;

/** Return the headers of a request. */
export function headers() {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Return the subprotocols by which a WebSocket lets itself in, since it can send no header. */
export function subprotocols() {
  if (!token) return ["ennio"];
  const written = btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return ["ennio", `ennio.token.${written}`];
}

/** Change the code that stands in the address for a token; the code is taken out of the address first. */
export async function takeCode() {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  const response = await fetch("/api/v1/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (answer?.data?.token) keep(answer.data.token);
  else await ask(answer?.error ?? "the server cannot be reached");
}

/** Wait until there is another token than `refused`, which the server did not take; asks its reader once. */
export async function renew(refused, words) {
  if (token === refused) await ask(refused ? words : "");
}

function ask(words) {
  asking ??= new Promise((resolve) => open(words, resolve)).finally(() => (asking = null));
  return asking;
}

function open(words, resolve) {
  const field = el("input", {
    id: "token",
    type: "password",
    autocomplete: "off",
    required: true,
    spellcheck: "false",
    "aria-describedby": "token-hint token-trouble",
  });
  const trouble = el("p.trouble", { id: "token-trouble", role: "alert" });
  const done = (event) => {
    event.preventDefault();
    const given = field.value.trim();
    if (!TOKEN.test(given)) return say(trouble, "that is no token: it holds printable ASCII alone");
    keep(given);
    dialog.close();
    dialog.remove();
    return resolve();
  };
  const enter = button("Enter", () => {}, { kind: "strong", type: "submit" });
  const dialog = el(
    "dialog",
    { "aria-labelledby": "token-title", oncancel: (event) => event.preventDefault() },
    el(
      "form",
      { onsubmit: done },
      el("h2", { id: "token-title" }, "Who are you?"),
      el("p", { id: "token-hint" }, "This server asks for its API token. It is kept in this tab alone."),
      el("label", { for: "token" }, "API token"),
      field,
      trouble,
      el("p.hint", {}, "ennio dashboard", " opens this page without asking."),
      el("div.buttons", {}, enter),
    ),
  );
  document.body.append(dialog);
  say(trouble, words);
  dialog.showModal();
  field.focus();
}
