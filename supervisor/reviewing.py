"""The pull request of a session: what its code host tells is taken in, and reacted to once for each cause."""

from functools import singledispatchmethod
from pathlib import Path

import structlog
import trio

from . import events as e
from . import messages as m
from .config.reactions import MERGE, NOTIFY, SEND
from .draft import Draft
from .ending import Ending
from .lifecycle import STARTABLE, status
from .mailbox import Reply
from .news import news
from .outbox import Letter
from .preparing import merge, prepare
from .reactions import Due, cause_of, done, due, still_to_do, was_done
from .records import Phase, PullRequest, PullState, Reacted
from .review import digest
from .visible import ESCALATION
from .wording import summary

_log = structlog.get_logger()

_AGAIN = 1.0
"""Seconds until an agent is told that is just being started or ended."""


class Reviewing(Ending):
    """The part of a session that minds its pull request, whether an agent runs or not."""

    @singledispatchmethod
    async def _handle(self, message: object, reply: Reply) -> None:
        await super()._handle(message, reply)

    # What the code host tells.

    @_handle.register
    async def _seen(self, message: m.Seen, reply: Reply) -> None:
        if self._record.phase is Phase.KILLED or self._is_past(message.facts):
            return
        draft = Draft(self._record)
        if self._record.host_trouble is not None:
            draft.let(e.CodeHostBack)
        if message.facts is not None:
            self._facts = message.facts
            self._take_in(draft, message.facts)
        await self.commit(draft)
        await self._conclude()
        if message.facts is not None:
            await self._consider_reactions(message.facts)

    def _is_past(self, facts: PullRequest | None) -> bool:
        """Whether this is of a look that began before what is known by now: what is merged stays merged."""
        pull = self._record.pull
        if pull is not None and pull.state is PullState.MERGED:
            return True
        if facts is None or facts.state is PullState.OPEN:
            return False
        return facts.number <= self._record.passed_pull

    def _take_in(self, draft: Draft, facts: PullRequest) -> None:
        before, was = self._record.pull, status(self._record)
        pull = digest(facts, before, e.now())
        told = self._record.ci_told if before and before.number == pull.number else None
        for kind in news(before, pull, told):
            draft.let(kind, pull=pull)
        draft.remember(pull=pull)
        draft.remember(reacted=still_to_do(draft.record, before))
        self._tell_status(draft, was)

    def _tell_status(self, draft: Draft, was: str) -> None:
        if status(draft.record) != was:
            draft.let(e.StatusChanged, before=was, after=status(draft.record))

    @_handle.register
    async def _unseen(self, message: m.Unseen, reply: Reply) -> None:
        if self._record.phase is not Phase.KILLED and self._record.host_trouble is None:
            await self.became(e.CodeHostLost, words=message.words)

    @_handle.register
    async def _unannounced(self, message: m.Unannounced, reply: Reply) -> None:
        if self._record.phase is not Phase.KILLED:
            await self.became(e.TrackerFailed, words=message.words)

    # Reactions.

    async def _consider_reactions(self, facts: PullRequest) -> None:
        """Do what is due: at once what takes no time, the rest beside the session, which is told of it."""
        if self._record.phase is Phase.KILLED:
            return
        for what in list(due(self._record, self._project.config.reactions)):
            if what.name in self._preparing:
                continue
            if what.used_up and what.reaction.action == SEND:
                await self._escalate_now(what, f"the agent was told {what.told}")
            elif what.reaction.action == NOTIFY:
                draft = Draft(self._record)
                self._tell_operators(draft, what, summary(what.name, self._record.pull))
                await self.commit(draft)
            elif self._project.scm is not None:
                self._preparing[what.name] = scope = trio.CancelScope()
                self._nursery.start_soon(self._prepare, scope, what, facts)

    async def _prepare(self, scope: trio.CancelScope, what: Due, facts: PullRequest) -> None:
        """Do what takes time about a reaction, unless the session is killed meanwhile."""
        begin = merge if what.reaction.action == MERGE else prepare
        with scope:
            try:
                await begin(self._project, self._record, what, facts, self.mailbox)
            except Exception as error:  # it would end the session's task, and leave its agent to nobody
                _log.exception("a reaction has a bug", session_id=self._record.id, reaction=what.name)
                words = f"a bug of ennio ({type(error).__name__}); the server's log has it"
                await self.mailbox.tell(m.Unable(what, words))

    @_handle.register
    async def _reactable(self, message: m.Reactable, reply: Reply) -> None:
        self._preparing.pop(message.name, None)

    @_handle.register
    async def _react_to(self, message: m.React, reply: Reply) -> None:
        what = message.due
        if self._outdated(what):
            self._preparing.pop(what.name, None)
            if self._facts is not None:  # there may be another cause by now
                await self._consider_reactions(self._facts)
        elif self._record.phase is Phase.RUNNING and self._terminal is not None:
            self._preparing.pop(what.name, None)
            await self._tell_agent(what, message.text)
        elif self._record.phase in STARTABLE and not self._cleaning:
            self._preparing.pop(what.name, None)
            await self._start_to_tell(what, message.text)
        else:
            self._tell_later((what.name, what.cause), _AGAIN, message)

    def _outdated(self, what: Due) -> bool:
        """Whether what a reaction was prepared for is not so any more, or was done meanwhile."""
        return self._cause(what.name) != what.cause or was_done(self._record, what.name, what.cause)

    def _note_told(self, draft: Draft, what: Due) -> None:
        was, pull = status(self._record), self._record.pull
        assert pull is not None  # there is no cause without
        self._trigger(draft, what, what.reaction.action)
        if what.name == "ci-failed":
            draft.let(e.CiFixSent, pull=pull)
        elif what.name in {"changes-requested", "bugbot-comments"}:
            draft.let(e.ReviewCommentsSent, reaction=what.name)
        self._tell_status(draft, was)

    async def _tell_agent(self, what: Due, text: str) -> None:
        """Give a running agent the message of a reaction to its pull request."""
        draft = Draft(self._record)
        self._note_told(draft, what)
        await self._give(draft, what, text)

    async def _give(self, draft: Draft, what: Due, text: str) -> None:
        """Give a running agent a message, stored in the same step as its reaction: it is told once."""
        letter = Letter(text)
        draft.take(letter, awaits=self._has_turns, own=True)
        draft.remember(reacted=done(draft.record, what, e.now(), message=draft.record.messages))
        await self.commit(draft)
        self._outbox.put(letter)
        self._watch_for_escalation(what.name)

    async def _start_to_tell(self, what: Due, text: str) -> None:
        """Start the agent of a session again, with the message for its first words."""
        if self.retiring:  # the next server does it
            return
        if refusal := self._why_not_start():
            await self._escalate_now(what, f"its agent cannot be started to be told: {refusal}")
            return
        draft = Draft(self._record)
        self._note_told(draft, what)
        self._want_start(draft, text)
        self._open_with(text, draft)
        draft.remember(reacted=done(draft.record, what, e.now(), message=draft.record.messages))
        await self.commit(draft)
        self._begin(self._project.start_within)
        self._watch_for_escalation(what.name)

    def _want_start(self, draft: Draft, opening: str) -> None:
        """Let the agent be started again for these words, though nobody asked for it and waits for it."""
        self._start, self._starter, self._by_policy = None, Reply(), False
        draft.let(e.RestoreRequested, opening=opening, restarts=self._record.restarts)

    async def _ended_unasked(self, code: int | None, how: str, may_return: bool) -> None:
        """Note that no agent runs; start one again for what a reaction had to tell it and it never got."""
        opened = self._opening
        await super()._ended_unasked(code, how, may_return)
        letters = (one for one in self._outbox.waiting() if one.message and one.message.own)
        letter, pull = next(letters, None), self._record.pull
        if letter is None or letter is opened or self._record.phase not in STARTABLE:
            return  # what it was started for and did not read, it would not read the next time either
        if self.retiring or pull is None or not pull.open or self._why_not_start():
            return
        draft = Draft(self._record)
        self._want_start(draft, letter.text)
        self._opening = letter
        await self.commit(draft)
        self._begin(self._project.start_within)

    async def _give_up(self, letters: list[Letter], why: str) -> None:
        """Let nothing more become of letters; operators hear of what a reaction had to tell by them."""
        await super()._give_up(letters, why)
        if self._record.phase is Phase.STOPPING and self._record.stop_reason is None:
            return  # it is being killed: nobody misses that
        lost = {letter.message.number for letter in letters if letter.message}
        for name, reacted in list(self._record.reacted.items()):
            if reacted.message in lost and self._waits_for(name, reacted):
                what = Due(name, reacted.cause, reacted.times, self._project.config.reactions[name])
                await self._escalate_now(what, f"the agent did not get the message: {why}")

    def _why_not_start(self) -> str | None:
        record, tree = self._record, self._record.tree
        if tree is None or not Path(tree.path).is_dir():
            return "its workspace is gone"
        return self._project.ledger.refuse_restore(record.id, record.project_id, e.now())

    @_handle.register
    async def _merged(self, message: m.Merged, reply: Reply) -> None:
        what = message.due
        self._preparing.pop(what.name, None)
        if self._record.phase is Phase.KILLED:
            return
        draft = Draft(self._record)
        self._trigger(draft, what, MERGE)
        draft.let(e.MergeCompleted, number=message.number, head=message.head)
        draft.remember(reacted=done(draft.record, what, e.now()))
        await self.commit(draft)

    # Escalation.

    @_handle.register
    async def _unable(self, message: m.Unable, reply: Reply) -> None:
        what = message.due
        self._preparing.pop(what.name, None)
        due_still = self._cause(what.name) is not None
        if due_still and not was_done(self._record, what.name, what.cause):
            await self._escalate_now(what, message.words)

    async def _escalate_now(self, what: Due, words: str) -> None:
        draft = Draft(self._record)
        self._tell_operators(draft, what, words, escalated=True)
        await self.commit(draft)

    def _watch_for_escalation(self, name: str, at_least: float = 0.0) -> None:
        """Look later whether telling the agent has helped, in at least so many seconds."""
        reacted, reaction = self._record.reacted[name], self._project.config.reactions[name]
        if reaction.action == SEND and reaction.escalate_after is not None and not reacted.escalated:
            waited = (e.now() - reacted.at).total_seconds()
            later = m.Escalate(name, reacted.cause)
            seconds = max(at_least, reaction.escalate_after - waited)
            self._tell_later((ESCALATION, name), seconds, later)

    def _watch_again(self) -> None:
        """Go on waiting for what an earlier server's reactions lead to; what has changed is seen first."""
        for name, reacted in self._record.reacted.items():
            if self._project.scm is not None and self._waits_for(name, reacted):
                self._watch_for_escalation(name, 2 * self._project.poll_interval)

    @_handle.register
    async def _escalate(self, message: m.Escalate, reply: Reply) -> None:
        name, reacted = message.name, self._record.reacted.get(message.name)
        if reacted and reacted.cause == message.cause and self._waits_for(name, reacted):
            if self._record.host_trouble is not None and cause_of(name, self._record) is not None:
                self._tell_later((ESCALATION, name), self._project.poll_interval, message)
                return  # nobody knows whether it has helped
            reaction = self._project.config.reactions[name]
            what = Due(name, reacted.cause, reacted.times, reaction)
            seconds = f"{reaction.escalate_after:g} s"
            await self._escalate_now(what, f"nothing has changed in {seconds} since the agent was told")

    def _waits_for(self, name: str, reacted: Reacted) -> bool:
        """Whether what the agent was told of is still as it was."""
        pull = self._record.pull
        pushed = pull is not None and pull.head_since > reacted.at
        return not (reacted.escalated or pushed) and self._cause(name) == reacted.cause

    def _cause(self, name: str) -> str | None:
        """Return why a reaction would be due now, or None."""
        return cause_of(name, self._record) if self._record.phase is not Phase.KILLED else None
