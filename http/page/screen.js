// The screen of an agent that runs in a terminal, live, and what is typed into it.

import { at } from "./api.js";
import { button, el, put, say } from "./dom.js";
import { linesOf, nodesOf } from "./markup.js";
import * as token from "./token.js";
import { keyOf, keysOf } from "./typing.js";

const AGAIN = 1500;
const BUTTONS = ["Enter", "Escape", "Up", "Down", "Tab", "C-c"];

/** Shows the screen of a session in `root` while it is open. */
export class Screen {
  #socket = null;
  #lines = [];
  #open = false;
  #timer = 0;

  constructor(id) {
    this.id = id;
    this.title = el("p.title");
    this.state = el("p.state", { role: "status" });
    this.cursor = el("span.cursor", { "aria-hidden": "true" });
    this.text = el("pre.screen", {
      tabindex: "0",
      role: "application",
      "aria-label": "Terminal of the agent: keys are sent to it",
      "aria-describedby": "screen-hint",
      onkeydown: (event) => this.#typed(event),
      onpaste: (event) => this.#pasted(event),
    });
    const keys = BUTTONS.map((key) => button(key, () => this.#send({ key }), { name: `Press ${key}` }));
    const hint = el("p.hint", { id: "screen-hint" }, "Click or Tab into it to type. F6 or Ctrl+] leaves it.");
    this.leave = el("div.buttons", {}, ...keys);
    this.root = el("div.terminal", {}, this.title, el("div.frame", {}, this.text), this.leave, hint, this.state);
  }

  open() {
    this.#open = true;
    if (!this.#socket) this.#connect();
  }

  close() {
    this.#open = false;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  #connect() {
    const url = new URL(`/api/v1${at(this.id, "/screen")}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url, token.subprotocols());
    this.#socket = socket;
    socket.onopen = () => say(this.state, "");
    socket.onmessage = ({ data }) => this.#draw(JSON.parse(data));
    socket.onclose = ({ reason }) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (!this.#open) return;
      say(this.state, reason || "The screen is not there now; it is looked for again.");
      this.#timer = setTimeout(() => this.#open && this.#connect(), AGAIN);
    };
  }

  #draw({ html, title, cols, rows, cursor }) {
    const lines = linesOf(html).slice(0, Math.max(rows, 1));
    say(this.title, title);
    this.text.style.setProperty("--cols", cols);
    while (this.text.children.length > lines.length) this.text.lastElementChild.remove();
    while (this.text.children.length < lines.length) this.text.append(el("div"));
    lines.forEach((line, index) => {
      if (line !== this.#lines[index]) this.text.children[index].replaceChildren(nodesOf(line));
    });
    this.#lines = lines;
    if (cursor) this.#point(cursor, lines);
  }

  #point([column, row], lines) {
    this.cursor.style.setProperty("--column", column);
    const line = this.text.children[row];
    if (line && row < lines.length) line.append(this.cursor);
    this.#lines[row] = undefined; // that line has the cursor in it: it is drawn anew next time
  }

  #typed(event) {
    if (event.key === "F6" || (event.ctrlKey && event.key === "]")) {
      event.preventDefault();
      this.leave.querySelector("button").focus();
      return;
    }
    const wanted = event.isComposing ? null : keyOf(event);
    if (!wanted || (wanted.key === "C-c" && !getSelection().isCollapsed) || wanted.key === "C-v") return; // copy, paste
    event.preventDefault();
    event.stopPropagation();
    this.#send(wanted);
  }

  #pasted(event) {
    event.preventDefault();
    keysOf(event.clipboardData.getData("text/plain")).forEach((wanted) => this.#send(wanted));
  }

  #send(wanted) {
    const open = this.#socket?.readyState === WebSocket.OPEN;
    if (open) this.#socket.send(JSON.stringify(wanted));
    put(this.root, "data-off", !open);
    if (!open) say(this.state, "Not sent: the screen is not there now.");
  }
}
