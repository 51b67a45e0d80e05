"""What went wrong with an agent that speaks the Agent Client Protocol, and how its turns end."""

import re
from collections.abc import Iterator

from ...observations import Outcome, TurnEnded, UsageLimited
from .json_lines import mapping, one_line

AUTH_REQUIRED = -32000
"""The error of an agent that nobody has logged in, by the protocol's schema."""

METHOD_NOT_FOUND = -32601
"""JSON-RPC 2.0, section 5.1."""

_LIMIT = re.compile(r"exhausted your (?:daily )?quota|usage limit (?:has been )?reached", re.IGNORECASE)

_FAILURES = {
    "max_tokens": "the model's answer was cut: it is longer than the model may answer",
    "max_turn_requests": "the agent asked its model as often as it may in one turn",
    "refusal": "the model refuses to go on",
}


def ending(reason: object, error: object, *, cancelled: bool) -> TurnEnded:
    """Return how a turn ended that was `cancelled` or not, from the answer to its prompt."""
    # Not all say so when they were cancelled: qwen 0.15.10 answers with the error -32603, "Request was
    # aborted.", and opencode 1.18.33 with `end_turn` when it was waiting to ask its model once more.
    if reason == "cancelled" or (cancelled and (error is not None or reason == "end_turn")):
        return TurnEnded(Outcome.CANCELLED)
    if error is not None:
        return TurnEnded(Outcome.FAILED, said(error))
    if reason == "end_turn":
        return TurnEnded()
    told = one_line(reason, 60) or ""
    return TurnEnded(
        Outcome.FAILED, _FAILURES.get(told) or f"the agent ended its turn with {told or 'no reason'}"
    )


def limit(error: object) -> UsageLimited | None:
    """Return the usage limit of the account that an error tells of; until when, nobody says there.

    gemini 0.61.0: "You have exhausted your daily quota on this model."
    """
    words = said(error)
    return UsageLimited(None, words) if error is not None and _LIMIT.search(words) else None


def said(error: object) -> str:
    """Return the words of a JSON-RPC error, with whatever it tells beside its message."""
    words = list(dict.fromkeys(_words(error)))
    return ": ".join(words) or "it did not say why"


def _words(error: object) -> Iterator[str]:
    told = mapping(error)
    data = told.get("data")
    for part in (
        told.get("message"),
        data,
        *(mapping(data).get(key) for key in ("details", "message", "error")),
    ):
        if words := one_line(part, 500):
            yield words
