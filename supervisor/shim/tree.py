"""All that descends from this process: walked, signalled while walking, and reaped."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .cgroup import Cgroup
from .proc import HIDDEN, Held, Ident, Stat, families, shows_children, start_of

_ROUNDS = 8
_FREEZING = 0.05
"""Seconds that one attempt to freeze everything may take."""

_MOST_NAMED = 100
"""Survivors in one answer."""


@dataclass(frozen=True, slots=True)
class Member:
    """A process below this one, valid until the walk goes on. `held` is None for one that /proc hides."""

    pid: int
    stat: Stat
    held: Held | None
    direct: bool

    @property
    def ident(self) -> Ident:
        """Return what names this process."""
        return self.pid, self.stat.start

    @property
    def alive(self) -> bool:
        """Whether it can still do anything; one whose first thread ended can, with its others."""
        return self.stat.state not in {"Z", "X", "x"} or self.stat.threads > 1

    def send(self, number: signal.Signals) -> bool:
        """Signal it; return whether that was allowed."""
        try:
            if self.direct or self.held is None:
                os.kill(self.pid, number)  # nobody but this process reaps it, so the pid is still its own
            else:
                self.held.send(number)
        except ProcessLookupError:
            pass
        except PermissionError:
            return False
        return True


class Tree:
    """Whatever an agent started, held together by this process being the subreaper of it all.

    Nothing is signalled that is not found below this process in the same walk. That is the proof: a
    list that was made earlier may name strangers by now, and misses those that were forked since.
    """

    def __init__(self, agent: int, cgroup: Cgroup | None) -> None:
        self.agent, self._cgroup = agent, cgroup
        self.code: int | None = None
        """The agent's exit code, or minus the signal's number, once it was reaped."""
        self.empty = False
        self._asked: set[Ident] = set()
        self._killed: set[Ident] = set()
        self._group_asked = False
        self._lists_children = shows_children()

    def reap(self) -> None:
        """Take note of who ended; `code` and `empty` tell what came of it."""
        while not self.empty:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.empty = True
                return
            if pid == 0:
                return
            if pid == self.agent and self.code is None:
                self.code = os.waitstatus_to_exitcode(status)

    def ask(self) -> None:
        """Send SIGTERM and SIGCONT to everyone that was not asked yet."""
        spared = 0
        if not self._group_asked:
            self._group_asked = True
            if self.code is None:
                _strike(self.agent, signal.SIGTERM)
                _strike(self.agent, signal.SIGCONT)
                spared = self.agent
        for member in self._members():
            if member.ident not in self._asked:
                self._asked.add(member.ident)
                if member.stat.group != spared:
                    member.send(signal.SIGTERM)
                    member.send(signal.SIGCONT)

    def force(self) -> bool:
        """Freeze and kill everyone; return whether this met any that could be killed and was not before."""
        if self._cgroup:
            self._cgroup.kill()
        if self.code is None:
            _strike(self.agent, signal.SIGKILL)
        try:
            self._freeze()
        finally:
            fresh = self._kill()
        return fresh

    def survivors(self) -> list[dict[str, Any]]:
        """Return who is alive, a hundred at most, as the frame `left` names them."""
        found: list[dict[str, Any]] = []
        for member in self._members():
            if member.alive and len(found) < _MOST_NAMED:
                found.append(
                    {
                        "pid": member.pid,
                        "command": member.stat.command,
                        "state": member.stat.state,
                        "uid": member.held.uid() if member.held else -1,
                    }
                )
        return found

    def _freeze(self) -> None:
        """Stop everyone, until nobody new is found: who is stopped cannot fork."""
        frozen: set[Ident] = set()
        until = time.monotonic() + _FREEZING
        for _ in range(_ROUNDS):
            before = len(frozen)
            for member in self._strike_all(signal.SIGSTOP, but=frozen):
                frozen.add(member.ident)
            if len(frozen) == before or time.monotonic() > until:
                return

    def _kill(self) -> bool:
        fresh = False
        for member in self._strike_all(signal.SIGKILL, but=set()):
            if member.ident not in self._killed:
                self._killed.add(member.ident)
                fresh = True
        return fresh

    def _strike_all(self, number: signal.Signals, but: set[Ident]) -> Iterator[Member]:
        """Signal all members but some, and their groups, which no fork can outrun; yield each that took it.

        A group of another session than ours has no stranger in it: its session was begun below us.
        """
        session, groups = os.getsid(0), {0, 1, os.getpgrp()}
        for member in self._members():
            if member.ident in but:
                continue
            allowed = member.send(number)
            if member.stat.group not in groups and member.stat.session != session and member.alive:
                groups.add(member.stat.group)
                _strike(member.stat.group, number)
            if allowed and member.alive:
                yield member

    def _members(self) -> Iterator[Member]:
        """Yield everyone below this process; the children of each are looked for after it was yielded."""
        me = os.getpid()
        look = None if self._lists_children else families()
        with Held(me) as myself:
            own = look(me) if look else myself.children()
        todo: list[tuple[int, Ident | None]] = [(pid, None) for pid in own]
        seen = {me, 1}
        while todo:
            pid, parent = todo.pop()
            if pid in seen:
                continue
            seen.add(pid)
            try:
                held = Held(pid)
            except ProcessLookupError:
                if parent is None:
                    yield Member(pid, HIDDEN, None, direct=True)
                continue
            with held:
                stat = held.stat()
                if stat is None or not _is_below(stat, me, parent):
                    continue
                yield Member(pid, stat, held, direct=stat.parent == me)
                children = look(pid) if look else held.children()
                todo += [(child, (pid, stat.start)) for child in children]


def _is_below(stat: Stat, me: int, parent: Ident | None) -> bool:
    """Whether a process that is held hangs on this one, or on one that was found to and is there still."""
    if stat.parent == me:
        return True
    return parent is not None and stat.parent == parent[0] and start_of(parent[0]) == parent[1]


def _strike(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
