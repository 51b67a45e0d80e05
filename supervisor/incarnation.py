"""One run of an agent: from the making of its workspace until nothing of it is left."""

import math
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime

import structlog
import trio

from .branches import BranchName, derived
from .doing import Doing
from .errors import DeadlineExceeded, EnnioError, Unavailable
from .events import now
from .hearing import Hearing
from .limits import Facts
from .mailbox import Mailbox
from .messages import AgentAdopted, AgentGone, AgentStarted, StartFailed
from .outbox import Outbox
from .output import OutputLog
from .project import Project
from .protocols import Dialogue, Interruptible, Terminal
from .records import Command, Job, Mark, SessionRecord, Tree
from .speaking import Speaking
from .watching import watch_screen

_LOOK_BACK = 65536
"""Bytes of earlier output that are read again when an agent is taken over that tells of no turns."""
_AT_ONCE = 5
"""Turns of the event loop in which it shows that an agent that is taken over has ended already."""
_LAST_WORDS, _REST = 1.0, 30.0
"""Seconds, at most, in which what an agent said before its end is taken in: one that is ended from outside,
and one that ended by itself."""
_POLITE = 2.0
"""Seconds, at most, that an agent has to end by its own means before it gets a signal."""

_log = structlog.get_logger()


class Incarnation:
    """Start an agent, carry letters to it and observations from it, see it out.

    It decides nothing: it reports to its session's mailbox, and the session decides. A start that takes
    longer than `within` seconds is undone.
    """

    def __init__(
        self,
        project: Project,
        record: SessionRecord,
        mailbox: Mailbox,
        outbox: Outbox,
        within: float = math.inf,
    ) -> None:
        self.waits_for = "its turn"
        self._project, self._record = project, record
        self._mailbox, self._outbox = mailbox, outbox
        self._within = within
        self._starting = trio.CancelScope(deadline=trio.current_time() + within)
        self._began = trio.current_time()
        self._told_at_start = 0
        self._leaving = False
        self.dialogue: Dialogue
        self.doing: Doing
        self.hearing: Hearing | None = None
        self.speaking: Speaking

    @property
    def last_output_at(self) -> datetime | None:
        """When the agent said something last, as far as this server knows."""
        return self.hearing.last_output_at if self.hearing else None

    def call_off(self) -> None:
        """Undo the start. Once the session has taken the agent over, this does nothing."""
        self._starting.cancel()

    async def run(self) -> None:
        """Live once. Ends with `StartFailed`, after which nothing was ever there, or with `AgentGone`."""
        terminal: Terminal | None = None
        try:
            with self._starting:
                terminal = await self._start()
        except EnnioError as error:
            await self._mailbox.tell(StartFailed(error))
            return
        if terminal is None:
            late = trio.current_time() >= self._starting.deadline
            await self._mailbox.tell(StartFailed(self._too_late() if late else None))
            return
        await self._mailbox.tell(await self._see_out(terminal))

    def _too_late(self) -> EnnioError:
        return DeadlineExceeded(
            f"starting the agent took longer than {self._within:g} s; it was waiting for {self.waits_for}"
        )

    def facts(self, terminal: Terminal, turns: int) -> Facts:
        """Return what is known of the run so far, for the guard; `turns` is how many its dialogue told of."""
        assert self.hearing is not None  # it is there before anyone has the terminal
        told = terminal.taken + self._told_at_start
        turns = turns if self.dialogue.turns else told
        return Facts(self._began, self.hearing.silent_since, terminal.usage(), turns)

    async def recover(self) -> None:
        """Go on with what an earlier server began; undo a start that it did not finish."""
        record = self._record
        self.waits_for = "what an earlier server left"
        started = record.handle is not None
        hold = self._project.hold(record, record.incarnation if started else record.incarnation + 1)
        runtimes = self._project.runtimes
        runtime = runtimes(record.handle.runtime) if record.handle else self._project.runtime
        terminal = await runtime.adopt(hold, record.handle)
        if started:
            await self._go_on(terminal)
            return
        error: EnnioError = Unavailable("the server died while the agent was being started")
        await _end(terminal)
        if record.incarnation == 0:
            try:
                await self._project.workspace.undo(record.id)
            except EnnioError as failure:
                error = failure
                _log.error("an unfinished spawn left something", session_id=record.id, error=str(failure))
        await self._mailbox.tell(StartFailed(error, died=True))

    async def _go_on(self, terminal: Terminal) -> None:
        said = OutputLog(self._project.output(self._record.id), self._project.config.output_bytes)
        self._converse(terminal, self._project.job(self._record, self._record.tree, None), said)
        await self._mailbox.ask(AgentAdopted(terminal, await _has_ended(terminal)))
        await self._mailbox.tell(await self._see_out(terminal))

    def _converse(self, terminal: Terminal, job: Job, earlier: OutputLog | None = None) -> None:
        """Be ready to talk with the agent; with `earlier` output, go on where an earlier server left off."""
        self.dialogue = self._project.agent.dialogue(job)
        self.doing = Doing(
            trio.current_time(), turns=self.dialogue.turns, idle_after=self._project.idle_after
        )
        record, start = self._record, terminal.handle.output_start
        if earlier is None:
            opening = self.dialogue.open()
        else:
            mark = record.mark or Mark(start if self.dialogue.turns else max(start, earlier.end - _LOOK_BACK))
            start = max(start, mark.at)
            opening = self._recall(terminal, record.mark)
        self.speaking = Speaking(
            record.id,
            self._project.agent.name,
            self.dialogue,
            self._outbox,
            self._mailbox,
            self._project.accounts,
            self.doing,
            self._mark,
            floor := trio.Lock(),
        )
        end = earlier.end if earlier else 0
        hearing = Hearing(
            record.id,
            self.dialogue,
            self.doing,
            self._mailbox,
            self._outbox,
            self.speaking.answer,
            floor,
            start,
            end,
        )
        self.hearing = hearing
        if earlier is not None:
            self._count_from_earlier(hearing, earlier)
        if self.dialogue.ready:
            self.doing.ready(trio.current_time())
        self.speaking.say(opening)

    def _mark(self) -> Mark:
        assert self.hearing is not None  # nothing is said before it is there
        return self.hearing.mark()

    def _recall(self, terminal: Terminal, mark: Mark | None) -> bytes:
        """Let the dialogue remember; return its first words if the agent was not told them."""
        if mark is not None:
            self.dialogue.recall(mark.memory)
            return b""
        opening = self.dialogue.open()
        return b"" if terminal.taken else opening

    def _count_from_earlier(self, hearing: Hearing, said: OutputLog) -> None:
        """Let time count since the agent's start, and silence since its last word, not since now."""
        started, written = self._record.started_at, said.last_written()
        if started is not None:
            self._began -= max(0.0, (now() - started).total_seconds())
        hearing.silent_since = self._began
        if written is not None:
            hearing.silent_since = trio.current_time() - max(0.0, time.time() - written)
            hearing.last_output_at = datetime.fromtimestamp(written, UTC)

    async def _start(self) -> Terminal:
        """Make the workspace, start the agent, hand both to the session; or give all of it back."""
        async with AsyncExitStack() as undo:
            self.waits_for = "its workspace (git, symlinks, post_create)"
            tree = self._record.tree
            if tree is None:
                tree = await undo.enter_async_context(self._checkout())
            self.waits_for = "the agent's start"
            job = self._project.job(self._record, tree, self._record.opening)
            command = await self._command(job)
            terminal = await self._project.runtime.launch(self._project.launch(self._record, tree, command))
            undo.push_async_callback(_end, terminal)
            self._began = trio.current_time()
            self._told_at_start = int(command.holds_prompt and self._record.opening is not None)
            self._converse(terminal, job)
            started = AgentStarted(tree, terminal, told=bool(self._told_at_start))
            with trio.CancelScope(shield=True):  # the session takes it or refuses it, nothing in between
                await self._mailbox.ask(started)
            undo.pop_all()
        return terminal

    async def _command(self, job: Job) -> Command:
        command = self._project.agent.command(job)
        if command.files:
            await trio.to_thread.run_sync(self._project.write_files, self._record.id, command.files)
        return command

    def _checkout(self) -> AbstractAsyncContextManager[Tree]:
        record = self._record
        branch = BranchName(record.branch) if record.branch else None
        name = derived(record.id, record.issue_id, record.issue_title)
        return self._project.workspace.checkout(record.id, branch, name)

    async def _see_out(self, terminal: Terminal) -> AgentGone:
        """Serve the agent until it ended, end what it left running, and return how it ended."""
        assert self.hearing is not None  # `_converse` was called
        try:
            async with trio.open_nursery() as serving:
                serving.start_soon(self.speaking.speak, terminal)
                serving.start_soon(self.hearing.watch)
                serving.start_soon(watch_screen, terminal, self.hearing, self.dialogue)
                async with trio.open_nursery() as reading:
                    reading.start_soon(self.hearing.listen, terminal)
                    exit_code = await terminal.wait()
                    await terminal.stop(self._project.kill_grace)
                    self.speaking.end()
                    patience = _LAST_WORDS if self._leaving else _REST
                    reading.cancel_scope.deadline = trio.current_time() + patience
                serving.cancel_scope.cancel()
        except Exception:
            await _end(terminal)
            raise
        finally:
            with trio.CancelScope(shield=True):
                await terminal.aclose()
        return AgentGone(exit_code, terminal.alone)

    async def end(self, terminal: Terminal, grace: float) -> None:
        """End the agent and all it started, within `grace` seconds by its own means and by asking.

        An agent with turns is told to leave off and then that nobody will tell it more; what it left or
        would not end gets a signal.
        """
        polite = min(grace / 2, _POLITE) if self.dialogue.turns and not self._leaving else 0.0
        self._leaving = True
        began = trio.current_time()
        if polite:
            if isinstance(self.dialogue, Interruptible):
                self.speaking.say(self.dialogue.interrupt())
            self.speaking.say_goodbye()
            with trio.move_on_after(polite):
                await terminal.wait()
        await terminal.stop(max(0.0, grace - (trio.current_time() - began)))


async def _has_ended(terminal: Terminal) -> bool:
    """Return whether the agent has ended already, as far as that shows at once."""
    ended = False

    async def wait() -> None:
        nonlocal ended
        await terminal.wait()
        ended = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        for _ in range(_AT_ONCE):
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    return ended


async def _end(terminal: Terminal) -> None:
    """End the agent at once, even while being cancelled, and let go of it."""
    with trio.CancelScope(shield=True):
        await terminal.stop(0)
        await terminal.aclose()
