"""What is asked for: a session, and one start of its agent."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ids import ProjectId, SessionId


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants done: spawn an agent in this project, on this."""

    project_id: ProjectId
    issue_id: str | None = None
    prompt: str | None = None
    branch: str | None = None
    role: str | None = None
    key: str | None = None
    """The Idempotency-Key with which it came."""
    parent: SessionId | None = None
    """The session whose agent wants it done, None for an operator."""


class Permissions(enum.StrEnum):
    """What an agent may do without asking; each agent has words of its own for these."""

    ASK = "ask"
    EDITS = "edits"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Job:
    """One start of an agent, as `Agent.command` sees it. `prompt` is None on a restore without one.

    `conversation` is the agent's own name for what it is to go on with, None for a new one. `rules` are the
    project's, for agents that read them apart from the prompt. `passthrough` are options in the agent's own
    words: plain values, or lists of them. `folder` is a private one of the session, which lasts as long as it
    does. `terminal`: it is run in a terminal, for people to look at.
    """

    session_id: SessionId
    project_id: ProjectId
    workspace: str
    branch: str
    prompt: str | None
    model: str | None = None
    conversation: str | None = None
    rules: tuple[str, ...] = ()
    permissions: Permissions | None = None
    passthrough: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: argv without a shell, variables to add, and whether argv already holds the prompt.

    `files` are to be written first, private, each by its name in `Job.folder`.
    """

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    holds_prompt: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
