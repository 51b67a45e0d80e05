"""What the server hears of a pane's recorder: that its log has grown, and that nothing more will come."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import trio

from ..errors import Unavailable
from ..records import Hold

_READY = 10.0
"""Seconds within which a recorder has to be ready."""

_LOOK = 0.01
"""Seconds between two looks whether it is."""

_STEP = 65536


class Recording:
    """The FIFO in a run folder by which a recorder tells, read by one task at a time."""

    def __init__(self, hold: Hold, folder: str) -> None:
        self._hold, self._path = hold, f"{folder}/news"
        self._descriptor = -1
        self.more = trio.Event()
        self.over = False
        """Whether nothing more will come."""
        self.heard_at = -1.0

    def make(self) -> None:
        """Make the FIFO, for a new recorder, and listen. Raises `Unavailable`."""
        try:
            os.mkfifo(self._path, 0o600)
        except OSError as error:
            session_id, why = self._hold.session_id, error.strerror
            raise Unavailable(f"the output of {session_id} cannot be recorded: {why}") from error
        self.listen()

    def listen(self) -> None:
        """Listen to a recorder that may be there already. Without a FIFO nothing will ever come."""
        with suppress(OSError):
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags)

    def command(self) -> tuple[str, ...]:
        """Return what runs a recorder, but for the terminal and its process, which come last."""
        program = Path(__file__).with_name("recorder.py")
        output = os.path.abspath(self._hold.output)
        words = (str(program), os.path.abspath(self._path), output, str(self._hold.keep_bytes))
        return (sys.executable, "-I", "-S", *words)

    async def ready(self) -> None:
        """Wait until the recorder loses nothing any more. Raises `Unavailable`."""
        with trio.move_on_after(_READY):
            while True:
                if await self._heard():
                    return
                await trio.sleep(_LOOK)
        session_id = self._hold.session_id
        raise Unavailable(f"nothing came up within {_READY:g} s to record the output of {session_id}")

    async def follow(self) -> None:
        """Tell of news until the recorder has ended."""
        while await self._heard():
            self.heard_at = trio.current_time()
            self._tell()
            await trio.sleep(0.005)  # a flood of news is one

    def finish(self) -> None:
        """Nothing more will come, as far as anybody tells."""
        self.over = True
        self._tell()

    def close(self) -> None:
        """Listen no more."""
        self.finish()
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            trio.lowlevel.notify_closing(descriptor)
            os.close(descriptor)

    def _tell(self) -> None:
        self.more.set()
        self.more = trio.Event()

    async def _heard(self) -> bool:
        """Wait for a word; False: nobody is there to say one."""
        while self._descriptor >= 0:
            try:
                return bool(os.read(self._descriptor, _STEP))
            except BlockingIOError:
                with suppress(trio.ClosedResourceError):
                    await trio.lowlevel.wait_readable(self._descriptor)
        await trio.lowlevel.checkpoint()
        return False
