"""What holds for the whole API, for those who read its description."""

INTRODUCTION = """\
ennio supervises AI coding agents: each session is one agent at work in a workspace and on a branch of its
own.

**Answers.** A success is `{"data": ...}`, an error `{"error": "...", "code": 404}`. The words are for
people: tell errors apart by the status. Every answer carries `X-Content-Type-Options`, `X-Frame-Options`,
`Content-Security-Policy`, `Referrer-Policy` and `Cache-Control`.

**Refusals.** A request that is wrong in several ways is refused for what comes first here: 403, 503, 401,
404 or 405, 413, 415, 400, 402, 429, 409; each operation lists its own in this order. A path that does not
exist is a 404, also with a slash at its end. A method that a path does not know is a 405, with `Allow`.
There are no redirects. Every `GET` also answers `HEAD`, and every path `OPTIONS`.

**Requests.** A body is a JSON object in UTF-8 with `Content-Type: application/json`, uncompressed, of at
most 1 MiB. It is read strictly: unknown fields, `null` for a text, keys given twice, `NaN`, NUL or half a
surrogate pair in a text, and nesting deeper than 32 levels are each a 400. A parameter may be given once;
unknown ones are ignored.

**Getting in.** `Authorization: Bearer TOKEN`, with `api_token` of the configuration, where it has one. An
agent that may supervise others has a token of its own, which is good for less, and else a 403. A Host that
is not this server is a 403, and so is a change that a page of a foreign origin wants. Pages of other
origins may ask where `cors_origins` is configured, and with the request headers Authorization,
Content-Type, Idempotency-Key and Last-Event-ID.

**Streams** are Server-Sent Events. Whoever hears nothing for longer than 15 seconds should connect anew,
with the last `id` as `Last-Event-ID`.

**Screens.** `GET /api/v1/sessions/{session}/screen` is a WebSocket, which this format cannot describe: the
terminal of an agent with the runtime `tmux`, and its keyboard. Offer the subprotocols `ennio` and
`ennio.token.` followed by the token in base64url without padding. The server sends `{"html", "title",
"cols", "rows", "cursor"}` whenever the screen looks different; what the client sends is typed: `{"keys":
"text"}` or `{"key": "Enter"}`.
"""
