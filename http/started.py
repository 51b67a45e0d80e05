"""When a process started: with its pid, the proof in the lock that it is still the same one."""

import sys
from pathlib import Path


def start_of(pid: int) -> int | None:
    """Return when a process started, None when it does not run (any more, or but as a zombie).

    On Linux field 22 of /proc/PID/stat, in clock ticks since boot (proc(5)); elsewhere seconds since 1970.
    """
    if sys.platform != "linux":
        import psutil

        try:
            return int(psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name stands in brackets and may hold blanks and brackets itself.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else int(rest[18])
