"""Agents that go on while no server runs: their holders' files say who they are."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..started import start_of
from .findings import Finding, Verdict

_MOST = 65536
_SHOWN = 5


def unowned(data_dir: Path, orphan_timeout: float) -> Finding:
    """Say which agents go on without a server, and for how long. Call it when no server runs."""
    held, loose = list[str](), list[str]()
    for session_id, state in _states(data_dir / "sessions"):
        if _runs(state.get("holder")):
            held.append(session_id)
        elif _runs(state.get("agent")):
            loose.append(session_id)
    says = []
    if held:
        end = f"after {orphan_timeout:g} s of that (orphan_timeout) an agent is ended"
        says.append(f"{_named(held)} without a server; {end}, before it `ennio start` takes it over")
    if loose:
        says.append(f"{_named(loose)} without a server and without a holder; `ennio start` ends such")
    if not says:
        return Finding("left running", Verdict.OK, "no agent runs without a server")
    return Finding("left running", Verdict.MIND, "; ".join(says))


def _named(sessions: list[str]) -> str:
    count = len(sessions)
    names = ", ".join([*sessions[:_SHOWN], *["..."][: count > _SHOWN]])
    return f"{count} agent{'s'[: count != 1]} ({names}) run{'s'[: count == 1]}"


def _states(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what was written down in this boot of the machine of each session's agent."""
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        sessions = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return  # there are no sessions; or no holders, which only Linux has
    for session_id in sessions:
        with suppress(OSError, ValueError, RecursionError):
            state = json.loads(_read(folder / session_id / "run" / "state.json"))
            if isinstance(state, dict) and state.get("boot_id") == boot_id:
                yield session_id, state


def _read(path: Path) -> bytes:
    """Return a small, plain file: the agent could have put anything there, also what never ends."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _MOST) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    finally:
        os.close(descriptor)


def _runs(ident: object) -> bool:
    """Whether the process runs that a pid and a start name."""
    match ident:
        case [int(pid), int(start)] if pid > 1 and start > 0:
            return start_of(pid) == start
    return False
