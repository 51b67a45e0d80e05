"""What people, bots and GitLab itself noted on a merge request.

https://docs.gitlab.com/api/notes/#list-all-merge-request-notes
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...records import Comment
from ..fields import mapping, moment, number, part, text, words

APPROVED, REQUESTED = "approved this merge request", "requested changes"
VERDICTS = frozenset({APPROVED, "unapproved this merge request", REQUESTED})
"""What GitLab notes when somebody decides: approvals and requests have no commit, but these have a time.

https://docs.gitlab.com/user/project/system_notes/
"""

_BOT = re.compile(
    r"(?:project|group)_\d+_bot(?:_?\w+)?|service_account_\w+|gitlabduo|.*\[bot\]", re.IGNORECASE
)
"""Access tokens of projects and groups, and service accounts. Whoever merely calls itself a bot is none.

https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
https://docs.gitlab.com/user/profile/service_accounts/
"""


@dataclass(frozen=True, slots=True)
class Note:
    """A note; `system`: GitLab wrote it of what the author did. `path` and `line`: what it is about."""

    id: int
    author: str
    bot: bool
    body: str
    at: datetime
    system: bool
    path: str | None
    line: int | None

    def comment(self, review: str | None) -> Comment:
        """Return it as a comment, of this review."""
        return Comment(
            f"note-{self.id}", self.author, self.bot, self.body, self.at, self.path, self.line, review
        )


def read_notes(raw: Iterable[Any]) -> list[Note]:
    """Return all notes, the oldest first."""
    return sorted(map(_note, raw), key=lambda note: (note.at, note.id))


def by_user(notes: Iterable[Note], user: str) -> list[Note]:
    """Return the notes of one user, in their order."""
    return [note for note in notes if note.author.lower() == user.lower()]


def when(of: Mapping[str, Any], key: str) -> datetime:
    """Return a time that must be there."""
    at = moment(of, key)
    if at is None:
        raise KeyError(key)
    return at


def _note(raw: Any) -> Note:
    told = mapping(raw)
    author, position = part(told, "author"), part(told, "position")
    name = text(author, "username")
    return Note(
        id=number(told, "id"),
        author=name,
        bot=author.get("bot") is True or bool(_BOT.fullmatch(name)),
        body=words(told, "body"),
        at=when(told, "created_at"),
        system=told.get("system") is True,
        path=words(position, "new_path") or words(position, "old_path") or None,
        line=_line(position),
    )


def _line(position: Mapping[str, Any]) -> int | None:
    """Return the line as it is after the change, or that of what was taken away."""
    key = "old_line" if position.get("new_line") is None else "new_line"
    return None if position.get(key) is None else number(position, key)
