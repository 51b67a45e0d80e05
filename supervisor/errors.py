"""Everything that can go wrong, and how long anything may take.

    EnnioError
    ├── Invalid                 what the caller or the configuration has wrong
    │   ├── ConfigError         ... in ennio.toml: names the file and the key
    │   ├── AgentMissing        the agent's program is not on this machine
    │   └── HookFailed          a post_create command failed; carries its words
    ├── NotFound                no such session or project
    ├── Conflict                its state forbids it
    │   ├── IllegalTransition   a move that the lifecycle's table does not have
    │   └── SessionOver         there is no session any more to ask
    ├── TooMany                 the project has its `max_sessions`
    ├── OverBudget              a budget is spent
    ├── Unavailable             the server is recovering or shutting down
    ├── DeadlineExceeded        it outran its time limit
    │   └── Survived            ... and this is what would not die
    ├── ForgeFailed             the issue tracker or code host failed
    │   ├── ForgeRefused        ... it does not take our token, or forbids what we asked
    │   └── Throttled           ... it has had enough of us for now
    ├── NotifierFailed          an operator could not be told
    └── CommandFailed           a program that ennio ran for itself failed

A message says what happened, to which session or key, and what the reader can do about it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import trio

WORDS = 2048
"""Bytes of a failed program's own words that are passed on."""


class EnnioError(Exception):
    """The root: catch this to catch whatever ennio raises on purpose."""


class Invalid(EnnioError):
    """The request or the configuration is wrong; repeating it will not help."""


class ConfigError(Invalid):
    """The configuration is wrong. The message names the file, the line where it is known, and the key."""


class AgentMissing(Invalid):
    """The agent's program cannot be found; the message names it."""


class HookFailed(Invalid):
    """A `post_create` command ended with a failure; the message carries the end of what it said."""


class NotFound(EnnioError):
    """There is no such thing."""


class Conflict(EnnioError):
    """It exists already, or its state forbids what was asked."""


class IllegalTransition(Conflict):
    """The lifecycle has no such move. Nothing was changed."""


class SessionOver(Conflict):
    """Nobody reads this mailbox any more; whoever asked must look again what became of the session."""


class TooMany(EnnioError):
    """A limit on how many is reached; `retry_after` is when to ask again, in seconds."""

    def __init__(self, message: str, *, retry_after: int = 30) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OverBudget(EnnioError):
    """A budget is spent or held for others. The message says which, its limit, and what was spent of it."""


class Unavailable(EnnioError):
    """Not now; `retry_after` is when to ask again, in seconds."""

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineExceeded(EnnioError):
    """The operation outran its time limit; the message says what was being waited for."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A process that could not be ended (yet).

    `state` is the letter of proc(5): `D` waits for a disk, `T` is stopped, `Z` never occurs here.
    """

    pid: int
    command: str
    state: str
    uid: int

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.command}, state {self.state}, uid {self.uid})"


class Survived(DeadlineExceeded):
    """A kill outran its time limit; `survivors` are still running, and the kill goes on."""

    def __init__(self, message: str, survivors: tuple[Survivor, ...]) -> None:
        super().__init__(message)
        self.survivors = survivors


class ForgeFailed(EnnioError):
    """A tracker or code host failed, or said what cannot be understood. The message names it."""


class ForgeRefused(ForgeFailed):
    """It does not take our token, or forbids what we asked: an operator has to change something."""


class Throttled(ForgeFailed):
    """It takes no requests from us for `seconds` more."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotifierFailed(EnnioError):
    """A notice was not delivered. `lasting`: trying again will not help.

    `seconds`: it asks not to be tried again before that; None where it does not say.
    """

    def __init__(self, message: str, *, lasting: bool = False, seconds: float | None = None) -> None:
        super().__init__(message)
        self.lasting, self.seconds = lasting, seconds


class CommandFailed(EnnioError):
    """A program that ennio ran for itself ended with a failure."""

    def __init__(self, argv: tuple[str, ...], code: int, words: str) -> None:
        said = words.strip()[-WORDS:] or "it said nothing"
        super().__init__(f"`{' '.join(argv[:4])}` failed with exit code {code}: {said}")
        self.code, self.words = code, said


@contextmanager
def deadline(operation: str, seconds: float) -> Iterator[trio.CancelScope]:
    """Bound a block by `seconds`; past it raise `DeadlineExceeded`, which names the operation."""
    with trio.move_on_after(seconds) as scope:
        yield scope
    if scope.cancelled_caught:
        raise DeadlineExceeded(f"{operation} took longer than {seconds:g} s")
