"""Where issues stand and pull requests are decided on."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from ..records import Failure, Hint, Issue, PullRequest, Sought


class Tracker(Protocol):
    """Where issues stand.

    Raises `NotFound` for an issue that is not there, `ForgeFailed` when the host fails or says what cannot
    be understood, `ForgeRefused` when it does not take our token.
    """

    name: str
    """What it is called in messages, for instance `github o/r`."""

    def identify(self, text: str) -> str:
        """Return the id of the issue that a caller means by an id, or by a URL in the configured repository.

        Raises `Invalid` for what is neither; nothing else ever gets into a path.
        """

    async def issue(self, issue_id: str) -> Issue:
        """Return an issue by the id that `identify` gave."""

    async def issues(self, limit: int) -> Sequence[Issue]:
        """Return the open issues, the newest first, at most `limit`."""

    async def aclose(self) -> None:
        """Let go of all connections."""


@runtime_checkable
class Announcing(Protocol):
    """A tracker that can be told that work has begun."""

    announces: bool
    """Whether it is configured to be told."""

    async def announce(self, issue_id: str, words: str) -> None:
        """Comment on the issue, and change its state, as configured."""


class Scm(Protocol):
    """A repository at a code host. Raises what a `Tracker` raises. A failure is never a fact."""

    name: str
    """What it is called in messages; the same for what is the same repository at the same host."""

    @property
    def wait(self) -> float:
        """Seconds until it should be asked again without need, by the host's own limits; 0: it may now."""

    async def look(self, sought: Sought, *, thorough: bool) -> PullRequest | None:
        """Return all facts of a branch's pull request, or None when there is none.

        Asks for what may have changed, under condition; with `thorough` for everything.
        """

    async def failures(self, pull: PullRequest) -> Sequence[Failure]:
        """Return its failing checks with the end of their logs. A log that cannot be had is said so."""

    async def merge(self, pull: PullRequest) -> None:
        """Squash and merge it, if its head is still `pull.head`. Raises `Conflict` when the host will not."""

    async def aclose(self) -> None:
        """Let go of all connections."""


@runtime_checkable
class Hooked(Protocol):
    """A code host that sends word when something has changed."""

    kind: str
    """The last part of the path where its word arrives: `github`, `gitlab`."""
    listens: bool
    """Whether it has a secret by which its word can be proved."""

    def hear(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        """Return what has changed; None when it is not proved that this repository's host said so.

        `headers` are looked up without regard to case. Raises `Invalid` for a body that was proved and
        cannot be understood.
        """
