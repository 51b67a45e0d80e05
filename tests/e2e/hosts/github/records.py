"""What a small GitHub keeps: users, comments, checks, issues."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..replies import Json


def moment(at: datetime | None) -> str | None:
    """Return a time as GitHub writes it: whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def user(login: str, *, bot: bool = False) -> Json:
    """Return an account. The login of a bot ends in [bot]."""
    login = f"{login.removesuffix('[bot]')}[bot]" if bot else login
    return {
        "login": login,
        "id": int(hashlib.sha256(login.encode()).hexdigest()[:7], 16),
        "avatar_url": "",
        "html_url": f"https://github.com/{login}",
        "type": "Bot" if bot else "User",
        "site_admin": False,
    }


def label(name: str) -> Json:
    """Return a label."""
    number = int(hashlib.sha256(name.encode()).hexdigest()[:7], 16)
    return {"id": number, "name": name, "color": "ededed", "default": False, "description": None}


@dataclass
class Remark:
    """A comment: of a conversation, or in a review about a line."""

    id: int
    author: Json
    body: str | None
    at: datetime
    path: str | None = None
    line: int | None = None
    review: int | None = None
    commit: str | None = None


@dataclass
class Run:
    """A check run of an app; in GitHub Actions its id is that of the job."""

    id: int
    name: str
    status: str
    conclusion: str | None
    app: str
    at: datetime
    title: str | None = None
    summary: str | None = None
    log: str | None = None


@dataclass
class Commit:
    """What is said about a commit: check runs, and statuses by context, the latest of each."""

    sha: str
    runs: list[Run] = field(default_factory=list)
    statuses: dict[str, Json] = field(default_factory=dict)


@dataclass
class Issue:
    """An issue; every pull request is one too."""

    number: int
    title: str
    body: str | None
    labels: list[str]
    author: Json
    created: datetime
    updated: datetime
    state: str = "open"
    closed: datetime | None = None
    remarks: list[Remark] = field(default_factory=list)
    pull: Any = None
