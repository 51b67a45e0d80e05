"""What becomes of a session by what only others see: that nothing is heard of it, that it was the last."""

from functools import singledispatchmethod

from . import events as e
from . import messages as m
from .config.reactions import NOTIFY
from .draft import Draft
from .mailbox import Reply
from .reactions import Due, done, was_done
from .records import Phase
from .reviewing import Reviewing
from .wording import opening_of

_EVIDENCE = 5
"""So much of what was seen last of an agent is told of one that seems to be stuck."""


class Overseen(Reviewing):
    """The part of a session that is told what a look over all sessions shows."""

    @singledispatchmethod
    async def _handle(self, message: object, reply: Reply) -> None:
        await super()._handle(message, reply)

    def _cause(self, name: str) -> str | None:
        """Return why a reaction would be due now, or None."""
        if name != "agent-stuck":
            return super()._cause(name)
        if self._record.phase is not Phase.RUNNING:
            return None
        seen = self.record.last_activity_at or self._record.started_at
        return f"{self._record.incarnation} {seen:%Y-%m-%dT%H:%M:%S}" if seen else None

    @_handle.register
    async def _stuck(self, message: m.Stuck, reply: Reply) -> None:
        reaction, cause = self._project.config.reactions["agent-stuck"], self._cause("agent-stuck")
        if cause is None or not reaction.enabled or was_done(self._record, "agent-stuck", cause):
            return
        last = self._record.reacted.get("agent-stuck")
        what = Due("agent-stuck", cause, last.times + 1 if last else 1, reaction)
        if what.used_up:
            await self._escalate_now(what, f"it was told to go on {what.told}")
            return
        if reaction.action != NOTIFY:
            draft = Draft(self._record)
            self._trigger(draft, what, reaction.action)
            await self._give(draft, what, opening_of(what))
            return
        draft = Draft(self._record)
        lines = [f"{one.at:%H:%M:%S} {one.what}" for one in self.evidence()[-_EVIDENCE:]]
        seen = "\n".join(["What was seen last:", *lines]) if lines else "Nothing was ever seen of it."
        self._tell_operators(draft, what, f"Nothing was heard of it for {message.seconds:.0f} s. {seen}")
        await self.commit(draft)

    @_handle.register
    async def _complete(self, message: m.Complete, reply: Reply) -> None:
        if self._record.phase is not Phase.DONE:
            return
        reaction = self._project.config.reactions["all-complete"]
        draft, complete = Draft(self._record), len(message.lines)
        if message.lines:
            draft.let(e.AllComplete, complete=complete)
        what = Due("all-complete", draft.record.id, 1, reaction)
        words = f"Complete since the last time: {complete}."
        if reaction.include_summary:
            words = "\n".join([words, *message.lines])
        if message.lines and reaction.enabled:
            self._tell_operators(draft, what, words)
        else:  # so that they are not counted again
            draft.remember(reacted=done(draft.record, what, e.now()))
        await self.commit(draft)
