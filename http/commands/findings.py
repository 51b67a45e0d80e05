"""What a look at this machine can find."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How much a finding matters: nothing to do, better mended, ennio does not work without."""

    OK = "ok"
    MIND = "mind"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found, and what to do about it."""

    check: str
    verdict: Verdict
    says: str
