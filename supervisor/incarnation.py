"""One run of an agent: from the making of its workspace until nothing of it is left."""

import math
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime

import structlog
import trio

from .branches import BranchName
from .errors import Conflict, DeadlineExceeded, EnnioError, Unavailable
from .events import now
from .limits import Facts
from .mailbox import Mailbox
from .messages import AgentAdopted, AgentGone, AgentStarted, Observed, StartFailed
from .outbox import Letter, Outbox
from .output import OutputLog
from .project import Project
from .protocols import Dialogue, Terminal
from .records import Activity, Command, SessionRecord, Tree

_LOOK_BACK = 65536
"""Bytes of earlier output that are read again when an agent is taken over: enough to see what it is doing."""

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
        self.last_output_at: datetime | None = None
        self._project, self._record = project, record
        self._mailbox, self._outbox = mailbox, outbox
        self._within = within
        self._starting = trio.CancelScope(deadline=trio.current_time() + within)
        self._dialogue: Dialogue = project.agent.dialogue()
        self._activity = record.activity
        self._cursor = self._known_output = 0
        self._began = trio.current_time()
        self._silent_since: float | None = self._began
        self._told_at_start = 0

    def call_off(self) -> None:
        """Undo the start. Once the session has taken the agent over, this does nothing."""
        self._starting.cancel()

    @property
    def called_off(self) -> bool:
        """Whether nobody wants the agent any more that is being started."""
        return self._starting.cancel_called

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

    def facts(self, terminal: Terminal) -> Facts:
        """Return what is known of the run so far, for the guard."""
        turns = terminal.taken + self._told_at_start
        return Facts(self._began, self._silent_since, terminal.usage(), turns)

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
        await self._mailbox.tell(StartFailed(error))

    async def _go_on(self, terminal: Terminal) -> None:
        said = OutputLog(self._project.output(self._record.id), self._project.config.output_bytes)
        self._cursor = max(terminal.handle.output_start, said.end - _LOOK_BACK)
        self._count_from_earlier(said)
        self._open_again(terminal)
        await self._mailbox.ask(AgentAdopted(terminal))
        await self._mailbox.tell(await self._see_out(terminal))

    def _count_from_earlier(self, said: OutputLog) -> None:
        """Let time count since the agent's start, and silence since its last word, not since now."""
        started, written = self._record.started_at, said.last_written()
        if started is not None:
            self._began -= max(0.0, (now() - started).total_seconds())
        self._silent_since = self._began
        if written is not None:
            self._silent_since = trio.current_time() - max(0.0, time.time() - written)
            self.last_output_at = datetime.fromtimestamp(written, UTC)
        self._known_output = said.end

    def _open_again(self, terminal: Terminal) -> None:
        """Tell the agent what it was started for if it did not begin to read that from an earlier server."""
        if self._record.tree is None:
            return
        try:
            command = self._command(self._record.tree)
        except EnnioError as error:  # the configuration has changed; whether that was told cannot be known
            _log.warning("an agent may lack its prompt", session_id=self._record.id, error=str(error))
            return
        if terminal.taken == 0 or command.holds_prompt:
            self._open_with(command)

    async def _start(self) -> Terminal:
        """Make the workspace, start the agent, hand both to the session; or give all of it back."""
        async with AsyncExitStack() as undo:
            self.waits_for = "its workspace (git, symlinks, post_create)"
            tree = self._record.tree
            if tree is None:
                tree = await undo.enter_async_context(self._checkout())
            self.waits_for = "the agent's start"
            command = self._command(tree)
            terminal = await self._project.runtime.launch(self._project.launch(self._record, tree, command))
            undo.push_async_callback(_end, terminal)
            self._began = self._silent_since = trio.current_time()
            self._open_with(command)
            with trio.CancelScope(shield=True):  # the session takes it or refuses it, nothing in between
                await self._mailbox.ask(AgentStarted(tree, terminal))
            undo.pop_all()
        return terminal

    def _command(self, tree: Tree) -> Command:
        return self._project.agent.command(self._project.job(self._record, tree, self._record.opening))

    def _open_with(self, command: Command) -> None:
        """Tell the agent first what it was started for, unless its command holds it."""
        if self._record.opening and command.holds_prompt:
            self._told_at_start = 1
        elif self._record.opening:
            self._outbox.put(Letter(self._record.opening))

    def _checkout(self) -> AbstractAsyncContextManager[Tree]:
        record = self._record
        branch = BranchName(record.branch) if record.branch else None
        return self._project.workspace.checkout(record.id, branch, BranchName(f"ennio/{record.id}"))

    async def _see_out(self, terminal: Terminal) -> AgentGone:
        """Serve the agent until it ended, end what it left running, and return how it ended."""
        try:
            async with trio.open_nursery() as writing:
                writing.start_soon(self._write_letters, terminal)
                async with trio.open_nursery() as reading:
                    reading.start_soon(self._read_output, terminal)
                    exit_code = await terminal.wait()
                    await terminal.stop(self._project.kill_grace)
                writing.cancel_scope.cancel()
        except Exception:
            await _end(terminal)
            raise
        finally:
            with trio.CancelScope(shield=True):
                await terminal.aclose()
        return AgentGone(exit_code, terminal.alone)

    async def _write_letters(self, terminal: Terminal) -> None:
        while True:
            letter = await self._outbox.take()
            gone = Conflict(f"the agent of {self._record.id} ended before it had read the message")
            try:
                with letter.until_withdrawn():
                    await terminal.write(self._dialogue.encode(letter.text), letter.begin)
                    letter.reply.answer()
            except Conflict as error:
                letter.reply.refuse(error)
            finally:
                letter.reply.refuse(gone)

    async def _read_output(self, terminal: Terminal) -> None:
        self._cursor = max(self._cursor, terminal.handle.output_start)
        while True:
            with trio.move_on_after(self._project.idle_after) as patience:
                chunk = await terminal.read(self._cursor)
            if patience.cancelled_caught:
                await self._saw(Activity.IDLE)
                chunk = await terminal.read(self._cursor)
            if not chunk.data:
                return
            self._cursor, news = chunk.end, chunk.end > self._known_output
            if news:
                self.last_output_at, self._silent_since = now(), None
            for activity in self._dialogue.receive(chunk.data):
                await self._saw(activity)
            if news:  # a session that is slow to listen does not make its agent idle
                self._silent_since = trio.current_time()

    async def _saw(self, activity: Activity) -> None:
        if activity is not self._activity:
            self._activity = activity
            await self._mailbox.tell(Observed(activity))


async def _end(terminal: Terminal) -> None:
    """End the agent at once, even while being cancelled, and let go of it."""
    with trio.CancelScope(shield=True):
        await terminal.stop(0)
        await terminal.aclose()
