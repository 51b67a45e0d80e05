"""How things are called and coloured: statuses, activities, groups. A colour never stands alone."""

from typing import NamedTuple

from ..commands.money import dollars


class Look(NamedTuple):
    """A word, the sign that goes with it, and the tone of both."""

    word: str
    sign: str
    tone: str


TONES = {
    "blue": "#6cb6ff",
    "purple": "#c9a0ff",
    "green": "#6fcf7f",
    "red": "#ff8a80",
    "amber": "#f0c14b",
    "orange": "#ffa657",
    "grey": "#a0a8b0",
}
"""Colours that can be read on a dark ground."""

STATUSES = {
    "Spawning": Look("starting", "◌", "blue"),
    "Working": Look("working", "●", "blue"),
    "PrDraft": Look("draft PR", "◇", "purple"),
    "PrOpen": Look("PR open", "◆", "purple"),
    "CiPassing": Look("CI passing", "✓", "green"),
    "CiFailed": Look("CI failed", "✕", "red"),
    "CiFixSent": Look("CI fix sent", "↻", "amber"),
    "CiFixFailed": Look("CI fix failed", "✕", "red"),
    "ReviewPending": Look("in review", "◔", "amber"),
    "ChangesRequested": Look("changes asked", "±", "orange"),
    "Approved": Look("approved", "✓", "green"),
    "MergeConflicts": Look("conflicts", "≠", "orange"),
    "Merged": Look("merged", "■", "grey"),
    "Done": Look("done", "■", "grey"),
    "Exited": Look("exited", "✕", "red"),
    "Killed": Look("killed", "□", "grey"),
}

ACTIVITIES = {
    "Active": "at work",
    "Ready": "ready",
    "Idle": "idle",
    "WaitingInput": "waits for you",
    "Blocked": "blocked",
    "Exited": "no agent runs",
}

GROUPS = {
    "needs": Look("Needs you", "!", "amber"),
    "working": Look("Working", "●", "blue"),
    "ended": Look("Ended", "■", "grey"),
}
"""The groups of the list, in the order in which they are shown."""

EMPTY = {"needs": "Nothing needs you.", "working": "Nobody is at work.", "ended": "None has ended yet."}

CI = {"pending": "CI runs", "passing": "CI passes", "failing": "CI fails"}
REVIEW = {"approved": "approved", "changes_requested": "changes asked"}


def look(status: str) -> Look:
    """Return the look of a status, also of one that a newer server may have."""
    return STATUSES.get(status) or Look(status, "?", "grey")


def doing(activity: str | None) -> str:
    """Return what an agent does, in words; nothing while it is not known."""
    return ACTIVITIES.get(activity, activity) if activity else ""


def cost(amount: str) -> str:
    """Return what something has cost, for a column; nothing for nothing."""
    if not amount.strip("0."):
        return ""
    whole, _, cents = dollars(amount).partition(".")
    return f"${whole}.{cents[:2]}" if whole.strip("0") or cents[:2].strip("0") else "<$0.01"
