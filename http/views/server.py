"""What the server itself looks like from outside, and what it hands out and takes back."""

from datetime import datetime

from pydantic import BaseModel


class FoundAgentView(BaseModel):
    """An agent whose program is on this machine."""

    name: str
    version: str | None


class TimeoutsView(BaseModel):
    """How long operations may take, in seconds."""

    spawn: float
    send: float
    kill: float
    kill_grace: float


class ProjectLimitsView(BaseModel):
    """What the sessions of a project may use; null is no limit."""

    max_sessions: int | None
    output_bytes: int
    wall_clock: float | None
    idle: float | None
    memory_bytes: int | None
    processes: int | None
    turns: int | None


class LimitsView(BaseModel):
    """What is bounded here: sizes in bytes, durations in seconds."""

    body_bytes: int
    connections: int
    timeouts: TimeoutsView
    projects: dict[str, ProjectLimitsView]


class SystemView(BaseModel):
    """What the server is."""

    version: str
    containment: str
    trouble: str | None
    agents: list[FoundAgentView]
    limits: LimitsView


class NotifierView(BaseModel):
    """A way to reach an operator, and the plugin that does it."""

    name: str
    plugin: str


class PrunedView(BaseModel):
    """The sessions that were forgotten, and those that were kept for their uncommitted work."""

    pruned: list[str]
    kept: list[str]


class CodeView(BaseModel):
    """What lets a browser in, once."""

    code: str
    expires_at: datetime


class PassView(BaseModel):
    """A token of a browser's own."""

    token: str
    expires_at: datetime
