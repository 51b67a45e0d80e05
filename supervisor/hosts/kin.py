"""What is known of one program and of all that it started."""

import enum
import math
import os
import signal
import time
from collections.abc import Sequence, Set
from contextlib import suppress

from ..records import Usage
from .cgroups import Cgroup
from .entry import Entry, Ident
from .run_folder import RunFolder
from .table import look, send

_SETTLE = 1.0
"""Seconds that frozen processes may take on their way to a stop."""


_NOBODYS = {0}
"""The session of what the kernel, or somebody outside of this container, has started: init may be in it."""


class Aim(enum.Enum):
    """What is to become of a tree's processes."""

    LIVE = enum.auto()
    LEAVE = enum.auto()
    """They are asked to end: SIGTERM, and SIGCONT for those that are stopped."""
    DIE = enum.auto()
    """They are frozen until nothing new turns up, since a frozen process cannot fork; then SIGKILL."""


class Kin:
    """One program's tree: who is of it now, and who was seen to be.

    Whoever was seen once is remembered for as long as it lives: it may leave the tree later and clear
    its environment. But for `aim` and the readings, only the survey's thread touches this.

    A `reaper` adopts the orphans of its own tree: while it lives, nothing leaves. `foreign`: the leader
    is no child of this process, so what it leaves behind does not come to us. `family`: a mark that
    begins like this one will do.
    """

    def __init__(
        self,
        leader: Entry,
        mark: str,
        pipes: Set[str] = frozenset(),
        *,
        reaper: bool = False,
        foreign: bool = False,
        family: bool = False,
        cgroup: Cgroup | None = None,
    ) -> None:
        self.leader, self.mark, self.pipes = leader, mark, pipes
        self.reaper, self.foreign, self.family, self.cgroup = reaper, foreign, family, cgroup
        self.counted_in = -math.inf
        """Since when, on the monotonic clock: what was seen before that says nothing of it."""
        self.released = False
        """Whether nobody waits for the leader any more."""
        self.folder: RunFolder | None = None
        """Where a server that comes later can read of the tree."""
        self.noted: Set[Ident] = frozenset()
        self.usage: Usage | None = None
        self.aim = Aim.LIVE
        self.members: Sequence[Entry] = (leader,)
        self.known: set[Ident] = {leader.ident}
        self.sessions: set[int] = {leader.session} - _NOBODYS
        self.group_asked = False
        self.unsettled = False
        """Whether the last look found any that were not frozen yet."""
        self._asked: set[Ident] = set()
        self._frozen: set[Ident] = set()
        self._settled_by = 0.0

    def bears(self, mark: str | None) -> bool:
        """Whether whoever carries this mark is of the tree."""
        return mark is not None and (mark == self.mark or (self.family and mark.startswith(self.mark)))

    def meet(self, members: Sequence[Entry]) -> None:
        """Take the living members as a survey found them, and do to them what is aimed at."""
        self.members = members
        self.known = {entry.ident for entry in members}
        # Once nobody is left in a session its number is free to be given to strangers.
        self.sessions = {entry.session for entry in members} - _NOBODYS
        self.unsettled = False
        if self.aim is Aim.LEAVE:
            self._ask()
        elif self.aim is Aim.DIE:
            if self.cgroup:
                self.cgroup.kill()
            self._freeze()
            if not self.unsettled:
                self._kill()

    def _ask(self) -> None:
        for entry in self.members:
            in_group = self.group_asked and entry.group == self.leader.pid
            if not in_group and entry.ident not in self._asked:
                send(entry, signal.SIGTERM)
                send(entry, signal.SIGCONT)
            self._asked.add(entry.ident)

    def _freeze(self) -> None:
        """Freeze those that are not; only what has stopped is sure to fork no more.

        A fork that has begun goes on when SIGSTOP comes (clone(2)), so who still runs is waited for, but
        not for ever: a parent in vfork(2) cannot stop while its frozen child has not gone on.
        """
        now = time.monotonic()
        for entry in self.members:
            if entry.ident not in self._frozen:
                send(entry, signal.SIGSTOP)
                self._frozen.add(entry.ident)
                self._settled_by = now + _SETTLE
                self.unsettled = True
        if now < self._settled_by and any(entry.state in "RD" for entry in self.members):
            self.unsettled = True

    def _kill(self) -> None:
        """End whole groups first: a signal to a group cannot be outrun by a fork (kill(2))."""
        for group in {entry.group for entry in self.members} - {0, 1, os.getpgrp()}:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        for entry in self.members:
            send(entry, signal.SIGKILL)


def still_theirs(sessions: dict[int, int]) -> set[int]:
    """Return the sessions whose numbers have not been given to others.

    A number stays a session's for as long as anyone is in it, even when its leader has ended.
    """

    def ours(pid: int, start: int) -> bool:
        now = look(pid)
        return now is None or now.start == start

    return {pid for pid, start in sessions.items() if ours(pid, start)}
