"""What anyone may see of a session at any time, without asking it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import trio

from . import events as e
from . import messages as m
from .actor import Actor
from .draft import Draft
from .errors import EnnioError, Survivor
from .evidence import Evidence
from .incarnation import Incarnation
from .journal import Journal
from .lifecycle import AT_WORK, ended
from .limits import Facts
from .mailbox import Reply
from .outbox import Letter, Outbox
from .project import Project
from .protocols import Attachable, Runtime, Terminal, Touchable
from .records import Message, Mode, Phase, PullRequest, SessionRecord

Timer = tuple[str, str]
"""What a timer is for, and for which of those."""
RELEASE: Timer = ("release", "")
"""For the end of a usage limit."""
APPROVAL, ESCALATION = "approval", "escalation"

_LETTERS = 16
"""How many messages may wait for one agent; further senders wait at the door."""


class Visible(Actor):
    """What a session is: its record, its agent's present run, and who waits for what of it."""

    def __init__(
        self,
        record: SessionRecord,
        project: Project,
        journal: Journal,
        start: m.Spawn | None = None,
        messages: Sequence[Message] = (),
    ) -> None:
        super().__init__(record.id)
        self._record, self._project, self._journal = record, project, journal
        self.door = trio.Semaphore(_LETTERS)
        self._outbox = Outbox()
        for message in messages:
            first = message.mode is not Mode.QUEUE  # as when it came
            self._outbox.put(Letter(message.text, message.mode, message), first=first)
        self._opening: Letter | None = None
        """What the agent is told first in the run that was asked for last."""
        self._told: list[Letter] = []
        """Letters that were given to the agent, or are just being, and that it has not taken up."""
        self._deciding: dict[str, Reply] = {}
        """By approval: who waits for the agent to be given the answer."""
        self._timers: dict[Timer, trio.CancelScope] = {}
        """What the session is to be told later, unless that is cancelled."""
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
        self._facts: PullRequest | None = None
        """What the code host said last."""
        self._preparing = dict[str, trio.CancelScope]()
        """The reactions that are being prepared, by their names."""
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
        return not self.vanished and (self._coming_back or not ended(self._record))

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
        return self._incarnation.facts(self._terminal, self._record.turns)

    async def accepted(self, letter: Letter) -> None:
        """Wait until the agent has taken a letter up, where it tells. Raises `Conflict` if it never will."""
        if letter.message and letter.message.awaits:
            await letter.accepted.take()

    def evidence(self) -> list[Evidence]:
        """Return what was seen last of its agent's present run, oldest first."""
        run = self._incarnation
        return list(run.doing.evidence) if run and run.hearing else []

    def survivors(self) -> tuple[Survivor, ...]:
        """What a kill has not ended yet."""
        return self._terminal.survivors() if self._terminal else ()

    @property
    def attach(self) -> tuple[str, ...] | None:
        """What an operator runs to see the agent's terminal, or None when it has none."""
        return self._attach if self._terminal else None

    @property
    def touchable(self) -> Touchable | None:
        """The screen of its agent, if it has one that people can look at and type into."""
        return self._terminal if isinstance(self._terminal, Touchable) else None

    def _begin(self, within: float = math.inf) -> None:
        """Begin a run of the agent; see `Incarnation`."""
        self._called_off = self._over_limit = None
        self._struck = False
        self._incarnation = Incarnation(self._project, self._record, self.mailbox, self._outbox, within)
        self._nursery.start_soon(self._incarnation.run)

    def _take(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._attach = terminal.attach if isinstance(terminal, Attachable) else None

    def _tell_later(self, name: Timer, seconds: float, message: object) -> None:
        """Have the session told of this in a while, unless that timer is set anew or cancelled."""
        self._cancel_timer(name)
        self._timers[name] = trio.CancelScope()
        self._nursery.start_soon(self._wait_and_tell, name, self._timers[name], seconds, message)

    async def _wait_and_tell(
        self, name: Timer, timer: trio.CancelScope, seconds: float, message: object
    ) -> None:
        with timer:
            await trio.sleep(max(0.0, seconds))
            await self.mailbox.tell(message)
            if self._timers.get(name) is timer:
                del self._timers[name]

    def _cancel_timer(self, name: Timer) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()

    async def became(self, kind: type[e.Event], **particulars: Any) -> None:
        """Let something have happened: the one door through which the session changes."""
        draft = Draft(self._record)
        draft.let(kind, **particulars)  # raises before anything is written
        await self.commit(draft)

    async def commit(self, draft: Draft) -> None:
        """Let all of a draft have happened: it is stored, then it counts."""
        if not draft.empty:
            await self._journal.append(draft.step())
        self._record = draft.record
        ledger = self._project.ledger
        for spend in draft.spends:
            ledger.add(spend)
        self.settle_reserve()

    def settle_reserve(self) -> None:
        """Have budgets keep something for the session if it has an agent, or is to have one; else nothing."""
        ledger = self._project.ledger
        if self._record.phase in AT_WORK:
            ledger.reserve(self._record.id, self._record.project_id)
        else:
            ledger.release(self._record.id)
