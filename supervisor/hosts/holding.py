"""The start of a shim with its agent."""

import errno
import os
from collections.abc import Mapping
from typing import Any, NoReturn

import trio

from ..errors import AgentMissing, Conflict, EnnioError, Invalid, Unavailable
from ..records import Launch
from . import table
from .census import CENSUS
from .cgroups import Cgroup, Cgroups
from .connection import Connection, connect, pair
from .holder import ShimHolder, handle_of
from .kin import Kin
from .run_folder import Claim, RunFolder
from .spawning import explain
from .zygote import Zygote

_NICE = 10
"""By how much agents stand back: a fork bomb must not starve who ends it."""

_PATIENCE = 10.0
"""Seconds that the start of an agent may take."""

_GLANCE = 1.0
"""Seconds after which it is looked whether an agent was started of which nobody has told."""

_LAST_PATIENCE = 5.0
"""Seconds that a shim may take to undo a start that took longer."""

_LISTENS = 0.01
"""Seconds between two looks whether a shim listens that somebody else started."""

Frame = tuple[dict[str, Any], bytes]


class Holding:
    """One launch on its way to a holder. `mark` and `name` tell it from all others."""

    def __init__(
        self, launch: Launch, *, mark: str, name: str, boot_id: str, cgroups: Cgroups, terminal: bool
    ) -> None:
        self._launch, self._mark, self._name, self._boot_id = launch, mark, name, boot_id
        self._cgroups, self._terminal = cgroups, terminal
        self._folder = RunFolder(launch.hold)
        self._group: Cgroup | None = None

    async def start(self, zygote: Zygote) -> ShimHolder:
        """Start the agent. Failed or cancelled: nothing of it runs. Raises what `Host.hold` does."""
        check(self._launch)
        await trio.lowlevel.checkpoint_if_cancelled()
        with trio.CancelScope(shield=True):
            holder = await self._held(zygote)
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await holder.end()
                await holder.aclose()
            raise
        return holder

    async def _held(self, zygote: Zygote) -> ShimHolder:
        launch = self._launch
        self._group = self._cgroups.make(self._name, launch.memory_bytes, launch.processes)
        try:
            return await self._attempt(zygote) or await self._attempt(zygote) or self._give_up()
        except BaseException:
            if self._group:
                self._group.remove()
            raise

    async def _attempt(self, zygote: Zygote) -> ShimHolder | None:
        """Start it once. None: whoever should have held it ended, and nothing had been started.

        An agent can kill or stop its holder before that has told us of it; then it was started all the same.
        """
        with CENSUS.birth():
            connection = await self._reach(zygote)
            try:
                answer = await self._ask(connection)
            except BaseException:
                connection.close()
                raise
            if answer and answer[0].get("is") == "started":
                return self._take(_claim(answer[0]), connection)
            if answer is None and (claim := self._folder.claim(None, self._boot_id, self._mark)):
                return self._take(claim, connection)
            await self._undo(connection)
        if answer:
            raise self._explain(answer[0])
        return None

    def _give_up(self) -> NoReturn:
        session_id = self._launch.hold.session_id
        raise Unavailable(f"the holder of {session_id} ended before it had started the agent")

    async def _reach(self, zygote: Zygote) -> Connection:
        """Return a connection to a new shim."""
        if self._terminal:
            with trio.move_on_after(_PATIENCE):
                while True:
                    if found := connect(self._folder.path):
                        return found[0]
                    await trio.sleep(_LISTENS)
            raise Unavailable(f"nothing came up in its terminal to hold {self._launch.hold.session_id}")
        try:
            connection, theirs = pair()
        except OSError as error:
            raise Unavailable(f"no holder for an agent can be started now: {error.strerror}") from error
        try:
            with theirs:
                await zygote.fork(theirs)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _ask(self, connection: Connection) -> Frame | None:
        """Say what to start, and return the answer; None when none came."""
        try:
            connection.send(self._order())
        except ValueError as error:
            raise Invalid(f"the arguments and the environment are too long together: {error}") from error
        answer: Frame | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.flush)
            give_up = trio.current_time() + _PATIENCE
            while answer is None and connection.open and trio.current_time() < give_up:
                with trio.move_on_after(_GLANCE):
                    answer = await _first_answer(connection)
                    break
                if self._folder.claim(None, self._boot_id, self._mark):
                    break
            nursery.cancel_scope.cancel()
        return answer

    async def _undo(self, connection: Connection) -> None:
        """See to it that a shim which did not start its agent, or not in time, ends with all it started."""
        connection.send({"do": "stop", "grace": 0})
        with trio.move_on_after(_LAST_PATIENCE):
            while await connection.receive():
                pass
        connection.close()
        if claim := self._folder.claim(None, self._boot_id, self._mark):
            remains = self._holder(claim, None)
            await remains.end()
            await remains.aclose()

    def _take(self, claim: Claim, connection: Connection) -> ShimHolder:
        try:
            return self._holder(claim, connection)
        except Unavailable:
            connection.send({"do": "stop", "grace": 0})
            connection.close()
            raise

    def _holder(self, claim: Claim, connection: Connection | None) -> ShimHolder:
        leader = table.stand_in(claim.holder)
        foreign = self._terminal and leader.parent != os.getpid()
        kin = Kin(leader, self._mark, reaper=True, foreign=foreign, cgroup=self._group)
        kin.known.add(claim.agent)
        kin.sessions.add(claim.agent[0])
        handle = handle_of(claim, self._boot_id, self._launch.hold.incarnation)
        return ShimHolder(handle, self._folder, kin, connection, believed=True)

    def _order(self) -> dict[str, Any]:
        launch, hold = self._launch, self._launch.hold
        return {
            "do": "start",
            "session_id": hold.session_id,
            "incarnation": hold.incarnation,
            "argv": launch.argv,
            "env": launch.env,
            "cwd": launch.cwd,
            "folder": self._folder.path,
            "output": hold.output,
            "keep_bytes": hold.keep_bytes,
            "grace": hold.grace,
            "orphan_timeout": hold.orphan_timeout,
            "nice": _NICE,
            "cgroup": str(self._group.path) if self._group else None,
            "mark": self._mark,
            "terminal": self._terminal,
        }

    def _explain(self, failed: Mapping[str, Any]) -> EnnioError:
        """Return what a shim's failure means: about the program and its folder, or about this machine."""
        number, file = failed.get("errno"), str(failed.get("file"))
        error = OSError(number, os.strerror(number or errno.EIO), file)
        told = explain(error, self._launch.argv[0], self._launch.cwd)
        if file in {self._launch.argv[0], self._launch.cwd} or not isinstance(told, AgentMissing | Conflict):
            return told
        what = os.path.basename(file)
        return Unavailable(f"{self._launch.hold.session_id} cannot be held now: {what}: {error.strerror}")


def _claim(started: Mapping[str, Any]) -> Claim:
    holder = (started["holder"], started["holder_start"])
    return Claim(holder, (started["pid"], started["start"]), started["output_start"])


async def _first_answer(connection: Connection) -> Frame | None:
    while frames := await connection.receive():
        for number, frame in enumerate(frames):
            if frame[0].get("is") in {"started", "failed"}:
                connection.give_back(frames[number + 1 :])
                return frame
    return None


def check(launch: Launch) -> None:
    """Raise `Invalid` for arguments or an environment that no program can be given."""
    words = [*launch.argv, *launch.env, *launch.env.values()]
    try:
        wrong = any(b"\0" in os.fsencode(word) for word in words)
    except UnicodeEncodeError:
        wrong = True
    if wrong or not launch.argv or any("=" in name or not name for name in launch.env):
        raise explain(
            ValueError("embedded null byte or a name with ="), launch.argv[0] if launch.argv else "", ""
        )
