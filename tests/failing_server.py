"""`ennio` with weak spots that a test chooses: `python -P failing_server.py SPOT... -- ARGUMENTS OF ENNIO`.

`python -P failing_server.py nest` loads all of it once, and then forks one for each line of JSON that it
reads, `{"spots", "arguments", "folder", "env", "log"}`, and prints its pid: that costs a tenth of a start.

A SPOT is one of

    before DOTTED.NAME [WORD]    the process kills itself (SIGKILL) before this function is called the next
    after DOTTED.NAME [WORD]     time, or when that call returns; with WORD in its arguments, if one is given
    no cgroup                    as on a machine without a control group that could be used
    clock SECONDS                the clock of the day jumps by so much
    at once                      what sleeps is awake from the beginning

What kills, and the clock, sleep until the process gets SIGUSR1. All else is as `ennio` has it.
"""

import gc
import importlib
import inspect
import json
import os
import signal
import sys
import time
from datetime import datetime, timedelta
from functools import wraps
from importlib.metadata import entry_points
from typing import Any, NoReturn

armed = False


def arm(*_: object) -> None:
    """Wake up what sleeps."""
    global armed  # noqa: PLW0603  a signal has nobody else to tell
    armed = True


def die() -> None:
    """End as a server does that is killed, or that the kernel takes for the largest when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def find(dotted: str) -> tuple[Any, str]:
    """Return what holds a function, and the function's name in it."""
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            holder: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:-1]:
            holder = getattr(holder, name)
        return holder, parts[-1]
    raise LookupError(dotted)


def weaken(when: str, dotted: str, word: str = "") -> None:
    """Make a function deadly."""
    holder, name = find(dotted)
    real = getattr(holder, name)

    def strike(now: str, arguments: object) -> None:
        if armed and now == when and word in repr(arguments):
            die()

    if inspect.iscoroutinefunction(real):

        @wraps(real)
        async def deadly(*args: Any, **kwargs: Any) -> Any:
            strike("before", (args, kwargs))
            result = await real(*args, **kwargs)
            strike("after", (args, kwargs))
            return result

    else:

        @wraps(real)
        def deadly(*args: Any, **kwargs: Any) -> Any:
            strike("before", (args, kwargs))
            result = real(*args, **kwargs)
            strike("after", (args, kwargs))
            return result

    setattr(holder, name, deadly)


def lose_cgroups() -> None:
    """Let nobody find a control group."""
    from ennio.supervisor.hosts import local

    local.own_place = lambda: None


def shift(seconds: float) -> None:
    """Let the clock of the day jump when the time has come."""
    import ennio.http.server  # noqa: F401  whatever looks at the clock is loaded by it
    from ennio.supervisor.events import now

    real_time = time.time

    def wall() -> float:
        return real_time() + (seconds if armed else 0)

    def later() -> datetime:
        return now() + timedelta(seconds=seconds if armed else 0)

    time.time = wall
    for name, module in list(sys.modules.items()):
        if name.startswith("ennio.") and getattr(module, "now", None) is now:
            module.now = later  # type: ignore[attr-defined]


def prepare(spot: str) -> None:
    """Do what a SPOT says."""
    match spot.split():
        case ["before" | "after" as when, dotted, *word]:
            weaken(when, dotted, *word)
        case ["no", "cgroup"]:
            lose_cgroups()
        case ["at", "once"]:
            arm()
        case ["clock", seconds]:
            shift(float(seconds))
        case _:
            sys.exit(f"nobody knows what is meant by {spot!r}")


def be_ennio(spots: list[str], arguments: list[str]) -> NoReturn:
    """Prepare, and be `ennio`."""
    signal.signal(signal.SIGUSR1, arm)
    for spot in spots:
        prepare(spot)
    from ennio.http.cli import main

    sys.argv = ["ennio", *arguments]
    sys.exit(main())


def nest() -> None:
    """Fork an `ennio` for each line of the input."""
    import alembic.command  # noqa: F401

    import ennio.http.server  # noqa: F401

    for kind in ("hosts", "runtimes", "workspaces", "agents", "stores"):
        for entry in entry_points(group=f"ennio.{kind}"):
            entry.load()
    importlib.import_module("sqlalchemy.dialects.sqlite")
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they are watched by pidfds
    for line in sys.stdin:
        order = json.loads(line)
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            leave_the_nest(order)
            be_ennio(order["spots"], order["arguments"])
        print(pid, flush=True)


def leave_the_nest(order: dict[str, Any]) -> None:
    """Have what a program has that is started in a folder."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["env"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, number)
    os.closerange(3, 64)


if __name__ == "__main__":
    if sys.argv[1:] == ["nest"]:
        nest()
    else:
        cut = sys.argv.index("--")
        be_ennio(sys.argv[1:cut], sys.argv[cut + 1 :])
