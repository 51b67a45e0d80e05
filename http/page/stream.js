// Server-Sent Events by fetch, which can carry a token as EventSource cannot; after
// https://html.spec.whatwg.org/multipage/server-sent-events.html. A stream that breaks is taken up again.

import * as token from "./token.js";

const FIRST_WAIT = 500; // milliseconds before it is tried again, doubled each time
const LONGEST_WAIT = 10_000;
const SILENCE = 40_000; // the server says something every 15 s: after this, nobody is there

/** Takes text in pieces, cut anywhere, and calls `heard({id, type, data})` for each whole event. */
export class Parser {
  constructor(heard) {
    this.heard = heard;
    this.rest = "";
    this.id = "";
    this.forget();
  }

  forget() {
    this.type = "";
    this.lines = [];
  }

  feed(text) {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    lines.forEach((line) => this.line(line));
  }

  line(line) {
    if (line === "") return this.end();
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (name === "data") this.lines.push(value);
    else if (name === "event") this.type = value;
    else if (name === "id" && !value.includes("\0")) this.id = value;
    return undefined;
  }

  end() {
    const { type, lines, id } = this;
    this.forget();
    if (lines.length) this.heard({ id, type: type || "message", data: lines.join("\n") });
  }
}

/**
 * Follow a stream until it is closed. `tell` may have:
 * `opened()` each time it begins, `heard({id, type, data})`, and `state(word, seconds)`, which is `connecting`,
 * `live`, `lost` (tried again in so many seconds) or `gone` (there is no such stream, and it is over).
 */
export class Stream {
  constructor(path, tell, after = "") {
    this.path = path;
    this.tell = tell;
    this.after = after;
    this.closed = false;
    this.run();
  }

  close() {
    this.closed = true;
    this.request?.abort();
    this.wake?.();
  }

  /** Try again now. */
  retry() {
    this.wake?.();
  }

  async run() {
    let wait = FIRST_WAIT;
    while (!this.closed) {
      this.tell.state?.("connecting");
      const outcome = await this.once(() => (wait = FIRST_WAIT)).catch(() => "lost");
      if (this.closed) return;
      if (outcome === "gone") return this.tell.state?.("gone");
      if (outcome === "again") continue;
      this.tell.state?.("lost", Math.ceil(wait / 1000));
      await new Promise((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, wait * (0.8 + Math.random() * 0.4)); // not all pages at the same moment
      });
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }

  /** Read the stream once to its end; throws when it breaks. */
  async once(lives) {
    this.request = new AbortController();
    const headers = token.headers();
    if (this.after) headers["Last-Event-ID"] = this.after;
    const given = token.current();
    const watch = this.watchdog();
    try {
      const response = await fetch(`/api/v1${this.path}`, {
        headers,
        signal: this.request.signal,
        cache: "no-store",
        credentials: "omit",
      });
      if (response.status === 401) {
        watch.stop();
        await token.renew(given, (await response.json().catch(() => null))?.error ?? "");
        return "again";
      }
      if (response.status === 404 || response.status === 400) return "gone";
      if (!response.ok) return "lost";
      lives();
      this.tell.state?.("live");
      this.tell.opened?.();
      await this.read(response.body.getReader(), watch);
      return "lost";
    } finally {
      watch.stop();
    }
  }

  async read(reader, watch) {
    const parser = new Parser((event) => {
      if (event.id) this.after = event.id;
      if (!this.closed) guarded(() => this.tell.heard(event));
    });
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watch.start();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  watchdog() {
    const { request } = this;
    let timer;
    const stop = () => clearTimeout(timer);
    const start = () => {
      stop();
      timer = setTimeout(() => request.abort(), SILENCE);
    };
    start();
    return { start, stop };
  }
}

function guarded(act) {
  try {
    act();
  } catch (error) {
    reportError(error); // a fault of the page is no fault of the stream
  }
}
