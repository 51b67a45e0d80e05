"""The conversation of a session: messages to its agent, what that shows, and the permissions it asks for."""

from dataclasses import replace
from functools import singledispatchmethod

from . import events as e
from . import messages as m
from . import observations as o
from .consequences import Facts, follow, resolve
from .draft import Draft
from .errors import Conflict, Invalid, TooMany, Unavailable
from .lifecycle import STARTABLE, status
from .mailbox import Reply
from .outbox import Letter
from .permitting import Permitting
from .protocols import Interruptible, Steerable
from .records import Activity, MessageState, Mode, Phase
from .visible import RELEASE

_MOST_WAITING = 256
"""So many messages may wait for one agent that has turns."""
_GO_ON = "The usage limit is over. Go on where you left off."


class Conversing(Permitting):
    """The part of a session that talks. Events come in the order in which the agent shows what they tell."""

    @singledispatchmethod
    async def _handle(self, message: object, reply: Reply) -> None:
        await super()._handle(message, reply)

    # Messages.

    @_handle.register
    async def _send(self, message: m.Send, reply: Reply) -> None:
        letter = message.letter
        if self._record.phase is Phase.RUNNING and self._terminal is None:
            raise Unavailable(f"the agent of {self._record.id} is still being taken over")
        if self._record.phase is not Phase.RUNNING or self._incarnation is None:
            hint = "restore it first" if self._record.phase in STARTABLE else "there is nobody to read it"
            raise Conflict(f"{self._record.id} is {status(self._record)}, its agent does not run: {hint}")
        dialogue = self._incarnation.dialogue
        self._check(letter.mode, dialogue)
        if dialogue.turns:
            if len(self._outbox) >= _MOST_WAITING:
                raise TooMany(f"{self._record.id} has {_MOST_WAITING} messages waiting for its agent")
            await self._store(letter)
            letter.reply.answer(letter.message)
        if letter.mode is Mode.INTERRUPT and isinstance(dialogue, Interruptible):
            self._incarnation.speaking.say(dialogue.interrupt())
        self._outbox.put(letter, first=letter.mode is not Mode.QUEUE)
        reply.answer()

    def check(self, mode: Mode) -> None:
        """Raise `Invalid` for a way to send that the agent does not know, as far as an agent runs."""
        run = self._incarnation
        if run is not None and run.hearing is not None:
            self._check(mode, run.dialogue)

    def _check(self, mode: Mode, dialogue: object) -> None:
        agent = self._project.agent.name
        if mode is Mode.STEER and not isinstance(dialogue, Steerable):
            raise Invalid(f"the agent {agent} takes nothing in the middle of a turn: send with mode queue")
        if mode is Mode.INTERRUPT and not isinstance(dialogue, Interruptible):
            raise Invalid(f"the agent {agent} cannot be interrupted: send with mode queue, or kill it")

    async def _store(self, letter: Letter) -> None:
        draft = Draft(self._record)
        draft.take(letter, awaits=self._has_turns)
        await self.commit(draft)

    def _open_with(self, opening: str | None, draft: Draft) -> None:
        """Let what the agent is started for be a message like any other."""
        self._opening = None
        if opening:
            self._opening = Letter(opening)
            draft.take(self._opening, awaits=False)
            self._outbox.put(self._opening)

    @property
    def _has_turns(self) -> bool:
        run = self._incarnation
        return run is not None and run.hearing is not None and run.dialogue.turns

    @_handle.register
    async def _writing(self, message: m.Writing, reply: Reply) -> None:
        letter = message.letter
        if self._record.phase is not Phase.RUNNING:
            raise Conflict(f"the agent of {self._record.id} is being ended")
        if message.place is None:  # it is given back
            self._told.remove(letter)
            self._outbox.put(letter, first=True)
        else:
            self._outbox.remove(letter)
            self._told.append(letter)
        draft = Draft(self._record)
        if letter.message is None:
            draft.take(letter, awaits=self._has_turns)
        assert letter.message is not None
        place, incarnation = message.place, self._record.incarnation
        draft.keep(letter, replace(letter.message, incarnation=incarnation, place=place))
        await self.commit(draft)
        reply.answer()

    @_handle.register
    async def _written(self, message: m.Written, reply: Reply) -> None:
        draft, letter = Draft(self._record), message.letter
        if letter.message and letter.message.state is MessageState.QUEUED:
            draft.move(letter, MessageState.WRITTEN)
        if self._record.phase in {Phase.RUNNING, Phase.STOPPING}:
            draft.took_in(message.mark)
        await self.commit(draft)
        self._settle(letter)
        letter.reply.answer(letter.message)

    @_handle.register
    async def _withdrawn(self, message: m.Withdrawn, reply: Reply) -> None:
        await self._give_up([message.letter], message.why)

    async def _give_up(self, letters: list[Letter], why: str) -> None:
        """Let nothing more become of these letters."""
        draft = Draft(self._record)
        for letter in letters:
            self._outbox.remove(letter)
            draft.move(letter, MessageState.FAILED, why)
        await self.commit(draft)
        for letter in letters:
            letter.refuse(Conflict(f"{self._record.id} did not get the message: {why}"))
            self._settle(letter)

    def _settle(self, letter: Letter) -> None:
        """Tell whoever waits for it, once no more will become of a letter."""
        if letter.message is None or letter.message.open:
            return
        if letter in self._told:
            self._told.remove(letter)
        if letter.message.state is MessageState.ACCEPTED:
            letter.accepted.answer(letter.message)
        elif letter.message.state is MessageState.FAILED:
            letter.accepted.refuse(Conflict(f"{letter.message.id} has failed: {letter.message.reason}"))

    # What the agent shows.

    @_handle.register
    async def _heard(self, message: m.Heard, reply: Reply) -> None:
        if self._record.phase not in {Phase.RUNNING, Phase.STOPPING}:
            return
        draft, told = Draft(self._record), list(self._told)
        for seen in message.seen:
            follow(seen, draft, Facts(self._project, told))
        draft.took_in(message.mark)
        before = {approval.id for approval in self._record.approvals}
        self._tell_of_asked(draft, before)
        await self.commit(draft)
        for letter in told:
            self._settle(letter)
        self._forget_answered()
        for approval in self._record.approvals:
            if approval.id not in before:
                self._consider(approval)
        for seen in message.seen:
            self._react(seen)

    def _react(self, seen: o.Observation) -> None:
        if isinstance(seen, o.Asked):
            self._refuse_unless_noted(seen)
        elif isinstance(seen, o.UsageLimited) and self._record.held_until:
            self._hold()
        elif isinstance(seen, o.Refused):
            self._dismiss(f"it cannot be talked to: {seen.words}")

    @_handle.register
    async def _observed(self, message: m.Observed, reply: Reply) -> None:
        now = (self._record.activity, self._record.activity_reason)
        if self._record.phase is not Phase.RUNNING or (message.activity, message.reason) == now:
            return
        draft = Draft(self._record)
        draft.let(e.ActivityChanged, activity=message.activity, reason=message.reason)
        if message.activity is Activity.WAITING_INPUT and not self._record.approvals:
            cause = f"{self._record.incarnation}.{self._record.turns}.{self._record.messages}"
            self._notice(draft, "agent-needs-input", cause, message.reason or "it waits for input")
        await self.commit(draft)

    def _tell_of_asked(self, draft: Draft, before: set[str]) -> None:
        """Have operators told of permissions that only they can give."""
        for approval in draft.record.approvals:
            if approval.id not in before and self._project.config.approvals.policy == "ask":
                cause = f"{draft.record.incarnation}.{approval.id}"
                words = f"It asks for {approval.tool}: {approval.summary}"
                self._notice(draft, "agent-needs-input", cause, words)

    def _hold(self) -> None:
        """Give agents of this name nothing until the account's usage limit is over; then go on."""
        until = self._record.held_until
        assert until is not None
        self._project.accounts.hold(self._project.agent.name, until)
        if self._incarnation and self._incarnation.hearing:  # what waits comes after the word to go on
            self._incarnation.speaking.hold_back(True)
        self._tell_later(RELEASE, (until - e.now()).total_seconds(), m.Released())

    @_handle.register
    async def _released(self, message: m.Released, reply: Reply) -> None:
        left = self._project.accounts.left(self._project.agent.name)
        if self._record.phase is not Phase.RUNNING or self._record.held_until is None:
            return
        if left:  # somebody was told of a later time
            self._tell_later(RELEASE, left, message)
            return
        draft, letter = Draft(self._record), Letter(_GO_ON)
        draft.let(e.UsageLimitOver)
        draft.take(letter, awaits=self._has_turns)
        await self.commit(draft)
        self._outbox.put(letter, first=True)
        if self._incarnation:
            self._incarnation.speaking.hold_back(False)

    def _dismiss(self, why: str) -> None:
        """The agent is of no use: end it."""
        self._nursery.start_soon(self.mailbox.tell, m.Stop(why, self._project.kill_grace))

    # Over.

    async def _conversation_over(self, why: str, *, keeps: bool) -> None:
        """Let nobody wait for an agent that is gone; with `keeps`, what it was not given waits."""
        draft = Draft(self._record)
        for approval in draft.record.approvals:
            resolve(draft, approval, "withdrawn", "the end of its agent")
        await self.commit(draft)
        self._forget_answered()
        self._cancel_timer(RELEASE)
        for reply in self._deciding.values():
            reply.refuse(Conflict(why))
        self._deciding.clear()
        told, self._told = self._told, []
        draft = Draft(self._record)
        for letter in reversed(told):
            if keeps and not letter.begun and letter.message and letter.message.state is MessageState.QUEUED:
                draft.keep(letter, replace(letter.message, place=None))
                self._outbox.put(letter, first=True)
        await self.commit(draft)
        given = [letter for letter in told if letter not in self._outbox.waiting()]
        unread = [one for one in given if one.message and one.message.state is MessageState.QUEUED]
        await self._give_up(unread, "its agent ended before it had read the message")
        await self._give_up([one for one in given if one not in unread], f"delivery unknown: {why}")
        if not keeps:
            await self._give_up(list(self._outbox.waiting()), why)
