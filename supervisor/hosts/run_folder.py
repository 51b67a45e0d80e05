"""What a shim writes down beside its agent, read with care: the agent could have written it too."""

import json
import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..records import Handle, Hold
from .entry import Ident

_MOST = 65536
"""Bytes of one of these files; a longer one is none of a shim's."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds an agent, and who the agent is, as somebody says; `cgroup` is where it was put, or None."""

    holder: Ident
    agent: Ident
    output_start: int
    cgroup: str | None = None


@dataclass(frozen=True, slots=True)
class LastWord:
    """How the agent ended; `empty`: its shim saw that nothing was left.

    `alone`: its shim ended it, after so many seconds without a server.
    """

    code: int
    empty: bool
    alone: float | None


class RunFolder:
    """The folder of one session in which its shim keeps its files."""

    def __init__(self, hold: Hold) -> None:
        self.path = f"{hold.folder}/run"
        self._hold = hold

    def claim(self, handle: Handle | None, boot_id: str, mark: str) -> Claim | None:
        """Return who should be holding this incarnation, or None when nothing can be believed.

        Where another mark than `mark` stands here, the holder is that of another data folder, of which this
        one is a copy.

        A `handle` comes from the server's own journal, so it counts alone, and only for its own
        incarnation and boot. Without one, what the shim wrote down counts under the same conditions.
        """
        if self._json("state.json").get("mark", mark) != mark:
            return None
        stated = self._stated(boot_id)
        if handle is None:
            return stated
        if (handle.incarnation, handle.boot_id) != (self._hold.incarnation, boot_id):
            return None
        holder, agent = (handle.holder, handle.holder_start), (handle.pid, handle.start)
        if not (_names_one(holder) and _names_one(agent)):
            return None
        same = stated is not None and (stated.holder, stated.agent) == (holder, agent)
        return Claim(holder, agent, handle.output_start, stated.cgroup if stated and same else None)

    def written_by(self, claim: Claim, boot_id: str) -> bool:
        """Whether the files here are those of this holder."""
        stated = self._stated(boot_id)
        return stated is not None and stated.holder == claim.holder

    def last_word(self) -> LastWord | None:
        """Return how the agent ended, as far as that was written down."""
        found = self._json("exit.json")
        code, empty, alone = found.get("code"), found.get("empty") is True, found.get("alone")
        if type(code) is not int:
            return None
        return LastWord(code, empty, alone if type(alone) in (int, float) else None)

    def seen_sessions(self) -> dict[int, int]:
        """Return the sessions in which the agent's tree was seen: pid and start of their leaders."""
        seen = {}
        for line in self._read("seen").decode(errors="replace").splitlines():
            pid, _, start = line.partition(" ")
            if pid.isdecimal() and start.isdecimal() and int(pid) > 1:
                seen[int(pid)] = int(start)
        return seen

    def note_sessions(self, sessions: Iterable[Ident]) -> None:
        """Write the sessions down, for a later server. A failure costs only what they would tell."""
        with suppress(OSError):
            draft = f"{self.path}/seen.new"
            descriptor = os.open(
                draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            with open(descriptor, "w") as file:
                file.writelines(f"{pid} {start}\n" for pid, start in sorted(sessions))
            os.replace(draft, f"{self.path}/seen")

    def make_fresh(self) -> None:
        """Make the folder anew, for its owner alone. Raises `OSError` when it cannot be."""
        if os.path.islink(self.path):
            os.unlink(self.path)
        elif os.path.exists(self.path):
            shutil.rmtree(self.path)
        os.makedirs(self._hold.folder, mode=0o700, exist_ok=True)
        os.mkdir(self.path, 0o700)

    def stated_incarnation(self) -> int:
        """Return of which incarnation the files here say to be, or 0."""
        found = self._json("state.json").get("incarnation")
        return found if type(found) is int else 0

    def _stated(self, boot_id: str) -> Claim | None:
        found = self._json("state.json")
        expected = {
            "version": 1,
            "session_id": self._hold.session_id,
            "incarnation": self._hold.incarnation,
            "boot_id": boot_id,
        }
        if any(found.get(key) != value for key, value in expected.items()):
            return None
        holder, agent = _ident(found.get("holder")), _ident(found.get("agent"))
        start, cgroup = found.get("output_start"), found.get("cgroup")
        if holder is None or agent is None or type(start) is not int or start < 0:
            return None
        return Claim(holder, agent, start, cgroup if isinstance(cgroup, str) else None)

    def _json(self, name: str) -> dict[str, Any]:
        with suppress(ValueError, RecursionError):
            found = json.loads(self._read(name))
            if isinstance(found, dict):
                return found
        return {}

    def _read(self, name: str) -> bytes:
        """Return a small, plain file of ours; nothing where something else stands there."""
        with suppress(OSError):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(f"{self.path}/{name}", flags)
            try:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    content = os.read(descriptor, _MOST + 1)
                    return content if len(content) <= _MOST else b""
            finally:
                os.close(descriptor)
        return b""


def _ident(value: object) -> Ident | None:
    if isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value):
        ident = (value[0], value[1])
        return ident if _names_one(ident) else None
    return None


def _names_one(ident: Ident) -> bool:
    """Whether this can name a process for ever: no start means that a pid alone is known."""
    return ident[0] > 1 and ident[1] > 0
