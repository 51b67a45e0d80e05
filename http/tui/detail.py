"""All that is to be known of the selected session, what presses first."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from textual.content import Content

from ..commands.money import dollars
from ..shapes import Approval, Session, Why
from .groups import standing
from .known import Row
from .plain import block, line
from .words import TONES, doing, look

_SEEN = 12
"""So much of what was seen is shown, the latest first."""
_LONGEST = 4000
"""Characters of what an agent asks for that are shown."""
_NAME = 10


class Shown(NamedTuple):
    """What the page of a session is made of; `why` is None while it is not known."""

    row: Row
    approvals: Sequence[Approval]
    why: Why | None


def page(shown: Shown) -> Content:
    """Return the page of a session. Nothing in it is markup."""
    parts = [_head(shown.row), *_urgent(shown), Content(""), *_facts(shown.row.session)]
    if shown.why is not None:
        parts += [Content(""), *_evidence(shown.why)]
    return Content("\n").join(parts)


def _head(row: Row) -> Content:
    word, sign, tone = look(row.session["status"])
    head = Content.assemble(
        Content.styled(line(row.session["id"]), "bold"),
        "  ",
        Content.styled(f"{sign} {line(word)}", TONES[tone]),
        Content.styled(f"  {line(doing(row.session['activity']))}", TONES["grey"]),
    )
    return Content("\n").join([head, Content(row.title)]) if row.title else head


def _urgent(shown: Shown) -> Iterator[Content]:
    """Yield what a human is needed for, or what goes on."""
    place = shown.row.place
    if place.why and not shown.approvals:
        urgent = place.group == "needs"
        yield Content.styled(f"{'! ' if urgent else ''}{place.why}", TONES["amber" if urgent else "grey"])
    for number, asked in enumerate(shown.approvals):
        yield Content("")
        yield Content.styled(f"! asks for {line(asked['tool'])}: {line(asked['summary'])}", TONES["amber"])
        if not number:
            yield Content(_written(asked["input"]))
            words = f"a allows it, d denies it; denied at {_moment(asked['deadline'])}"
            yield Content.styled(words, TONES["grey"])


def _written(given: Any) -> str:
    """Return what an agent says of what it asks for, as lines."""
    if isinstance(given, dict):
        pairs = ((key, each if isinstance(each, str) else json.dumps(each)) for key, each in given.items())
        text = "\n".join(f"{line(str(key))}: {each}" for key, each in pairs)
    else:
        text = given if isinstance(given, str) else json.dumps(given, indent=2)
    text = block(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…\n(cut: there is more of it)"


def _facts(session: Session) -> Iterator[Content]:
    for name, text in _pairs(session):
        if text:
            yield Content.assemble(Content.styled(name.ljust(_NAME), TONES["grey"]), line(text))


def _pairs(session: Session) -> Iterator[tuple[str, str | None]]:
    pull = session.get("pull_request")
    yield "project", session["project_id"]
    yield "issue", _issue(session)
    yield "branch", session["branch"]
    yield "begun at", _begun(session)
    yield "careful", session.get("base_warning")
    if pull:
        yield "PR", f"#{pull['number']} {pull['title']}"
        yield "", pull["url"]
        yield "CI", f"{pull['ci']}{': ' if pull['failing'] else ''}{', '.join(pull['failing'])}"
        yield "review", (pull["review"] or ("asked" if pull["review_asked"] else "none")).replace("_", " ")
        yield "state", "draft" if pull["draft"] else pull["state"]
        yield "in short", standing(pull)
    else:
        yield "PR", session["pr_url"]
    yield "code host", session.get("host_trouble")
    yield "agent", ", ".join(filter(None, (session["agent_name"], session.get("model"))))
    yield "role", session.get("role")
    yield "spend", _spent(session)
    yield "held until", session.get("held_until")
    yield "reason", session.get("reason")
    yield "workspace", session.get("workspace_path")
    yield "terminal", session.get("attach")


def _issue(session: Session) -> str:
    id = session.get("issue_id") or ""
    return " ".join(filter(None, (f"#{id}" if id.isdecimal() else id, session.get("issue_title"))))


def _begun(session: Session) -> str:
    commit, ref = session.get("base_commit"), session.get("base_ref") or ""
    where = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    return f"{commit[:12]}{f' of {where}' if where else ''}" if commit else ""


def _spent(session: Session) -> str:
    tokens = f"{session.get('tokens_in', 0):,} tokens in, {session.get('tokens_out', 0):,} out"
    notes = [
        "estimated" if session.get("cost_is_estimated") else "",
        "" if session.get("cost_is_complete", True) else "some of it is not priced",
    ]
    return "; ".join(filter(None, [f"{dollars(session.get('cost_usd', '0'))} USD for {tokens}", *notes]))


def _evidence(why: Why) -> Iterator[Content]:
    yield Content.styled("what was seen", "bold")
    if reason := why["status_reason"]:
        yield Content(line(reason))
    for seen in reversed(why["evidence"][-_SEEN:]):
        yield Content.assemble(Content.styled(f"{_moment(seen['at'])}  ", TONES["grey"]), line(seen["what"]))


def _moment(text: str) -> str:
    """Return the time of day of a moment, by the reader's clock."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return line(text)
