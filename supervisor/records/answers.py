"""What was answered to requests that may be repeated."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request with an Idempotency-Key; `content` None: its end is not known.

    `target` is what was asked for, `fingerprint` a digest of the request's body.
    """

    target: str
    key: str
    fingerprint: bytes
    given_at: datetime
    content: bytes | None
