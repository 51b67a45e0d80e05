"""Our ends of the pipes to a program: never blocking, never inherited, each step cancelled cleanly."""

import os
from contextlib import ExitStack

import trio

from ..errors import Unavailable


def open_pipe() -> tuple[int, int]:
    """Return a new pipe's reading and writing descriptor; neither is inherited.

    Raises `Unavailable` when no descriptor is left.
    """
    try:
        return os.pipe()
    except OSError as error:
        raise Unavailable(f"no pipe can be made now: {error.strerror}") from error


class End:
    """One end of a pipe, as a descriptor that is closed once."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor

    @property
    def name(self) -> str:
        """What /proc/PID/fd calls the pipe."""
        return f"pipe:[{os.fstat(self._descriptor).st_ino}]"

    def close(self) -> None:
        """Close it; whoever waits for it is woken with `trio.ClosedResourceError`."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            trio.lowlevel.notify_closing(descriptor)
            os.close(descriptor)

    def _open(self) -> int:
        if self._descriptor < 0:
            raise trio.ClosedResourceError("the pipe was closed")
        return self._descriptor


class Source(End):
    """The end to read from."""

    async def read(self, limit: int) -> bytes:
        """Wait for bytes and return up to `limit` of them; `b""` at the end. Cancelled: none were taken."""
        while True:
            await trio.lowlevel.wait_readable(self._open())
            data = self.read_now(limit)
            if data is not None:
                return data

    def read_now(self, limit: int) -> bytes | None:
        """Return what is there, up to `limit` bytes; `b""` at the end, None when there is nothing yet."""
        try:
            return os.read(self._open(), limit)
        except BlockingIOError:
            return None


class Sink(End):
    """The end to write to."""

    async def write(self, data: bytes) -> int:
        """Wait for room, write what fits and return how much that was. Cancelled: nothing was written.

        Raises `BrokenPipeError` once nobody can read it any more.
        """
        while True:
            await trio.lowlevel.wait_writable(self._open())
            await trio.lowlevel.checkpoint_if_cancelled()  # both at once: the cancellation counts
            try:
                return os.write(self._open(), data)
            except BlockingIOError:
                continue


def pipe_to(theirs: ExitStack, ours: ExitStack) -> tuple[int, Sink]:
    """Make a pipe to a program: the descriptor for it, which `theirs` closes, and our end, for `ours`."""
    reading, writing = open_pipe()
    theirs.callback(os.close, reading)
    sink = Sink(writing)
    ours.callback(sink.close)
    return reading, sink


def pipe_from(theirs: ExitStack, ours: ExitStack) -> tuple[int, Source]:
    """Make a pipe from a program, likewise."""
    reading, writing = open_pipe()
    theirs.callback(os.close, writing)
    source = Source(reading)
    ours.callback(source.close)
    return writing, source
