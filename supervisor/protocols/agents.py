"""What is known of agents, and their languages."""

from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

from ..observations import Observation
from ..records import Command, Job

Memory = Mapping[str, str | int | float | bool | None]
"""What a dialogue has to keep across a restart of the server: plain, small, and stored with each session."""


class Dialogue(Protocol):
    """The language of one incarnation, without any I/O: lines in, observations out, text in, bytes out.

    Nothing that an agent says makes it raise: what it does not understand is `Unknown`.
    """

    turns: bool
    """Whether the agent tells when a turn begins and ends; else a message is done with when it is written."""
    ready: bool
    """Whether a message may be told now: the agent has said hello, and no turn is open or under way."""

    def open(self) -> bytes:
        """Return what to write before anything else, or nothing."""

    def receive(self, line: bytes) -> Iterable[Observation]:
        """Take one line of output, without its newline; return what it shows."""

    def replies(self) -> bytes:
        """Return what the agent is to be told because of what it said, and forget it; mostly nothing."""

    def tell(self, text: str) -> bytes:
        """Return the bytes that say `text` to the agent. `ready` is False from now on if there are turns."""

    def memory(self) -> Memory:
        """Return what has to be known to go on from here, with the next line, after a restart."""

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from what `memory` returned, in a new dialogue. What is missing or odd in it is left out."""

    def readable(self, line: bytes) -> str:
        """Return what a line of output means to a person, newlines included; empty where it means nothing."""


@runtime_checkable
class Interruptible(Protocol):
    """A dialogue with an agent that can be told to leave off."""

    def interrupt(self) -> bytes:
        """Return what ends the present turn and nothing else; empty when there is none."""


@runtime_checkable
class Steerable(Protocol):
    """A dialogue with an agent that takes messages in the middle of a turn."""

    def steer(self, text: str) -> bytes:
        """Return the bytes that add `text` to the present turn; empty when none is open: then `tell` it."""


@runtime_checkable
class Asking(Protocol):
    """A dialogue with an agent that asks for permissions."""

    def decide(self, ask: str, *, allow: bool, words: str) -> bytes:
        """Return the answer to what was `Asked`; `words` tell the agent why it is denied.

        Empty when the agent does not wait for it.
        """


@runtime_checkable
class Watching(Protocol):
    """A dialogue that goes by what stands on the agent's screen."""

    def look(self, screen: str, title: str) -> Iterable[Observation]:
        """Take the screen as it is now, and the terminal's title; return what is different."""


class Agent(Protocol):
    """What is known of one agent program. Knowledge only, no I/O."""

    name: str
    program: str
    """What must be on this machine for it to work: a name on PATH or an absolute path."""
    resumes: bool
    """Whether `Job.conversation` has it go on with an earlier conversation."""
    reads_rules: bool
    """Whether `Job.rules` reach it apart from the prompt; else they are part of the first one."""

    def command(self, job: Job) -> Command:
        """Return what to run for this job. Raises `Invalid` for what this agent cannot do."""

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue for what `command` runs."""
