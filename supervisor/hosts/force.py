"""The end of a tree by force: freeze to a fixed point, kill, look again, until nobody is found."""

from collections.abc import Callable

import structlog
import trio

from ..errors import Survivor
from . import table
from .census import CENSUS
from .kin import Aim, Kin

_log = structlog.get_logger()

_BLIND = 0.5
"""Seconds until the next look after one that was not possible."""

_QUIET = 1.0
"""Seconds for which nothing may be found while orphans, whosever they are, keep turning up and vanishing."""

_TWICE = 2
"""Looks that must find nobody of a foreign tree: one alone can miss what forks and exits for ever."""


async def force(kin: Kin, nothing_left: Callable[[], bool]) -> None:
    """Freeze and kill whatever is left of a tree, for as long as anything is.

    `nothing_left` may know without a look that all is gone.
    """
    kin.aim = Aim.DIE
    pause, last_seen, empty = 0.001, trio.current_time(), 0
    while not nothing_left():
        before = len(kin.members)
        await look(kin)
        if kin.members:
            last_seen, empty = trio.current_time(), 0
        elif not CENSUS.restless or trio.current_time() > last_seen + _QUIET:
            empty += 1
            if not kin.foreign or empty >= _TWICE:
                return
        if kin.unsettled:
            continue
        await trio.sleep(pause)
        pause = min(2 * pause, 1.0) if len(kin.members) == before else 0.001


async def look(kin: Kin) -> None:
    """Have everybody looked at, or wait a little where that is not possible now."""
    try:
        await CENSUS.look()
    except (OSError, RuntimeError) as error:  # no descriptor, or no thread, is to be had
        _log.warning("processes cannot be looked at; trying again", pid=kin.leader.pid, error=str(error))
        await trio.sleep(_BLIND)


def survivors(kin: Kin) -> tuple[Survivor, ...]:
    """Return what the last look found of a tree and is there still, once its end was asked for."""
    if kin.aim is Aim.LIVE:
        return ()
    members = kin.members
    return tuple(
        Survivor(now.pid, now.command, now.state, table.uid_of(now.pid))
        for now, entry in zip((table.look(entry.pid) for entry in members), members, strict=True)
        if now and now.alive and now.ident == entry.ident
    )
