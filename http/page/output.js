// What an agent says, followed as it comes. It is text, whatever stands in it; and there is an end to how much of
// it the document holds.

import { at } from "./api.js";
import { button, el, say, show } from "./dom.js";
import { Stream } from "./stream.js";

const MOST = 400_000; // characters that are held; older ones go
const BLOCK = 4000; // characters after which a new block begins, so that little is laid out anew
const NEAR = 24; // pixels from the end that still count as the end
// what agents paint for terminals: ECMA-48 control sequences, and operating system commands
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** Follows the output of a session in `root`. */
export class Output {
  #pending = "";
  #held = 0;
  #frame = 0;
  #stream = null;
  #cursor = "";
  #follows = true;
  #top = 0;

  constructor(id) {
    this.id = id;
    this.text = el("pre.output", { tabindex: "0", role: "region", "aria-label": "What the agent says" });
    this.end = button("↓ Follow", () => this.follow(), { kind: "jump", hidden: true });
    this.state = el("p.state", { role: "status" });
    this.root = el("div.following", {}, this.text, this.end, this.state);
    new ResizeObserver(() => this.#follows && this.#toEnd()).observe(this.text);
    this.text.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  /** Begin, or go on from where it was. */
  open() {
    this.#stream ??= new Stream(at(this.id, "/output/stream"), {
      heard: (event) => this.#heard(event),
      state: (word, seconds) => this.#tell(word, seconds),
    }, this.#cursor);
    if (this.#follows) this.#toEnd();
  }

  close() {
    this.#stream?.close();
    this.#stream = null;
  }

  /** Go to the end, and stay there. */
  follow() {
    this.#follows = true;
    show(this.end, false);
    this.#toEnd();
    this.text.focus({ preventScroll: true });
  }

  #tell(word, seconds) {
    const words = { lost: `The output broke off; again in ${seconds} s.`, gone: "There is no more of it." };
    say(this.state, words[word] ?? "");
  }

  #heard({ id, data }) {
    const { text, truncated } = JSON.parse(data);
    this.#cursor = id;
    const gap = truncated && (this.#held || this.#pending) ? "\n[some of the output was dropped]\n" : "";
    this.#pending = (this.#pending + gap + text).slice(-MOST);
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    const words = plain(this.#pending);
    this.#pending = "";
    for (let start = 0; start < words.length; ) start = this.#append(words, start);
    this.#drop();
    if (this.#follows) this.#toEnd();
  }

  /** Add what fits in the last block; whole lines where it can be. Returns where to go on. */
  #append(words, start) {
    const { firstChild: last } = this.text.lastElementChild ?? this.#block();
    let end = start + Math.max(BLOCK - last.length, 0);
    if (end < words.length) {
      const line = words.indexOf("\n", end);
      const most = start + 2 * BLOCK - last.length;
      end = line >= 0 && line < most ? line + 1 : whole(words, most);
    }
    const piece = words.slice(start, end);
    last.appendData(piece);
    this.#held += piece.length;
    if (last.length >= 2 * BLOCK || (last.length >= BLOCK && piece.endsWith("\n"))) this.#block();
    return Math.min(end, words.length);
  }

  #block() {
    const made = el("span.block");
    made.append(document.createTextNode(""));
    this.text.append(made);
    return made;
  }

  #drop() {
    if (this.#held <= MOST) return;
    const { scrollHeight } = this.text;
    while (this.#held > MOST && this.text.childElementCount > 1) {
      this.#held -= this.text.firstElementChild.firstChild.length;
      this.text.firstElementChild.remove();
    }
    if (this.#follows) return;
    this.text.scrollTop -= scrollHeight - this.text.scrollHeight; // the reader's lines stay where they are
    this.#top = this.text.scrollTop;
  }

  #toEnd() {
    this.text.scrollTop = this.text.scrollHeight;
    this.#top = this.text.scrollTop;
  }

  /** Upward, only a reader scrolls; what is above can also become less, and the room larger or smaller. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.text;
    if (!clientHeight) return; // it is hidden
    if (scrollHeight - scrollTop - clientHeight <= NEAR) this.#follows = true;
    else if (scrollTop < this.#top) this.#follows = false;
    this.#top = scrollTop;
    show(this.end, !this.#follows);
  }
}

/** Return text without what only a terminal can show; a lone carriage return begins a line. */
export function plain(text) {
  return text.replace(ESCAPES, "").replace(/\r\n?/g, "\n");
}

/** Not between the two halves of a character. */
function whole(text, end) {
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code < 0xdc00 ? end + 1 : end;
}
