"""When the account may use the model again, as claude says it in words."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_LIMIT = re.compile(
    r"usage limit reached|(?:hit|reached) your (?:[\w-]+ ){0,3}limit\b|[\w-]+ limit reached\b"
    r"|out of (?:extra )?usage",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"limit reached\|(\d{9,13})\b")
_RESET = re.compile(
    r"\breset(?:s| at| on)?\s+(?:at |on )?"
    r"(?:(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? (?P<day>\d{1,2})(?:,| at)* )?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s?(?P<half>[ap])\.?m\b\.?"
    r"(?: ?\((?P<zone>[A-Za-z0-9_+/-]{1,40})\))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = 2000


def tells_of_limit(words: str) -> bool:
    """Say whether words tell that the account's limit is reached: short ones, an answer may speak of it too.

    `Claude AI usage limit reached|EPOCH` (claude 1), `You've hit your session limit · resets 3pm
    (Europe/Berlin)` (claude 2), and what is like these.
    """
    return len(words) < _LONGEST and _LIMIT.search(words) is not None


def limited_until(words: str, now: datetime) -> datetime | None:
    """Return the moment that the words name, in UTC; None where they name none.

    A time of day is the next one from `now` on, in the named zone, else in that of this machine.
    """
    words = words[:_LONGEST]
    if match := _EPOCH.search(words):
        return moment(int(match[1]))
    if match := _RESET.search(words):
        return _next(match, now)
    return None


def moment(epoch: object) -> datetime | None:
    """Return the moment so many seconds, or milliseconds, after 1970; None for what is no such number."""
    if isinstance(epoch, bool) or not isinstance(epoch, int | float) or not 0 < epoch < 1e14:
        return None
    return datetime.fromtimestamp(epoch / 1000 if epoch > 1e11 else epoch, UTC)


def _next(match: re.Match[str], now: datetime) -> datetime | None:
    hour = int(match["hour"]) % 12 + (12 if match["half"].lower() == "p" else 0)
    here = now.astimezone(_zone(match["zone"]))
    try:
        then = here.replace(hour=hour, minute=int(match["minute"] or 0), second=0, microsecond=0)
        if match["month"]:
            then = then.replace(month=_MONTHS.index(match["month"].lower()) + 1, day=int(match["day"]))
            if then < here - timedelta(days=1):
                then = then.replace(year=then.year + 1)
        elif then <= here:
            # On the same clock: a day may have 23 or 25 hours.
            then += timedelta(days=1)
        return then.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(name: str | None) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (LookupError, ValueError, OSError):  # No such zone, no name of one, or no zones on this machine.
        return None
