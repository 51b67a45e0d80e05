"""How often a host lets itself be asked, as its answers tell."""

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

import trio

FAMILIES = ("x-ratelimit-", "ratelimit-", "x-ratelimit-requests-")
"""What the headers begin with: GitHub's, GitLab's, Linear's.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
https://linear.app/developers/rate-limiting
"""

LONGEST = 3600.0
"""Seconds that a host is believed at most: GitHub's limit, the longest of them, begins anew each hour."""

UNSAID = 30.0
"""Seconds of rest when a host has had enough and does not say for how long."""

SECONDARY = 60.0
"""The same at GitHub's secondary limit, whose documentation asks for at least a minute."""


class Pace:
    """When one host may be asked again. Times are of trio's clock; `clock` tells seconds since the epoch."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._closed_until = self._sparing_until = 0.0

    @property
    def closed(self) -> float:
        """Seconds in which it takes no requests; 0: it takes them."""
        return max(0.0, self._closed_until - trio.current_time())

    @property
    def wait(self) -> float:
        """Seconds until it should be asked without need; until then the rest is for what is needed."""
        return max(self.closed, self._sparing_until - trio.current_time(), 0.0)

    def note(self, headers: Mapping[str, str]) -> None:
        """Take in what an answer says of the limits. What is missing or makes no sense is no limit."""
        limit, remaining, reset = self._limits(headers)
        if remaining is None or reset is None or reset <= 0.0:
            self._sparing_until = 0.0
            return
        self._sparing_until = trio.current_time() + reset if remaining < reserve(limit) else 0.0
        if remaining <= 0:
            self.rest(reset)

    def rest(self, seconds: float) -> None:
        """Ask nothing for this long."""
        self._closed_until = max(self._closed_until, trio.current_time() + min(seconds, LONGEST))

    def refused(self, status: int, headers: Mapping[str, str], words: str) -> float | None:
        """Return for how many seconds the host is closed by this answer; None: it is about something else."""
        if status not in {403, 429}:
            return None
        after = self._retry_after(headers)
        _, remaining, reset = self._limits(headers)
        secondary = "rate limit" in words.lower()
        if status == 403 and after is None and remaining != 0 and not secondary:
            return None
        if after is None:
            after = SECONDARY if secondary else UNSAID
            if remaining == 0 and reset is not None and reset > 0.0:
                after = reset
        self.rest(max(after, 1.0))
        return self.closed

    def _limits(self, headers: Mapping[str, str]) -> tuple[int | None, int | None, float | None]:
        """Return the limit, what remains of it, and in how many seconds it begins anew."""
        for family in FAMILIES:
            remaining = _whole(headers.get(f"{family}remaining"))
            if remaining is not None:
                reset = _whole(headers.get(f"{family}reset"))
                seconds = None if reset is None else self._until(reset, headers)
                return _whole(headers.get(f"{family}limit")), remaining, seconds
        return None, None, None

    def _until(self, reset: int, headers: Mapping[str, str]) -> float:
        """Return the seconds until `reset`, which is in seconds or milliseconds since the epoch, or from now.

        It is held against the host's own clock where it tells that one.
        """
        if reset < 10**8:
            return min(float(reset), LONGEST)
        epoch = reset / 1000 if reset > 10**11 else float(reset)
        return min(epoch - self._now(headers), LONGEST)

    def _now(self, headers: Mapping[str, str]) -> float:
        return _date(headers.get("date")) or self._clock()

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        given = headers.get("retry-after")
        seconds = _whole(given)
        if seconds is not None:
            return float(min(seconds, int(LONGEST)))
        date = _date(given)
        return None if date is None else date - self._now(headers)


def reserve(limit: int | None) -> int:
    """Return how many requests are left for what is needed, never more than half of what there is."""
    return 50 if limit is None else min(max(50, limit // 10), limit // 2)


def _whole(given: str | None) -> int | None:
    given = (given or "").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None


def _date(given: str | None) -> float | None:
    try:
        return parsedate_to_datetime(given or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
