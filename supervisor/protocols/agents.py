"""What is known of agents, and their languages."""

from collections.abc import Iterable
from typing import Protocol

from ..records import Activity, Command, Job


class Dialogue(Protocol):
    """The agent's language, without any I/O: bytes in, observations out; text in, bytes out."""

    def receive(self, data: bytes) -> Iterable[Activity]:
        """Take output, return what it shows."""

    def encode(self, text: str) -> bytes:
        """Return the bytes that say `text` to the agent."""


class Agent(Protocol):
    """What is known of one agent program. Knowledge only, no I/O."""

    name: str
    program: str
    """What must be on this machine for it to work: a name on PATH or an absolute path."""

    def command(self, job: Job) -> Command:
        """Return what to run for this job."""

    def dialogue(self) -> Dialogue:
        """Return a new dialogue, for one incarnation."""
