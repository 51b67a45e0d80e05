"""How answers look: a table for people, JSON for programs."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ..shapes import Event, Session
from .money import dollars
from .pulls import in_full, in_short
from .terminal import one_line

_MOST_EVENTS = 20
_COUNTERS = (
    *("turns", "tokens_in", "tokens_out", "cost_usd", "cost_is_estimated", "cost_is_complete"),
    *("approvals", "pr_number", "notices_waiting"),
)


def as_json(data: Any, indent: int | None = 2) -> str:
    """Write JSON in plain ASCII: safe for every terminal, locale and pipe."""
    return json.dumps(data, indent=indent)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write rows under their headers, each column as wide as its widest cell."""
    cells = [list(headers), *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
    return "\n".join(lines)


def sessions_table(sessions: Sequence[Session]) -> str:
    """Write one line a session, with its pull request where any has one."""
    headers = ["ID", "PROJECT", "STATUS", "ACTIVITY", "AGE", "AGENT", "BRANCH"]
    rows = [_session_row(s) for s in sessions]
    if any(s["pr_url"] for s in sessions):
        headers.append("PULL REQUEST")
        rows = [[*row, in_short(s)] for row, s in zip(rows, sessions, strict=True)]
    return table(headers, rows)


def _session_row(session: Session) -> list[str]:
    known = (session["id"], session["project_id"], session["status"], session["activity"])
    more = (age(session.get("created_at")), session["agent_name"], session["branch"])
    return [cell or "-" for cell in known + more]


def session_page(session: Session, history: Sequence[Event] = ()) -> str:
    """Write all that is known of a session, and the last of what happened to it."""
    known = {name: value for name, value in _in_words(session).items() if value not in (None, "")}
    width = max(map(len, known))
    lines = [f"{name:<{width}}  {one_line(str(value))}" for name, value in known.items()]
    if history:
        all = f" (the last {_MOST_EVENTS}; `ennio events {one_line(session['id'])}` has all)"
        lines += ["", f"what happened to it{all if len(history) > _MOST_EVENTS else ''}:"]
        lines += [f"  {one_line(e['timestamp'])}  {one_line(e['message'])}" for e in history[-_MOST_EVENTS:]]
    return "\n".join(lines)


def _in_words(session: Session) -> dict[str, object]:
    """Return a session with its counters as two sentences: what it used, and what that cost."""
    words: dict[str, object] = {name: value for name, value in session.items() if name not in _COUNTERS}
    tokens_in, tokens_out = session.get("tokens_in", 0), session.get("tokens_out", 0)
    if turns := session.get("turns"):
        words["turns"] = turns
    if tokens_in or tokens_out:
        words["usage"] = f"{tokens_in} tokens in, {tokens_out} out"
    cost, complete = session.get("cost_usd", "0"), session.get("cost_is_complete", True)
    if cost.strip("0.") or not complete:
        how = ["estimated"] if session.get("cost_is_estimated") else []
        how += [] if complete else ["what some of it costs is not known"]
        words["cost"] = f"{dollars(cost)} USD" + (f" ({', '.join(how)})" if how else "")
    if pull := session.get("pull_request"):
        words["pull_request"] = in_full(pull)
    if notices := session.get("notices_waiting"):
        words["notices"] = f"{notices} still to be given to notifiers"
    if waits := session.get("approvals"):
        words["approvals"] = f"waits for {waits}; `ennio approvals {session['id']}` lists them"
    return words


def age(created_at: str | None, now: datetime | None = None) -> str:
    """Return how long ago that was, in one unit: `12s`, `3m`, `4h`, `2d`."""
    if created_at is None:
        return "-"
    seconds = int(((now or datetime.now(UTC)) - datetime.fromisoformat(created_at)).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"
