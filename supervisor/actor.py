"""A trio task that answers its mail: what every actor has, whatever it owns."""

import trio

from .errors import SessionOver
from .mailbox import Reply, open_mailbox, refuse_the_rest


class Actor:
    """One task and the mailbox that reaches it; only that task changes what the actor owns.

    Handlers must not wait for the outside world: what takes time is done by tasks in the actor's own
    nursery, which report back by mail. So the next message is always heard at once.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.mailbox, self._inbox = open_mailbox(name)
        self._nursery: trio.Nursery
        self._over = False

    async def run(self) -> None:
        """Answer the mail until the actor is over. Whatever ends this, no asker is left waiting."""
        last_words: Exception = SessionOver(f"{self.name} is over: nobody answers there any more")
        try:
            async with trio.open_nursery() as self._nursery:
                await self._answer_mail()
                self._nursery.cancel_scope.cancel()
        except Exception as error:
            last_words = error
            raise
        finally:
            refuse_the_rest(self._inbox, last_words)
            for reply in self._unanswered():
                reply.refuse(last_words)

    async def _answer_mail(self) -> None:
        try:
            while not self._over:
                message, reply = await self._inbox.receive()
                with reply:
                    await self._handle(message, reply)
        except Exception:
            with trio.CancelScope(shield=True):
                await self._let_go()
            raise

    async def _handle(self, message: object, reply: Reply) -> None:
        """Act on one message. The reply may be answered now, or later by another message's handler."""
        raise TypeError(f"{type(self).__name__} does not understand {message!r}")

    async def _let_go(self) -> None:
        """A handler has a bug: see that nothing outside goes on unowned."""

    def _unanswered(self) -> list[Reply]:
        """Return the replies that were put off and that somebody may still wait for."""
        return []
