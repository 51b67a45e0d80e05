"""The actor: one trio task that owns one agent, and the mailbox that reaches it."""

import math
from functools import singledispatchmethod
from pathlib import Path

from . import events as e
from . import messages as m
from .errors import Conflict, EnnioError, Unavailable
from .incarnation import Incarnation
from .lifecycle import ENDED, STARTABLE, TRANSITIONS, status
from .mailbox import Reply
from .protocols import Removal
from .records import Phase, Tree
from .restarts import STAYS, how_it_ended, judge
from .visible import Visible

_LETTERS = 16
"""How many messages may wait for one agent; further senders wait at the door."""


class Session(Visible):
    """One agent at work. Everyone reaches it through its mailbox; only its own task changes it.

    It never waits for the agent, so that a kill is always heard at once.
    """

    async def crashed(self, error: Exception) -> "Session":
        """Note that its task failed, after which no agent of it runs; return who goes on in its place."""
        if e.SessionCrashed in TRANSITIONS[self._record.phase]:
            await self.became(e.SessionCrashed, reason=f"a bug of ennio: {error!r}")
        return Session(self._record, self._project, self._journal)

    async def _let_go(self) -> None:
        if self._terminal is not None:
            await self._terminal.stop(0)

    def _unanswered(self) -> list[Reply]:
        self._outbox.refuse(f"{self._record.id} is over")
        return [self._starter, *self._enders, *filter(None, [self._leaver])]

    # Starting.

    @singledispatchmethod
    async def _handle(self, message: object, reply: Reply) -> None:
        await super()._handle(message, reply)

    @_handle.register
    async def _spawn(self, message: m.Spawn, reply: Reply) -> None:
        self._starter = reply
        opening = self._project.first_prompt(self._record)
        await self.became(e.SessionSpawned, agent_name=self._record.agent_name, opening=opening)
        self._begin()

    @_handle.register
    async def _restore(self, message: m.Restore, reply: Reply) -> None:
        record, tree = self._record, self._record.tree
        if record.phase not in STARTABLE or self._cleaning:
            why = "only a session whose agent does not run, and that was not killed, can be restored"
            raise Conflict(f"{record.id} is {status(record)}: {why}")
        if tree is None or not Path(tree.path).is_dir():
            raise Conflict(f"the workspace of {record.id} is gone: spawn a new session on its branch")
        self._start, self._starter, self._by_policy = message, reply, False
        await self.became(e.RestoreRequested, opening=message.prompt, restarts=record.restarts)
        self._begin()

    def _begin(self, within: float = math.inf) -> None:
        self._called_off = self._over_limit = None
        self._struck = False
        self._incarnation = Incarnation(self._project, self._record, self.mailbox, self._outbox, within)
        self._nursery.start_soon(self._incarnation.run)

    @_handle.register
    async def _recover(self, message: m.Recover, reply: Reply) -> None:
        phase = self._record.phase
        if phase in {Phase.SPAWNING, Phase.RUNNING, Phase.STOPPING}:
            self._starter = reply
            self._incarnation = Incarnation(self._project, self._record, self.mailbox, self._outbox)
            self._nursery.start_soon(self._incarnation.recover)
            return
        tree = self._record.tree
        if phase is Phase.KILLED or (phase is Phase.DONE and tree and not Path(tree.path).is_dir()):
            self._clean()
            self._over = phase is Phase.KILLED and not self._cleaning
        reply.answer()

    @_handle.register
    async def _agent_adopted(self, message: m.AgentAdopted, reply: Reply) -> None:
        self._take(message.terminal)
        reply.answer()
        self._starter.answer()
        if self._record.phase is Phase.STOPPING:
            self._end_agent(self._project.kill_grace, Reply())

    @_handle.register
    async def _agent_started(self, message: m.AgentStarted, reply: Reply) -> None:
        if self._called_off:
            raise self._called_off
        number, tree, handle = self._record.incarnation + 1, message.tree, message.terminal.handle
        kind = e.SessionWorking if number == 1 else e.SessionRestored
        await self.became(kind, tree=tree, handle=handle, incarnation=number)
        self._take(message.terminal)
        reply.answer()
        self._starter.answer(self._record)

    @_handle.register
    async def _start_failed(self, message: m.StartFailed, reply: Reply) -> None:
        error = self._called_off or message.error or Conflict("the start was called off")
        self._incarnation = None
        self._outbox.refuse("the agent was not started")
        if self._record.incarnation == 0:
            await self.became(e.SpawnUndone, reason=str(error))
            self._over = True
        elif self._record.phase is Phase.STOPPING:
            await self._killed(None)
        else:
            may_return = self._by_policy and not self._called_off
            await self._ended_unasked(None, f"it could not be restored: {error}", may_return)
        if self._start is None:  # nobody asked this server for it: it is settled, and that is all
            self._starter.answer()
        self._starter.refuse(error)
        self._answer_enders()

    @_handle.register
    async def _abandon(self, message: m.Abandon, reply: Reply) -> None:
        if message.start is not self._start:
            reply.answer()
        elif self._record.phase in {Phase.SPAWNING, Phase.STOPPING}:
            await self._call_off(Conflict("nobody waits for it any more"), reply)
        elif isinstance(message.start, m.Spawn):  # too late to undo, by a hair
            self._unwanted = True
            await self._kill(m.Kill(), reply)
        else:
            reply.answer()

    async def _call_off(self, error: EnnioError, reply: Reply) -> None:
        self._called_off = self._called_off or error
        self._enders.append(reply)
        if self._incarnation:
            self._incarnation.call_off()
        elif self._record.incarnation == 0:  # it was not even begun
            await self._start_failed(m.StartFailed(None), Reply())

    # Working.

    @_handle.register
    async def _send(self, message: m.Send, reply: Reply) -> None:
        if self._record.phase is not Phase.RUNNING:
            hint = "restore it first" if self._record.phase in STARTABLE else "there is nobody to read it"
            raise Conflict(f"{self._record.id} is {status(self._record)}, its agent does not run: {hint}")
        self._outbox.put(message.letter)
        reply.answer()

    @_handle.register
    async def _observed(self, message: m.Observed, reply: Reply) -> None:
        if self._record.phase is Phase.RUNNING:
            await self.became(e.ActivityChanged, activity=message.activity)

    # Ending.

    @_handle.register
    async def _kill(self, message: m.Kill, reply: Reply) -> None:
        phase = self._record.phase
        if phase in {Phase.DONE, Phase.KILLED}:
            self._clean()
            if self._cleaning and phase is Phase.DONE:  # nobody would go on with it after a crash
                self._enders.append(reply)
            else:
                reply.answer()
            return
        await self.became(e.KillRequested)
        if phase is Phase.SPAWNING:
            await self._call_off(Conflict(f"{self._record.id} was killed while it was being started"), reply)
        elif phase in STARTABLE:
            await self._killed(self._record.exit_code)
            reply.answer()
        else:
            self._end_agent(self._project.kill_grace, reply)

    @_handle.register
    async def _stop(self, message: m.Stop, reply: Reply) -> None:
        phase = self._record.phase
        if phase is Phase.SPAWNING:
            await self._call_off(Unavailable(message.reason), reply)
        elif phase is Phase.RUNNING:
            await self.became(e.StopRequested, reason=message.reason)
            self._end_agent(message.grace, reply)
        elif phase is Phase.STOPPING:
            self._end_agent(message.grace, reply)
        else:
            reply.answer()

    def strike(self, over: m.Limit | None = None) -> None:
        """End the agent, for a limit or a kill, before that is written down: it may be filling the disk."""
        if self._terminal:
            self._struck, self._over_limit = True, self._over_limit or over
            self._nursery.start_soon(self._terminal.stop, self._project.kill_grace)

    @_handle.register
    async def _limit(self, message: m.Limit, reply: Reply) -> None:
        if self._record.phase is not Phase.RUNNING:
            return
        exceeded = message.used > message.most
        kind = e.LimitExceeded if exceeded else e.LimitNear
        await self.became(kind, limit=message.name, used=message.used, most=message.most)
        if exceeded:
            self._end_agent(self._project.kill_grace, reply)

    def _end_agent(self, grace: float, reply: Reply) -> None:
        self._enders.append(reply)
        self._outbox.refuse(f"{self._record.id} is being ended")
        if self._terminal:
            self._nursery.start_soon(self._terminal.stop, grace)

    @_handle.register
    async def _agent_gone(self, message: m.AgentGone, reply: Reply) -> None:
        code = message.exit_code
        self._incarnation = self._terminal = None
        self._outbox.refuse(f"the agent of {self._record.id} has ended")
        if self._over_limit:  # it was struck, and that is told only now
            await self._limit(self._over_limit, Reply())
        why = self._record.stop_reason
        if self._record.phase is not Phase.STOPPING:
            if message.alone is not None:  # whatever it said to the signal: it was not done
                code = None
            await self._ended_unasked(code, how_it_ended(code, message.alone), not self._struck)
        elif why is None:
            await self._killed(code)
        else:
            await self.became(e.SessionExited, exit_code=code, reason=why)
        self._answer_enders()

    async def _ended_unasked(self, code: int | None, how: str, may_return: bool) -> None:
        """Note that no agent runs; start one again if that may be, and the project's policy says so."""
        policy, past = self._project.config.restart, self._record.restarts
        may_return = may_return and not self.retiring
        verdict = judge(policy, past, code, e.now()) if may_return else STAYS
        self._coming_back = verdict.restarts is not None
        if code == 0 and not verdict.so:
            await self.became(e.SessionFinished)
        else:
            await self.became(e.SessionExited, exit_code=code, reason=how + verdict.so)
        if verdict.restarts is not None and not self.retiring:
            self._by_policy = True
            await self.became(e.RestoreRequested, restarts=verdict.restarts)
            self._begin(self._project.start_within)
        self._coming_back = False

    async def _killed(self, exit_code: int | None) -> None:
        await self.became(e.SessionKilled, exit_code=exit_code)
        self._clean()
        self._over = not self._cleaning

    def _answer_enders(self) -> None:
        while self._enders:
            self._enders.pop().answer()

    # Clearing away.

    @_handle.register
    async def _leave(self, message: m.Leave, reply: Reply) -> None:
        if self._record.phase not in ENDED:
            raise Conflict(f"{self._record.id} is {status(self._record)}: only ended sessions can be pruned")
        self._clean()
        self._over = not self._cleaning
        self._leaver = reply

    def _clean(self) -> None:
        if self._record.tree and not self._cleaning:
            self._cleaning = True
            self._nursery.start_soon(self._remove_workspace, self._record.tree)

    async def _remove_workspace(self, tree: Tree) -> None:
        try:
            removal = await self._project.workspace.remove(tree)
        except EnnioError as error:
            removal = Removal(kept=str(error))
        await self.mailbox.tell(m.Cleaned(removal))

    @_handle.register
    async def _cleaned(self, message: m.Cleaned, reply: Reply) -> None:
        self._cleaning = False
        if message.removal.kept is None:
            await self.became(e.SessionCleaned, branch_kept=message.removal.branch_kept)
            self._over = self._record.phase is Phase.KILLED or self._leaver is not None
        self._answer_enders()
        if self._leaver:
            self._leaver.answer()
            self._leaver = None
