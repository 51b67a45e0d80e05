"""The actor: one trio task that owns one agent, and the mailbox that reaches it."""

from dataclasses import replace
from functools import singledispatchmethod
from pathlib import Path

from . import events as e
from . import messages as m
from .draft import Draft
from .errors import Conflict
from .incarnation import Incarnation
from .lifecycle import AT_WORK, STARTABLE, TRANSITIONS, status
from .mailbox import Reply
from .overseen import Overseen
from .protocols import Terminal
from .reactions import undone
from .records import MessageState, Phase, PullState


class Session(Overseen):
    """One agent at work. Everyone reaches it through its mailbox; only its own task changes it.

    It never waits for the agent, so that a kill is always heard at once. This is how it begins, and begins
    again; how it talks is `Conversing`'s matter, how it ends is `Ending`'s.
    """

    async def crashed(self, error: Exception) -> "Session":
        """Note that its task failed, after which no agent of it runs; return who goes on in its place."""
        keeps, draft = self._has_turns, Draft(self._record)
        if e.SessionCrashed in TRANSITIONS[self._record.phase]:
            draft.let(e.SessionCrashed, reason=f"a bug of ennio: {error!r}")
        for letter in self._told:
            draft.move(letter, MessageState.FAILED, "delivery unknown: the session's task failed")
        waiting = self._outbox.waiting()
        if not keeps:
            for letter in waiting:
                draft.move(letter, MessageState.FAILED, "the session's task failed")
        await self.commit(draft)
        messages = [one.message for one in waiting if one.message and one.message.open]
        return Session(self._record, self._project, self._journal, messages=messages)

    async def _let_go(self) -> None:
        if self._terminal is not None:
            await self._terminal.stop(0)

    def _unanswered(self) -> list[Reply]:
        letters = [*self._outbox.waiting(), *self._told]
        waiting = [reply for letter in letters for reply in (letter.reply, letter.accepted)]
        return [
            self._starter,
            *self._enders,
            *self._deciding.values(),
            *filter(None, [self._leaver]),
            *waiting,
        ]

    # Starting.

    @singledispatchmethod
    async def _handle(self, message: object, reply: Reply) -> None:
        await super()._handle(message, reply)

    @_handle.register
    async def _spawn(self, message: m.Spawn, reply: Reply) -> None:
        self._starter = reply
        opening = self._project.first_prompt(self._record, message.issue)
        draft = Draft(self._record)
        draft.let(e.SessionSpawned, agent_name=self._record.agent_name, opening=opening)
        self._open_with(opening, draft)
        await self.commit(draft)
        self._begin()

    @_handle.register
    async def _restore(self, message: m.Restore, reply: Reply) -> None:
        record, tree = self._record, self._record.tree
        merged = record.pull is not None and record.pull.state is PullState.MERGED
        if record.phase not in STARTABLE or self._cleaning or merged:
            why = (
                "only a session whose agent does not run, and that was not killed or merged, can be restored"
            )
            raise Conflict(f"{record.id} is {status(record)}: {why}")
        if tree is None or not Path(tree.path).is_dir():
            raise Conflict(f"the workspace of {record.id} is gone: spawn a new session on its branch")
        self._start, self._starter, self._by_policy = message, reply, False
        draft = Draft(record)
        if record.pull is not None and not record.pull.open:  # what comes of this start is another one
            draft.remember(pull=None, passed_pull=record.pull.number, ci_told=None)
        draft.let(e.RestoreRequested, opening=message.prompt, restarts=record.restarts)
        self._open_with(message.prompt, draft)
        await self.commit(draft)
        self._begin()

    @_handle.register
    async def _recover(self, message: m.Recover, reply: Reply) -> None:
        phase = self._record.phase
        if phase is not Phase.KILLED:  # whoever killed it knows, and nobody would note that it was given
            self._tell_operators_again()
            self._watch_again()
        if phase in AT_WORK:
            self._starter = reply
            if phase is Phase.SPAWNING:  # whoever asked for this start is gone, with what they had to say
                latest = reversed(self._outbox.waiting())
                self._opening = next((one for one in latest if one.text == self._record.opening), None)
            self._incarnation = Incarnation(self._project, self._record, self.mailbox, self._outbox)
            self._nursery.start_soon(self._incarnation.recover)
            return
        placed = [one for one in self._outbox.waiting() if one.message and one.message.place is not None]
        await self._give_up(placed, "delivery unknown: the server died")
        tree = self._record.tree
        if phase is Phase.KILLED or (phase is Phase.DONE and tree and not Path(tree.path).is_dir()):
            self._clean()
            self._over = phase is Phase.KILLED and not self._cleaning
        await self._conclude()
        reply.answer()

    @_handle.register
    async def _agent_adopted(self, message: m.AgentAdopted, reply: Reply) -> None:
        await self._go_on_with_letters(message.terminal, message.gone)
        self._take(message.terminal)
        policy = self._project.config.approvals.policy
        reply.answer()
        self._starter.answer()
        for approval in self._record.approvals:
            by = "policy" if policy == "allow" else "a restart of the server"
            self._answer(approval, m.Decide(approval.id, policy == "allow", by), Reply())
        if self._record.held_until:
            self._hold()
        if self._record.phase is Phase.STOPPING:
            self._end_agent(self._project.kill_grace, Reply())
        await self._conclude()

    async def _go_on_with_letters(self, terminal: Terminal, gone: bool) -> None:
        """Tell of each letter whether the agent got it from an earlier server, or is still to get it."""
        assert self._incarnation is not None
        draft, turns = Draft(self._record), self._incarnation.dialogue.turns
        for letter in self._outbox.waiting():
            message = letter.message
            assert message is not None  # it comes from the journal
            if message.place is None or message.incarnation != self._record.incarnation:
                continue
            if message.state is MessageState.WRITTEN or message.place <= terminal.taken:
                if message.state is MessageState.QUEUED:  # which was not written down any more
                    self._incarnation.speaking.was_given(letter)
                    draft.move(letter, MessageState.WRITTEN)
                self._outbox.remove(letter)
                if letter.message and letter.message.open:
                    self._told.append(letter)
            elif gone and not terminal.taken:
                self._outbox.remove(letter)
                draft.move(letter, MessageState.FAILED, "delivery unknown: the server and the agent died")
            elif not (turns or message.own or letter.text == self._record.opening):
                # its sender was told nothing
                self._outbox.remove(letter)
                draft.move(letter, MessageState.FAILED, "the server died before it was written")
            else:  # another one may get its place
                draft.keep(letter, replace(message, place=None))
        await self.commit(draft)

    @_handle.register
    async def _agent_started(self, message: m.AgentStarted, reply: Reply) -> None:
        if self._called_off:
            raise self._called_off
        number, tree, handle = self._record.incarnation + 1, message.tree, message.terminal.handle
        kind = e.SessionWorking if number == 1 else e.SessionRestored
        draft = Draft(self._record)
        draft.let(kind, tree=tree, handle=handle, incarnation=number)
        for letter in self._outbox.waiting():
            if message.told and letter is self._opening:  # its command line held it
                self._outbox.remove(letter)
                draft.move(letter, MessageState.WRITTEN)
            elif letter.message and self._has_turns:
                draft.keep(letter, replace(letter.message, awaits=True))
        if number == 1 and tree.warning:
            draft.let(e.BaseStale, words=tree.warning)
        if draft.record.held_until and draft.record.held_until <= e.now():  # over while no agent ran
            draft.let(e.UsageLimitOver)
        await self.commit(draft)
        self._take(message.terminal)
        reply.answer()
        self._starter.answer(self._record)
        if self._record.held_until:
            self._hold()
        await self._conclude()

    @_handle.register
    async def _start_failed(self, message: m.StartFailed, reply: Reply) -> None:
        error = self._called_off or message.error or Conflict("the start was called off")
        self._incarnation = None
        new = self._record.incarnation == 0
        given_up = self._outbox.waiting() if new else filter(None, [self._opening])
        if message.died and self._opening and self._opening.message:  # what it was to be told is still due
            draft = Draft(self._record)
            draft.remember(reacted=undone(self._record, self._opening.message.number))
            await self.commit(draft)
        await self._give_up(list(given_up), "the agent was not started")
        if new:
            await self.became(e.SpawnUndone, reason=str(error))
            self._over = True
        elif self._record.phase is Phase.STOPPING:
            await self._killed(None)
        else:
            may_return = self._by_policy and not self._called_off
            await self._ended_unasked(None, f"it could not be restored: {error}", may_return)
            await self._conclude()
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
