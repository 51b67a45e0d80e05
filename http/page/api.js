// Asking the server: JSON there and back, and every refusal in its own words.

import * as token from "./token.js";

/** The server, or the way to it, said no. `status` is HTTP's, 0 where nobody answered. */
export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/** Return the `data` of the answer. A 401 asks for the token, and then asks again. Throws `Refused`. */
export async function ask(method, path, { body, key, signal } = {}) {
  for (;;) {
    const given = token.current();
    const response = await sent(method, path, { body, key, signal });
    const answer = await response.json().catch(() => null);
    if (response.status === 401) {
      await token.renew(given, answer?.error ?? "");
      continue;
    }
    if (response.ok && answer && "data" in answer) return answer.data;
    throw new Refused(response.status, answer?.error ?? `the server answered with HTTP ${response.status}`);
  }
}

async function sent(method, path, { body, key, signal }) {
  const headers = token.headers();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, "the server cannot be reached: it is gone, or the way to it is");
  }
}

/** Return the path of a session, or of something of it. */
export const at = (id, rest = "") => `/sessions/${encodeURIComponent(id)}${rest}`;

/** Return a key under which something is done once, however often it is asked for. */
export function newKey() {
  const random = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is missing where there is no TLS
  return [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
