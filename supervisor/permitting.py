"""The permissions that an agent asks for: each is answered once, by a rule, a person or the clock."""

from functools import partial, singledispatchmethod

from . import events as e
from . import messages as m
from . import observations as o
from .consequences import resolve
from .draft import Draft
from .errors import Conflict, NotFound, Unavailable
from .mailbox import Reply
from .noticing import Noticing
from .protocols import Asking
from .records import Approval
from .visible import APPROVAL


class Permitting(Noticing):
    """The part of a session that permits. What nobody answers in time is denied."""

    @singledispatchmethod
    async def _handle(self, message: object, reply: Reply) -> None:
        await super()._handle(message, reply)

    def _consider(self, approval: Approval) -> None:
        """Answer a permission as the project's rules say, or wait for somebody who does."""
        rules = self._project.config.approvals
        if rules.policy == "ask":
            late = m.Decide(approval.id, allow=False, by="its deadline")
            seconds = (approval.deadline - e.now()).total_seconds()
            self._tell_later((APPROVAL, approval.id), seconds, late)
        else:
            self._answer(approval, m.Decide(approval.id, rules.policy == "allow", "policy"), Reply())

    def _refuse_unless_noted(self, asked: o.Asked) -> None:
        """Deny what was asked for beyond what is kept, so that the agent does not wait for it."""
        run = self._incarnation
        if run is None or any(one.ask == asked.ask for one in self._record.approvals):
            return
        if isinstance(run.dialogue, Asking):
            words = "denied: too many permissions are asked for at once"
            run.speaking.say(run.dialogue.decide(asked.ask, allow=False, words=words))
        run.doing.answered(asked.ask)
        run.doing.changed.set()

    def _forget_answered(self) -> None:
        """Let nothing wait for permissions that nobody waits for any more."""
        waiting = {approval.id for approval in self._record.approvals}
        for kind, name in list(self._timers):
            if kind == APPROVAL and name not in waiting:
                self._cancel_timer((kind, name))

    @_handle.register
    async def _decide(self, message: m.Decide, reply: Reply) -> None:
        wanted = message.approval_id
        approval = next((one for one in self._record.approvals if one.id == wanted), None)
        if approval is None:
            raise NotFound(
                f"{self._record.id} waits for no approval {wanted}: it was answered, or never asked for"
            )
        if wanted in self._deciding:
            raise Conflict(f"approval {wanted} of {self._record.id} is being answered already")
        self._answer(approval, message, reply)

    def _answer(self, approval: Approval, message: m.Decide, reply: Reply) -> None:
        """Have the agent told; the answer is made only when it is written, as `Speaking` has it."""
        run = self._incarnation
        if run is None or self._terminal is None:
            raise Unavailable(f"the agent of {self._record.id} is still being taken over")
        decide = run.dialogue.decide if isinstance(run.dialogue, Asking) else _say_nothing
        words = f"denied by {message.by}"
        self._deciding[approval.id] = reply
        run.speaking.decide(
            partial(decide, approval.ask, allow=message.allow, words=words),
            m.Spoken(approval, message.allow, message.by, reply),
        )

    @_handle.register
    async def _spoken(self, message: m.Spoken, reply: Reply) -> None:
        approval, by = message.approval, message.by
        decision = "allow" if message.allow else "deny"
        self._deciding.pop(approval.id, None)
        if approval in self._record.approvals:
            draft = Draft(self._record)
            resolve(draft, approval, *((decision, by) if message.told else ("withdrawn", "its agent")))
            await self.commit(draft)
            self._forget_answered()
        if self._incarnation and self._incarnation.hearing:
            self._incarnation.doing.answered(approval.ask)
            self._incarnation.doing.changed.set()
        if message.told:
            message.reply.answer()
        else:
            gone = f"{self._record.id} does not wait for approval {approval.id} any more"
            message.reply.refuse(Conflict(gone))


def _say_nothing(ask: str, *, allow: bool, words: str) -> bytes:
    """Answer as a dialogue does that asks for no permissions."""
    return b""
