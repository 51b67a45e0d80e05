"""How a session ends: killed, stopped, past a limit or a budget, or by itself; and then its workspace."""

from functools import singledispatchmethod

from . import events as e
from . import messages as m
from .conversing import Conversing
from .draft import Draft
from .errors import Conflict, EnnioError, Unavailable
from .lifecycle import OVER, STARTABLE, ended, status
from .mailbox import Reply
from .protocols import Removal
from .records import Phase, PullState, Tree
from .restarts import STAYS, how_it_ended, judge


class Ending(Conversing):
    """The part of a session that ends. A kill is heard whatever else is going on."""

    @singledispatchmethod
    async def _handle(self, message: object, reply: Reply) -> None:
        await super()._handle(message, reply)

    @_handle.register
    async def _kill(self, message: m.Kill, reply: Reply) -> None:
        phase = self._record.phase
        if phase in OVER and ended(self._record):
            self._clean()
            if self._cleaning and phase is Phase.DONE:  # nobody would go on with it after a crash
                self._enders.append(reply)
            else:
                reply.answer()
            return
        if phase is Phase.STOPPING and self._record.stop_reason is not None and ended(self._record):
            self._end_agent(self._project.kill_grace, reply)  # it is merged or done, and stays that
            return
        await self.became(e.KillRequested)
        for scope in self._preparing.values():
            scope.cancel()
        self._preparing.clear()
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

    @_handle.register
    async def _over_budget(self, message: m.OverBudget, reply: Reply) -> None:
        if self._record.phase is Phase.RUNNING:
            kind = e.BudgetExceeded if message.exceeded else e.BudgetNear
            await self.became(kind, words=message.words)
            if message.exceeded:
                self._end_agent(self._project.kill_grace, reply)

    def _refuse_letters(self, why: str) -> None:
        """Let nobody wait for what the agent will not be given; what is stored is settled once it is gone."""
        for letter in self._outbox.waiting():
            letter.refuse(Conflict(why))
            if letter.message is None:
                self._outbox.remove(letter)

    def _end_agent(self, grace: float, reply: Reply) -> None:
        self._enders.append(reply)
        if not self._has_turns:
            self._refuse_letters(f"{self._record.id} is being ended")
        if self._terminal and self._incarnation:
            self._nursery.start_soon(self._incarnation.end, self._terminal, grace)

    @_handle.register
    async def _agent_gone(self, message: m.AgentGone, reply: Reply) -> None:
        code, phase = message.exit_code, self._record.phase
        killed = phase is Phase.STOPPING and self._record.stop_reason is None
        keeps = self._has_turns and not killed
        await self._conversation_over(f"the agent of {self._record.id} has ended", keeps=keeps)
        self._incarnation = self._terminal = None
        if self._over_limit:  # it was struck, and that is told only now
            await self._limit(self._over_limit, Reply())
        why = self._record.stop_reason
        if self._record.phase is not Phase.STOPPING:
            if message.alone is not None:  # whatever it said to the signal: it was not done
                code = None
            await self._ended_unasked(code, how_it_ended(code, message.alone), not self._struck)
        elif why is None:
            await self._killed(code)
        elif ended(self._record):
            await self.became(e.SessionConcluded, exit_code=code, reason=why)
        else:
            await self._exited(code, why, missed=not self.retiring)
        await self._conclude()
        self._answer_enders()

    async def _exited(self, code: int | None, why: str, *, missed: bool) -> None:
        """Note that no agent runs; with `missed` operators are told, unless its work is done anyway."""
        draft, pull = Draft(self._record), self._record.pull
        draft.let(e.SessionExited, exit_code=code, reason=why)
        if missed and (pull is None or pull.open):
            self._notice(draft, "agent-exited", f"{self._record.incarnation} {e.now().isoformat()}", why)
        await self.commit(draft)

    async def _ended_unasked(self, code: int | None, how: str, may_return: bool) -> None:
        """Note that no agent runs; start one again if that may be, and the project's policy says so."""
        policy, past = self._project.config.restart, self._record.restarts
        may_return = may_return and not (self.retiring or ended(self._record))
        verdict = judge(policy, past, code, e.now()) if may_return else STAYS
        self._coming_back = verdict.restarts is not None
        if code == 0 and not verdict.so:
            await self.became(e.SessionFinished)
        else:
            missed = verdict.restarts is None and not self.retiring
            await self._exited(code, how + verdict.so, missed=missed)
        if verdict.restarts is not None and not self.retiring:
            self._by_policy, self._opening = True, None
            await self.became(e.RestoreRequested, restarts=verdict.restarts)
            self._begin(self._project.start_within)
        self._coming_back = False

    async def _killed(self, exit_code: int | None) -> None:
        await self._conversation_over("the session was killed", keeps=False)
        draft = Draft(self._record)
        draft.let(e.SessionKilled, exit_code=exit_code)
        draft.remember(notices=())  # they are on their way; nobody would note that they were given
        await self.commit(draft)
        self._clean()
        self._over = not self._cleaning

    async def _conclude(self) -> None:
        """End what a decided pull request has no use for: the agent, and once merged the clean workspace."""
        record = self._record
        if record.pull is None or record.pull.open:
            return
        why = f"its pull request {record.pull.number} was {record.pull.state}"
        if record.phase is Phase.RUNNING:
            await self.became(e.StopRequested, reason=why)
            self._end_agent(self._project.kill_grace, Reply())
        elif record.phase in STARTABLE - {Phase.DONE}:
            await self.became(e.SessionConcluded, exit_code=record.exit_code, reason=why)
        if self._record.phase is Phase.DONE and record.pull.state is PullState.MERGED:
            self._clean()

    def _answer_enders(self) -> None:
        while self._enders:
            self._enders.pop().answer()

    # Clearing away.

    @_handle.register
    async def _leave(self, message: m.Leave, reply: Reply) -> None:
        if not (self._record.phase in OVER and ended(self._record)):
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

    async def _call_off(self, error: EnnioError, reply: Reply) -> None:
        self._called_off = self._called_off or error
        self._enders.append(reply)
        if self._incarnation:
            self._incarnation.call_off()
        elif self._record.incarnation == 0:  # it was not even begun
            await self.mailbox.tell(m.StartFailed(None))
