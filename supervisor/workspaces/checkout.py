"""A workspace that is made as a whole or not at all."""

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType

import trio

from ..errors import EnnioError
from ..records import Tree

_PATIENCE = 30.0


class Checkout(AbstractAsyncContextManager[Tree]):
    """The block of `Workspace.checkout`: `make` on the way in, `give_back` on any way out.

    A class and no generator: whoever keeps the workspace forgets this block without ending it, and a
    forgotten generator is ended by the garbage collector, which would take the workspace away.
    """

    @abstractmethod
    async def make(self) -> Tree:
        """Make the workspace. May fail or be cancelled anywhere in between."""

    @abstractmethod
    async def give_back(self) -> None:
        """Remove whatever `make` has made so far, with all that came into it since."""

    async def __aenter__(self) -> Tree:
        async with AsyncExitStack() as undo:
            undo.push_async_exit(self)
            tree = await self.make()
            undo.pop_all()
        return tree

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            with trio.fail_after(_PATIENCE, shield=True):
                await self.give_back()
        except Exception as failure:  # whatever it is, the first error is the one to be told
            words = f"what was made of the workspace could not be removed: {failure}"
            if error is None:
                raise EnnioError(words) from failure
            error.add_note(words)
