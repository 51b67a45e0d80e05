"""What there is of a server's: processes, worktrees, branches, folders, control groups; not by its own word.

A server that runs with the variable `ENNIO_TEST_RUN` is known by it, and by its folder: all that it starts
has the one in its environment or works in the other.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from installed import Server, alive, marked

CGROUPS = Path("/sys/fs/cgroup/unified" if Path("/sys/fs/cgroup/unified").exists() else "/sys/fs/cgroup")


def until(true: Callable[[], object], seconds: float = 10, words: Callable[[], object] = lambda: "") -> None:
    """Wait until something holds."""
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, f"it did not come to be in {seconds:g} s: {words()}"
        time.sleep(0.02)


def is_alive(pid: int, start: int) -> bool:
    """Tell whether this very process is alive; `start` is field 22 of proc_pid_stat(5)."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return state not in "ZX" and int(rest[18]) == start


def processes(folder: Path) -> dict[int, str]:
    """Return pid -> command line of all that was started from this folder, the servers in it too."""
    mark, found = f"ENNIO_TEST_RUN={folder}\0".encode(), dict[int, str]()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            pid, here = int(entry.name), os.readlink(entry / "cwd").removesuffix(" (deleted)")
            inside = Path(here).is_relative_to(folder)
            if pid != os.getpid() and (inside or mark in (entry / "environ").read_bytes()) and alive(pid):
                found[pid] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def strays(server: Server, working: list[dict[str, Any]]) -> dict[int, str]:
    """Return the processes that are neither the server nor its zygote, nor of a session that works."""
    found = processes(server.folder)
    found.pop(server.process.pid, None)
    zygotes = [int(child.split()[0]) for child in server.children()]
    zygotes = [pid for pid in zygotes if "bootstrap.py zygote" in found.get(pid, "") and not _folder(pid)]
    for pid in zygotes[:1]:
        found.pop(pid)
    for session in working:
        for pid in marked(session["id"]):
            found.pop(pid, None)
        shims = [pid for pid in found if _folder(pid) == session["id"]]
        for pid in shims[:1]:
            found.pop(pid)
    return found


def _folder(pid: int) -> str:
    """Return the session in whose run folder a process works, if it is in one."""
    try:
        here = Path(os.readlink(f"/proc/{pid}/cwd").removesuffix(" (deleted)"))
    except OSError:
        return ""
    return here.parent.name if here.name == "run" and here.parent.parent.name == "sessions" else ""


def cgroups(folder: Path) -> set[str]:
    """Return the control groups that there are for agents of this folder."""
    instance = folder / "state" / "instance"
    group = CGROUPS / f"ennio-{instance.read_text().split()[0]}" if instance.exists() else None
    return {path.name for path in group.iterdir() if path.is_dir()} if group and group.exists() else set()


def discrepancies(server: Server) -> list[str]:
    """Return in words whatever is there and is no session's, or is a session's and not there."""
    sessions = server.data("GET", "/sessions", params={"all": "true"})
    working = [one for one in sessions if one["status"] == "Working"]
    housed = [one for one in sessions if one["workspace_path"]]
    groups = {f"{one['id']}.{one['starts']}" for one in working}
    state = server.folder / "state"
    wrong = [
        ("processes of nobody", strays(server, working)),
        ("not settled", [one for one in sessions if one["status"] == "Spawning"]),
        ("agents that do not run", [one["id"] for one in working if not marked(one["id"])]),
        ("worktrees", _differ(server.worktrees(), [one["workspace_path"] for one in housed])),
        ("branches", server.branches() - {"main"} - {one["branch"] for one in sessions}),
        ("branches too few", {one["branch"] for one in housed} - server.branches()),
        ("in workspaces/", _names(state / "workspaces") - {one["id"] for one in housed}),
        ("in sessions/", _names(state / "sessions") - {one["id"] for one in sessions}),
        ("control groups", cgroups(server.folder) - groups),
    ]
    return [f"{what}: {found}" for what, found in wrong if found]


def told(server: Server) -> str:
    """Return what stands in the server's log but for requests."""
    lines = server.log.read_text().splitlines()
    return "\n".join(["", *[line[:400] for line in lines if '"event": "request"' not in line]])


def _names(folder: Path) -> set[str]:
    return {entry.name.removesuffix(".branch") for entry in folder.iterdir()} if folder.exists() else set()


def _differ(found: list[str], wanted: list[str]) -> set[str]:
    return set(found) ^ set(wanted)


def all_is_accounted_for(server: Server, seconds: float = 15) -> None:
    """Wait until everything there is, is a session's; and that each which works hears and answers."""
    until(lambda: not discrepancies(server), seconds, lambda: (discrepancies(server), told(server)))


def kill_all(server: Server) -> None:
    """Kill all sessions, and see that nothing is left of any."""
    for session in server.data("GET", "/sessions", params={"all": "true"}):
        assert server.data("DELETE", f"/sessions/{session['id']}") == "killed"
        assert marked(session["id"]) == []
    all_is_accounted_for(server)
    until(lambda: server.branches() == {"main"}, 10, lambda: (server.branches(), told(server)))


def nothing_runs(folder: Path, seconds: float = 10) -> None:
    """Wait until no process of this folder is left, and no control group."""
    until(lambda: not processes(folder), seconds, lambda: processes(folder))
    instance = (folder / "state" / "instance").read_text().split()[0]
    assert not (CGROUPS / f"ennio-{instance}").exists()


def events(server: Server, session_id: str) -> list[str]:
    """Return the types of a session's events."""
    return [event["event_type"] for event in server.data("GET", f"/sessions/{session_id}/events")]


def lock(folder: Path) -> dict[str, Any]:
    """Return what the lock says."""
    told: dict[str, Any] = json.loads((folder / "state" / "lock").read_text())
    return told
