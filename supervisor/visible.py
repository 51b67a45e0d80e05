"""What anyone may see of a session at any time, without asking it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import trio

from . import events as e
from . import messages as m
from .actor import Actor
from .errors import EnnioError, Survivor
from .incarnation import Incarnation
from .journal import Journal
from .lifecycle import ENDED, advance
from .limits import Facts
from .mailbox import Reply
from .outbox import Outbox
from .project import Project
from .protocols import Attachable, Runtime, Terminal
from .records import Phase, SessionRecord

_LETTERS = 16
"""How many messages may wait for one agent; further senders wait at the door."""


class Visible(Actor):
    """What a session is: its record, its agent's present run, and who waits for what of it."""

    def __init__(
        self, record: SessionRecord, project: Project, journal: Journal, start: m.Spawn | None = None
    ) -> None:
        super().__init__(record.id)
        self._record, self._project, self._journal = record, project, journal
        self.door = trio.Semaphore(_LETTERS)
        self._outbox = Outbox()
        self._incarnation: Incarnation | None = None
        self._terminal: Terminal | None = None
        self._attach: tuple[str, ...] | None = None
        self._start: m.Spawn | m.Restore | None = start
        self._starter, self._enders = Reply(), list[Reply]()
        self._called_off: EnnioError | None = None
        self._cleaning = self._unwanted = False
        self._leaver: Reply | None = None
        self._struck = self._by_policy = self._coming_back = False
        self._over_limit: m.Limit | None = None
        self.retiring = False
        """Whether the server is closing: then its agent is not started again by itself."""

    @property
    def record(self) -> SessionRecord:
        """All that is known of it; the last output's time rides along, to the second."""
        seen = self._incarnation and self._incarnation.last_output_at
        known = self._record.last_activity_at
        if seen and (known is None or seen - known >= timedelta(seconds=1)):
            self._record = replace(self._record, last_activity_at=seen)
        return self._record

    @property
    def vanished(self) -> bool:
        """Whether it ended before anyone was told of it: then there never was a session."""
        phase, unseen = self._record.phase, self._record.incarnation == 0
        if self._unwanted and phase is Phase.KILLED:
            return self._cleaning or self._record.tree is None
        return unseen and phase in {Phase.FAILED, Phase.KILLED}

    @property
    def waits_for(self) -> str:
        """What a start is waiting for."""
        return self._incarnation.waits_for if self._incarnation else "its turn"

    @property
    def active(self) -> bool:
        """Whether it takes a place of its project, as one does whose agent is just being started again."""
        return not self.vanished and (self._coming_back or self._record.phase not in ENDED)

    @property
    def project(self) -> Project:
        """The project that it belongs to."""
        return self._project

    @property
    def runtime(self) -> Runtime:
        """What holds its agent."""
        handle = self._record.handle
        return self._project.runtimes(handle.runtime) if handle else self._project.runtime

    def facts(self) -> Facts | None:
        """What is known of its agent's present run, or None when none runs."""
        if self._record.phase is not Phase.RUNNING or not self._incarnation or not self._terminal:
            return None
        return self._incarnation.facts(self._terminal)

    def survivors(self) -> tuple[Survivor, ...]:
        """What a kill has not ended yet."""
        return self._terminal.survivors() if self._terminal else ()

    @property
    def attach(self) -> tuple[str, ...] | None:
        """What an operator runs to see the agent's terminal, or None when it has none."""
        return self._attach if self._terminal else None

    def _take(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._attach = terminal.attach if isinstance(terminal, Attachable) else None

    async def became(self, kind: type[e.Event], **particulars: Any) -> None:
        """Let something have happened: the one door through which the session changes."""
        record = self._record
        event = kind(session_id=record.id, project_id=record.project_id, **particulars)
        after = advance(record, event)  # raises before anything is written
        await self._journal.append(event, after)
        self._record = after
