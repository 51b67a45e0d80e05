"""How a session is reached: ask and wait for the answer, or tell and go on."""

from types import TracebackType
from typing import Any

import trio

from .errors import EnnioError, SessionOver

_CAPACITY = 32


class Reply:
    """The way back to one asker; answered once, later answers are dropped.

    As a context manager it turns what is raised in the block into the answer. An `EnnioError` is the
    asker's alone; anything else is a bug, and goes on to whoever supervises.
    """

    def __init__(self) -> None:
        self._answered = trio.Event()
        self._value: Any = None
        self._error: Exception | None = None

    def answer(self, value: Any = None) -> None:
        """Give the asker what it asked for."""
        if not self._answered.is_set():
            self._value = value
            self._answered.set()

    def refuse(self, error: Exception) -> None:
        """Raise this where the asker waits."""
        if not self._answered.is_set():
            self._error = error
            self._answered.set()

    async def take(self) -> Any:
        """Wait for the answer."""
        await self._answered.wait()
        if self._error is not None:
            raise self._error
        return self._value

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, Exception):
            self.refuse(error)
        elif error is not None:
            self.refuse(SessionOver("the session ended while it was being asked"))
        return isinstance(error, EnnioError)


Inbox = trio.MemoryReceiveChannel[tuple[Any, Reply]]


class Mailbox:
    """A session's address. Hold it to talk to the session, and for nothing else."""

    def __init__(self, owner: str, outlet: trio.MemorySendChannel[tuple[Any, Reply]]) -> None:
        self._owner, self._outlet = owner, outlet

    @property
    def waiting(self) -> int:
        """How many messages its owner has not read yet, those included for which there is no room."""
        figures = self._outlet.statistics()
        return figures.current_buffer_used + figures.tasks_waiting_send

    async def ask(self, message: object) -> Any:
        """Deliver a message and wait for the answer; raise what the session raised over it.

        A cancelled asker stops waiting; what it asked for may still be done.
        """
        reply = Reply()
        await self._post(message, reply)
        return await reply.take()

    async def tell(self, message: object) -> None:
        """Deliver a message and go on."""
        await self._post(message, Reply())

    def hint(self, message: object) -> bool:
        """Deliver a message if there is room for it just now; return whether there was. Never waits."""
        try:
            self._outlet.send_nowait((message, Reply()))
        except (trio.WouldBlock, trio.BrokenResourceError):
            return False
        return True

    async def _post(self, message: object, reply: Reply) -> None:
        try:
            await self._outlet.send((message, reply))
        except trio.BrokenResourceError as error:
            raise SessionOver(f"{self._owner} is over: nobody answers there any more") from error


def open_mailbox(owner: str) -> tuple[Mailbox, Inbox]:
    """Return a new address, and the end at which its owner reads; errors call the owner by this name."""
    outlet, inbox = trio.open_memory_channel[tuple[Any, Reply]](_CAPACITY)
    return Mailbox(owner, outlet), inbox


def refuse_the_rest(inbox: Inbox, error: Exception) -> None:
    """Answer everyone whose message will not be read any more; then close the mailbox."""
    while True:
        try:
            _, reply = inbox.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            break
        reply.refuse(error)
    inbox.close()
