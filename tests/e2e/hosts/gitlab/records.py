"""What a small GitLab keeps: users, notes, pipelines with jobs, issues."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from ..replies import Json


def moment(at: datetime | None) -> str | None:
    """Return a time as GitLab writes it: in milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z" if at else None


def user(name: str) -> Json:
    """Return an account. Bots have none of their own kind here: their names say it, as project_1_bot_2f."""
    return {
        "id": int(hashlib.sha256(name.encode()).hexdigest()[:7], 16),
        "username": name,
        "name": name.title(),
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"https://gitlab.com/{name}",
    }


@dataclass
class Note:
    """A comment; `system`: GitLab's own words about a change."""

    id: int
    author: Json
    body: str
    at: datetime
    system: bool = False
    path: str | None = None
    line: int | None = None
    sha: str | None = None


@dataclass
class Job:
    """A job of a pipeline."""

    id: int
    name: str
    status: str
    trace: str
    at: datetime
    allow_failure: bool = False
    retried: bool = False


@dataclass
class Pipeline:
    """A pipeline of a commit."""

    id: int
    sha: str
    ref: str
    at: datetime
    jobs: list[Job] = field(default_factory=list)

    @property
    def status(self) -> str:
        """What its jobs come to."""
        counted = {one.status for one in self.jobs if not one.retried and not one.allow_failure}
        for state in ("failed", "canceled", "running", "pending", "created"):
            if state in counted:
                return state
        return "success" if self.jobs else "created"


@dataclass
class Issue:
    """An issue: opened or closed."""

    iid: int
    title: str
    description: str | None
    labels: list[str]
    created: datetime
    updated: datetime
    state: str = "opened"
    closed: datetime | None = None
    notes: list[Note] = field(default_factory=list)
