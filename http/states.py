"""What a session may be said to be: the words of its status and activity."""

from typing import Literal

Status = Literal[
    "Spawning",
    "Working",
    "PrDraft",
    "PrOpen",
    "CiPassing",
    "CiFailed",
    "CiFixSent",
    "CiFixFailed",
    "ReviewPending",
    "ChangesRequested",
    "Approved",
    "MergeConflicts",
    "Merged",
    "Done",
    "Exited",
    "Killed",
]
Activity = Literal["Active", "Ready", "Idle", "WaitingInput", "Blocked", "Exited"]
Word = Status | Activity
"""What a session's `status` or `activity` may be."""

OVER = {"Merged", "Done", "Exited", "Killed"}
"""Statuses that stay, unless somebody restores the session."""
