"""What operators are told of a session: stored with what it is about, given until that is settled."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial, singledispatchmethod

from . import events as e
from . import messages as m
from .config.reactions import NOTIFY
from .draft import Draft
from .errors import NotifierFailed, SessionOver
from .ids import event_id
from .mailbox import Reply
from .reactions import Due, done, was_done
from .records import Notice
from .visible import Visible
from .wording import summary, title_of

_MOST_WAITING = 64
"""So many notices of one session may wait for notifiers; the oldest are dropped for newer ones."""


class Noticing(Visible):
    """The part of a session that tells operators. A notifier that is slow or dead is in nobody's way."""

    @singledispatchmethod
    async def _handle(self, message: object, reply: Reply) -> None:
        await super()._handle(message, reply)

    def _tell_operators(self, draft: Draft, what: Due, text: str, *, escalated: bool = False) -> None:
        """Let a reaction be done by telling those who are to hear of it; it is an event if nobody is."""
        record, reaction = draft.record, what.reaction
        if escalated:
            draft.let(e.ReactionEscalated, reaction=what.name, cause=what.cause, words=text)
        else:
            self._trigger(draft, what, NOTIFY)
        draft.remember(reacted=done(record, what, e.now(), escalated=escalated))
        if not reaction.notifiers:
            return
        facts = summary(what.name, record.pull) if escalated else ""
        notice = Notice(
            id=event_id(),
            session_id=record.id,
            project_id=record.project_id,
            reaction=what.name,
            priority=_at_least_urgent(reaction.priority) if escalated else reaction.priority,
            title=title_of(what.name, record.project_id, record.pull, escalated=escalated),
            text="\n\n".join(part for part in (reaction.message or "", text, facts) if part),
            at=e.now(),
            url=record.pull.url if record.pull and what.name != "all-complete" else None,
            escalated=escalated,
            waiting=reaction.notifiers,
        )
        draft.remember(notices=(*record.notices, notice)[-_MOST_WAITING:])

    def _trigger(self, draft: Draft, what: Due, action: str) -> None:
        draft.let(e.ReactionTriggered, reaction=what.name, action=action, cause=what.cause, times=what.times)

    def _notice(self, draft: Draft, name: str, cause: str, text: str) -> None:
        """Let operators be told of something of the agent, once for each cause."""
        reaction = self._project.config.reactions[name]
        if reaction.enabled and not was_done(draft.record, name, cause):
            self._tell_operators(draft, Due(name, cause, 1, reaction), text)

    async def commit(self, draft: Draft) -> None:
        """Let all of a draft have happened, and hand on what operators are to be told with it."""
        known = {notice.id for notice in self._record.notices}
        await super().commit(draft)
        for notice in self._record.notices:
            if notice.id not in known:
                self._project.couriers.post(notice, self._told_of(notice))

    def _tell_operators_again(self) -> None:
        """Hand on what an earlier server had not brought to its end."""
        for notice in self._record.notices:
            self._project.couriers.post(notice, self._told_of(notice))

    def _told_of(self, notice: Notice) -> Callable[[str, NotifierFailed | None], Awaitable[None]]:
        return partial(self._report, notice)

    async def _report(self, notice: Notice, notifier: str, error: NotifierFailed | None) -> None:
        with suppress(SessionOver):  # nobody keeps its record any more
            await self.mailbox.tell(m.Noticed(notice, notifier, None if error is None else str(error)))

    @_handle.register
    async def _noticed(self, message: m.Noticed, reply: Reply) -> None:
        draft, told = Draft(self._record), (message.notifier, message.notice.reaction)
        if message.words is None:
            draft.let(e.NoticeGiven, notifier=told[0], reaction=told[1])
        else:
            draft.let(e.NotificationFailed, notifier=told[0], reaction=told[1], words=message.words)
        draft.remember(notices=tuple(_without(self._record.notices, message.notice.id, message.notifier)))
        await self.commit(draft)


def _without(notices: tuple[Notice, ...], notice_id: str, notifier: str) -> list[Notice]:
    """Return the notices that are still to be given once a notifier has nothing more to do with one."""
    left = [
        replace(one, waiting=tuple(name for name in one.waiting if name != notifier))
        if one.id == notice_id
        else one
        for one in notices
    ]
    return [one for one in left if one.waiting]


def _at_least_urgent(priority: str) -> str:
    return priority if priority == "critical" else "urgent"
