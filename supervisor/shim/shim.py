"""The shim: holds one agent, serves one server at a time, and is there until nothing of the agent is."""

import math
import os
import signal
import socket
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from . import agent, orders
from .cgroup import Cgroup
from .connection import Connection
from .control import Control
from .ending import Ending, Lease
from .frames import Frame, Malformed
from .input import Input
from .loop import READ, WRITE, Loop
from .orders import Start
from .output import Output
from .run_folder import RunFolder
from .terminal import hide
from .tree import Tree

_DRAIN = 0.25
"""Seconds for the last words, of the agent to its log and of the shim to its server."""

_LEFT = 0.25
"""Seconds between two frames that name the survivors."""

_MOST_FAILURES = 20
"""So many, and nothing is done any more but the ending of the tree."""


class Shim:
    """One agent and all that goes in and out of it. The only way out is an empty tree."""

    def __init__(
        self,
        *,
        order: Start,
        server: Connection,
        listener: socket.socket,
        verdict: int,
        folder: RunFolder,
        cgroup: Cgroup | None,
        tree: Tree,
        stdin: Input,
        output: Output,
        started: dict[str, Any],
    ) -> None:
        """`verdict` ends when the agent runs (see `agent.Child`); then `started` is said."""
        self._grace, self._folder, self._cgroup, self._tree = order.grace, folder, cgroup, tree
        self._in_terminal = order.terminal
        self._input, self._output, self._started = stdin, output, started
        self._verdict: int | None = verdict
        self._reason = b""
        self._exit_told = False
        self._end_told = output.end
        self._ending, self._lease = Ending(tree), Lease(order.orphan_timeout)
        self._left_at = math.inf
        self._failures = 0
        self._loop, self._wake = Loop(), _wake_on_children()
        self._control = Control(self._loop, listener, server, self._obey, self._alone)

    def run(self, frames: list[Frame]) -> NoReturn:
        """Obey what was said already, and then serve until the tree is empty, whatever happens."""
        self._guarded(lambda: self._control.obey_all(frames))
        self._guarded(self._take_note)  # of one that ended before its end could wake anybody
        while not self._tree.empty:
            if self._failures < _MOST_FAILURES:
                self._guarded(self._turn)
            else:
                self._guarded(self._tree.force)
                self._guarded(self._take_note)
                time.sleep(0.05)
        self._finish()

    def _guarded(self, call: Callable[[], object]) -> bool:
        """Call something; if it breaks, end the tree, since what cannot be held must not go on."""
        try:
            call()
        except Exception:
            self._failures += 1
            self._folder.note(traceback.format_exc())
            self._ending.stop(time.monotonic(), self._grace)
            return False
        return True

    def _turn(self) -> None:
        now = time.monotonic()
        due = self._say_what_is_wanted(now)
        for descriptor, call in self._loop.wait(due - now):
            if self._loop.still_wants(descriptor, call) and not self._guarded(call):
                self._loop.mute(descriptor)
        self._do_what_is_due(time.monotonic())

    def _say_what_is_wanted(self, now: float) -> float:
        """Tell the loop what to wait for; return until when."""
        resume_at = self._output.resume_at(now, hasty=self._ending.stopping)
        self._loop.want(self._output.pipe, READ if resume_at <= now else 0, self._read_output)
        self._loop.want(self._input.pipe, WRITE if self._input.letters.waiting else 0, self._write_input)
        self._loop.want(self._verdict, READ, self._judge)
        self._loop.want(self._wake, READ, self._children_changed)
        self._control.want()
        due = min(self._lease.deadline, self._ending.due, self._left_at)
        return min(due, resume_at) if resume_at > now else due

    def _do_what_is_due(self, now: float) -> None:
        if self._tree.empty:
            return
        if self._output.overdue(now):
            self._read_output()
        if now >= self._lease.deadline:
            self._lease.deadline = math.inf
            self._folder.alone = self._lease.timeout
            self._folder.note(f"no server came for {self._lease.timeout:g} s: the agent is stopped")
            self._ending.stop(now, self._grace)
        if now >= self._ending.due:
            self._ending.step(now)
            self._take_note()
        if self._ending.forcing and self._left_at == math.inf:
            self._left_at = now + _LEFT
        if now >= self._left_at:
            self._left_at = now + _LEFT
            if self._control.listens:
                self._control.send({"is": "left", "survivors": self._tree.survivors()})

    def _obey(self, header: dict[str, Any], body: bytes) -> None:
        letters = self._input.letters
        match header.get("do"):
            case "write":
                self._control.send(*letters.add(orders.number(header), body))
                self._write_input()
            case "withdraw":
                self._control.send(*letters.withdraw(orders.number(header)))
            case "close_input":
                letters.close()
                self._write_input()
            case "stop":
                self._ending.stop(time.monotonic(), orders.seconds(header, "grace"))
            case "attach":
                self._attach(orders.seconds(header, "grace"), orders.seconds(header, "orphan_timeout"))
            case other:
                raise Malformed(f"nobody knows what to do for {other!r}")

    def _attach(self, grace: float, orphan_timeout: float) -> None:
        self._grace = grace
        self._lease.renewed(orphan_timeout)
        letters = self._input.letters
        self._control.send(
            {
                "is": "attached",
                "taken": letters.taken,
                "done": letters.done,
                "end": self._output.end,
                "exit": self._tree.code,
                "stopping": self._ending.stopping,
            }
        )

    def _alone(self) -> None:
        """Go on without a server: whoever asked for what was not begun is gone."""
        self._input.letters.drop()
        self._lease.lost(time.monotonic())

    def _write_input(self) -> None:
        pipe = self._input.pipe
        answers = self._input.write()
        if self._input.pipe is None:
            self._loop.forget(pipe)
        self._control.send(*answers)

    def _read_output(self) -> None:
        self._hear(lambda: self._output.step(time.monotonic()))

    def _hear(self, read: Callable[[], object]) -> None:
        pipe = self._output.pipe
        read()
        if self._output.pipe is None:
            self._loop.forget(pipe)
        self._say_end()

    def _say_end(self) -> None:
        if self._output.end > self._end_told:
            self._end_told = self._output.end
            self._control.grown(self._end_told)

    def _judge(self) -> None:
        """Hear whether the agent runs, and say so."""
        if self._verdict is None:
            return
        if part := os.read(self._verdict, 8192):
            self._reason += part
            return
        self._loop.forget(self._verdict)
        os.close(self._verdict)
        self._verdict = None
        hide()
        if self._reason:
            number, file = agent.failure(self._reason)
            self._control.send({"is": "failed", "errno": number, "file": file})
        else:
            self._control.send(self._started)

    def _children_changed(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake, 4096)
        self._take_note()
        self._ending.someone_ended()

    def _take_note(self) -> None:
        """Reap, and tell of the agent's end once it has come; then what it left has to end too."""
        self._tree.reap()
        if self._tree.code is None or self._exit_told:
            return
        self._exit_told = True
        while self._verdict is not None:
            self._judge()
        if self._reason:
            return
        self._guarded(lambda: self._hear(self._output.catch_up))
        self._guarded(lambda: self._folder.exited(self._tree.code))
        self._control.send({"is": "exited", "code": self._tree.code})
        self._ending.stop(time.monotonic(), self._grace)

    def _finish(self) -> NoReturn:
        """Leave nothing behind but what the folder tells. Each step is tried, whatever the others did."""
        self._guarded(lambda: self._output.drain(_DRAIN))
        if self._in_terminal:  # what shows it may drop what it has not read when the last process ends
            time.sleep(_DRAIN)
        self._guarded(self._say_end)
        if self._reason:
            self._folder.forget()
        else:
            self._guarded(lambda: self._folder.emptied(self._tree.code))
        if self._cgroup:
            self._guarded(self._cgroup.remove)
        self._guarded(lambda: os.unlink("control"))
        self._guarded(lambda: self._control.flush(_DRAIN))
        os._exit(0)


def _wake_on_children() -> int:
    """Return a descriptor that can be read when a child has ended or stopped."""
    ours, theirs = os.pipe()
    for end in (ours, theirs):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    return ours
