"""What a budget is for, when it starts anew, and how it is told."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .config import Budget
from .dollars import decimals, written
from .ids import ProjectId, SessionId


def covers(budget: Budget, project_id: ProjectId) -> bool:
    """Tell whether what sessions of a project spend counts in a budget. Each session has a `session` one."""
    return budget.scope != "project" or budget.project_id == project_id


def begins(budget: Budget, at: datetime) -> datetime | None:
    """Return when the period began that a moment is in: a day or a month of UTC; None for `total`."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if budget.period == "daily":
        return midnight
    return midnight.replace(day=1) if budget.period == "monthly" else None


def ends(budget: Budget, at: datetime) -> datetime | None:
    """Return when the period is over that a moment is in: the next one begins then. None for `total`."""
    begun = begins(budget, at)
    if begun is None:
        return None
    # A day after the 28th of a month, or four days after, is in the next month: 31 days after its first.
    later = begun + timedelta(days=1 if budget.period == "daily" else 31)
    return begins(budget, later)


_FINEST = 6
"""Decimals to which what was spent is written out, where fewer would make it look like the limit."""


def told(budget: Budget, session_id: SessionId | None = None) -> str:
    """Name a budget: `the daily budget of project app`."""
    whose = {"global": "all projects", "project": f"project {budget.project_id}"}
    of = whose.get(budget.scope, f"session {session_id}" if session_id else "each session")
    return f"the {budget.period} budget of {of}"


def share(budget: Budget, spent: Decimal) -> str:
    """Say what was spent of a budget: `20.13 of 20.00 USD`."""
    limit = budget.limit_usd
    places = decimals(limit)
    if spent != limit and written(spent, places) == written(limit, places):
        places = max(places, min(decimals(spent), _FINEST))
    return f"{written(spent, places)} of {written(limit, places)} USD"


def anew(budget: Budget, at: datetime) -> str:
    """Say what the reader of a refusal can do: wait, or give it more."""
    end = ends(budget, at)
    if end is None:
        return "raise its `limit_usd` to go on"
    return f"it starts anew at {end:%Y-%m-%dT%H:%M:%SZ}"
