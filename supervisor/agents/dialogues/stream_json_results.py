"""How a turn of stream-json ended, as its `result` message tells it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...observations import Outcome, UsageLimited
from .json_lines import mapping, text, whole
from .usage_limits import limited_until, moment, tells_of_limit

_API_ERROR = re.compile(r"\A\s*\[API Error: |\[API Error: [^\]]{0,1000}\]\s*\Z")
_LONGEST_TAIL = 1100
_LONGEST_WORDS = 2000
_ERRORS = 20


def outcome_of(result: Mapping[str, Any], *, interrupted: bool = False) -> Outcome:
    """Return how the turn ended.

    An interrupt, ours or a signal, shows as `error_during_execution` (seen with claude 2.1.197). qwen tells
    of failures as of successes, whose answer begins or ends with `[API Error: ...]` (seen with 0.15.10).
    """
    subtype = result.get("subtype")
    reason = text(result.get("terminal_reason")) or ""
    if subtype == "error_during_execution" and (interrupted or reason.startswith("aborted")):
        return Outcome.CANCELLED
    if subtype != "success" or result.get("is_error") is True:
        return Outcome.FAILED
    # claude says why a turn ended; an answer of its that ends so speaks of such an error.
    words = text(result.get("result")) or ""
    if not reason and (_API_ERROR.match(words) or _API_ERROR.search(words[-_LONGEST_TAIL:])):
        return Outcome.FAILED
    return Outcome.OK


def failure_of(result: Mapping[str, Any]) -> str:
    """Return why a turn failed, in words."""
    errors = result.get("errors")
    said = [*(errors[:_ERRORS] if isinstance(errors, list) else []), result.get("result")]
    parts = [words for each in said if (words := text(each))]
    if (subtype := text(result.get("subtype"))) and subtype != "success":
        parts.insert(0, subtype)
    if status := whole(result.get("api_error_status")):
        parts.append(f"HTTP {status}")
    return ": ".join(parts)[:_LONGEST_WORDS] or "the agent does not say why"


_NOT_THE_LIMIT = "not your usage limit"
"""What claude 2.1.197 says of a server that has too much to do, after an event that looks like a limit."""


class AccountLimit:
    """Whether the account is at its limit: what a `rate_limit_event` has said, and what a result says.

    Such an event alone is no news: the agent may go on, with another model or with usage that is paid for.
    """

    def __init__(self) -> None:
        self.reached = False
        self.until: datetime | None = None

    def event(self, message: Mapping[str, Any]) -> None:
        """Take a `rate_limit_event`; any but a rejection takes the last one back."""
        told = mapping(message.get("rate_limit_info"))
        self.reached = told.get("status") == "rejected" and told.get("isUsingOverage") is not True
        self.until = moment(told.get("resetsAt")) if self.reached else None

    def result(self, result: Mapping[str, Any], now: datetime) -> UsageLimited | None:
        """Return the limit that a turn, if it failed, has run into; the next turn begins afresh."""
        words, reached, until = failure_of(result), self.reached, self.until
        self.reached, self.until = False, None
        if (text(result.get("subtype")) or "").startswith("error_max") or _NOT_THE_LIMIT in words:
            return None
        if reached or tells_of_limit(words):
            return UsageLimited(until or limited_until(words, now), words)
        return None
