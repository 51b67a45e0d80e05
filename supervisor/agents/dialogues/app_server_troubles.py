"""What goes wrong between Codex and its model."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ...observations import Observation, Retrying, UsageLimited
from .json_lines import mapping, text, whole

_LONGEST_WORDS = 2000
_ATTEMPT = re.compile(r"\b(\d{1,6})/(\d{1,6})\b")
_LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
_RESETS_AT = "resets at"


def words_of(error: object) -> str | None:
    """Return an error in words, with what Codex says of it in detail."""
    said = mapping(error)
    message, details = text(said.get("message")), text(said.get("additionalDetails"))
    if message and details and details not in message:
        message = f"{message} ({details})"
    return (message or details or "")[:_LONGEST_WORDS] or None


class Troubles:
    """Reads errors, and knows until when the account may not use the model."""

    def __init__(self) -> None:
        self._resets_at: int | None = None

    def limits(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        """Take in when the used-up windows of the account end. It is told after each step, used up or not."""
        limits = mapping(params.get("rateLimits"))
        windows = [mapping(limits[name]) for name in ("primary", "secondary") if limits.get(name) is not None]
        if windows:
            ends = [
                whole(window.get("resetsAt")) or 0
                for window in windows
                if (whole(window.get("usedPercent")) or 0) >= 100
            ]
            latest = max(ends, default=0)
            self._resets_at = latest if 0 < latest < _LATEST else None
        return ()

    def retried(self, error: object) -> Retrying:
        """Return what an error says after which Codex tries again: `Reconnecting... 2/5`, and why."""
        said = mapping(error)
        count = _ATTEMPT.search((text(said.get("message")) or "")[:_LONGEST_WORDS])
        return Retrying(
            attempt=int(count[1]) if count else None,
            most=int(count[2]) if count else None,
            status=_status(said.get("codexErrorInfo")),
            words=words_of(error),
        )

    def limited(self, error: object) -> Iterable[Observation]:
        """Return whether an error means that the account has used what it may."""
        if mapping(error).get("codexErrorInfo") != "usageLimitExceeded":
            return ()
        until = datetime.fromtimestamp(self._resets_at, UTC) if self._resets_at else None
        return (UsageLimited(until, words_of(error) or "the usage limit of the account is reached"),)

    def memory(self) -> dict[str, int | None]:
        """Return what has to be known after a restart."""
        return {_RESETS_AT: self._resets_at}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from `memory`."""
        resets_at = whole(memory.get(_RESETS_AT)) or 0
        self._resets_at = resets_at if 0 < resets_at < _LATEST else None


def _status(info: object) -> int | None:
    """Return the status of HTTP out of `{"responseStreamDisconnected": {"httpStatusCode": 502}}`."""
    codes = (whole(mapping(cause).get("httpStatusCode")) for cause in mapping(info).values())
    return next((code for code in codes if code is not None), None)
