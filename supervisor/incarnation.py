"""One run of an agent: from the making of its workspace until nothing of it is left."""

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime

import trio

from .branches import BranchName
from .errors import Conflict, EnnioError
from .events import now
from .mailbox import Mailbox
from .messages import AgentGone, AgentStarted, Observed, StartFailed
from .outbox import Letter, Outbox
from .project import Project
from .protocols import Dialogue, Terminal
from .records import Activity, SessionRecord, Tree


class Incarnation:
    """Start an agent, carry letters to it and observations from it, see it out.

    It decides nothing: it reports to its session's mailbox, and the session decides.
    """

    def __init__(
        self, project: Project, record: SessionRecord, prompt: str | None, mailbox: Mailbox, outbox: Outbox
    ) -> None:
        self.waits_for = "its turn"
        self.last_output_at: datetime | None = None
        self._project, self._record, self._prompt = project, record, prompt
        self._mailbox, self._outbox = mailbox, outbox
        self._starting = trio.CancelScope()
        self._dialogue: Dialogue = project.agent.dialogue()
        self._activity = record.activity

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
            await self._mailbox.tell(StartFailed(None))
            return
        await self._mailbox.tell(AgentGone(await self._see_out(terminal)))

    async def _start(self) -> Terminal:
        """Make the workspace, start the agent, hand both to the session; or give all of it back."""
        async with AsyncExitStack() as undo:
            self.waits_for = "its workspace (git, symlinks, post_create)"
            tree = self._record.tree
            if tree is None:
                tree = await undo.enter_async_context(self._checkout())
            self.waits_for = "the agent's start"
            command = self._project.agent.command(self._project.job(self._record, tree, self._prompt))
            terminal = await self._project.runtime.launch(self._project.launch(self._record, tree, command))
            undo.push_async_callback(_end, terminal)
            if self._prompt and not command.holds_prompt:
                self._outbox.put(Letter(self._prompt))
            with trio.CancelScope(shield=True):  # the session takes it or refuses it, nothing in between
                await self._mailbox.ask(AgentStarted(tree, terminal))
            undo.pop_all()
        return terminal

    def _checkout(self) -> AbstractAsyncContextManager[Tree]:
        record = self._record
        branch = BranchName(record.branch) if record.branch else None
        return self._project.workspace.checkout(record.id, branch, BranchName(f"ennio/{record.id}"))

    async def _see_out(self, terminal: Terminal) -> int:
        """Serve the agent until it ended, end what it left running, and return its exit code."""
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
        return exit_code

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
        cursor = terminal.handle.output_start
        while True:
            with trio.move_on_after(self._project.idle_after) as patience:
                chunk = await terminal.read(cursor)
            if patience.cancelled_caught:
                await self._saw(Activity.IDLE)
                chunk = await terminal.read(cursor)
            if not chunk.data:
                return
            cursor, self.last_output_at = chunk.end, now()
            for activity in self._dialogue.receive(chunk.data):
                await self._saw(activity)

    async def _saw(self, activity: Activity) -> None:
        if activity is not self._activity:
            self._activity = activity
            await self._mailbox.tell(Observed(activity))


async def _end(terminal: Terminal) -> None:
    """End the agent at once, even while being cancelled, and let go of it."""
    with trio.CancelScope(shield=True):
        await terminal.stop(0)
        await terminal.aclose()
