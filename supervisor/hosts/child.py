"""A program that was opened to be talked to."""

import signal

import trio

from ..errors import Survivor
from ..records import Usage
from .pipes import Sink, Source
from .process_tree import ProcessTree

_FORCE = 2.0
"""Seconds that letting go of a tree may take that nobody ended."""


class LocalProcess:
    """A program on this machine: `protocols.Process`."""

    def __init__(self, tree: ProcessTree, stdin: Sink, output: Source) -> None:
        self.pid, self.start = tree.kin.leader.pid, tree.kin.leader.start
        self._tree, self._stdin, self._output = tree, stdin, output

    async def write(self, data: bytes) -> int:
        """Wait until its input takes at least a byte, give it what fits, return how much that was.

        Cancelled: nothing was given. Raises `BrokenPipeError` once it reads no more.
        """
        try:
            return await self._stdin.write(data)
        except trio.ClosedResourceError as error:
            raise BrokenPipeError("its input was closed") from error

    def close_input(self) -> None:
        """Let it read to the end of its input."""
        self._stdin.close()

    async def read(self, limit: int) -> bytes:
        """Wait for output and return up to `limit` bytes of it; `b""` when no more can come."""
        try:
            return await self._output.read(limit)
        except trio.ClosedResourceError:
            return b""

    async def wait(self) -> int:
        """Wait until the program itself has ended; return its exit code, or minus the signal's number."""
        return await self._tree.leader.wait()

    async def stop(self, grace: float) -> None:
        """End it and all it started: SIGTERM, after `grace` seconds SIGKILL; return when nothing is left.

        Goes on trying for as long as anything is left. A second call joins the first, and shortens its
        grace where its own is shorter.
        """
        await self._tree.stop(grace)

    def survivors(self) -> tuple[Survivor, ...]:
        """What `stop` last saw and has not ended yet."""
        return self._tree.survivors()

    def usage(self) -> Usage | None:
        """What the tree took when it was last surveyed."""
        return self._tree.kin.usage

    async def aclose(self) -> None:
        """Let go of its descriptors. A tree that was not ended is ended now, as far as can be in 2 s."""
        if not self._tree.ended:
            self._tree.strike_group(signal.SIGKILL)
            with trio.move_on_after(_FORCE, shield=True):
                await self._tree.stop(0)
            self._tree.forget()
        self._stdin.close()
        self._output.close()
