"""Holders that an earlier server left: found by what proves them, never by a pid alone."""

import os
from collections.abc import Callable
from dataclasses import replace

import trio

from ..errors import Conflict, Unavailable
from ..records import Handle, Hold
from . import table
from .cgroups import Cgroups
from .connection import Connection, connect
from .entry import Ident
from .holder import ShimHolder, connection_to, handle_of
from .kin import Kin, still_theirs
from .run_folder import Claim, RunFolder

_NOBODY: Ident = (0, 0)


class Finder:
    """Finds what was held for one data folder, in this boot of the machine."""

    def __init__(self, boot_id: str, cgroups: Cgroups) -> None:
        self._boot_id, self._cgroups = boot_id, cgroups

    def find(self, hold: Hold, handle: Handle | None, *, mark: str, name: str) -> ShimHolder:
        """Return the holder of an incarnation; where it is gone or not proved, one that is gone.

        A living process is taken for the holder if the server's own journal says so, or if it listens in
        the session's folder and what stands there says so.
        """
        folder = RunFolder(hold)
        claim = folder.claim(handle, self._boot_id, mark)
        believed = claim is not None and folder.written_by(claim, self._boot_id)
        connection: Connection | None = None
        if claim and table.is_there(claim.holder):
            connection = connection_to(folder.path, claim.holder[0])
            if connection is None and handle is None:
                claim, believed = None, False
        group = self._cgroups.find(name, claim.cgroup) if claim else None
        kin = _kin(claim, mark)
        kin.cgroup = group
        handle = handle_of(claim, self._boot_id, hold.incarnation) if claim else handle
        return ShimHolder(
            handle or Handle(0, 0, self._boot_id, hold.incarnation),
            folder,
            kin,
            connection,
            believed=believed,
        )

    async def clear(self, hold: Hold, mark: Callable[[Hold], str], name: Callable[[Hold], str]) -> RunFolder:
        """Make the run folder new; whatever an earlier incarnation left in it is ended first.

        Raises `Conflict` when somebody listens there who cannot be told to be ours, and `Unavailable`
        when the folder cannot be made.
        """
        folder = RunFolder(hold)
        earlier = folder.stated_incarnation()
        if earlier:
            past = replace(hold, incarnation=earlier)
            claim = RunFolder(past).claim(None, self._boot_id, mark(past))
            if claim and table.is_there(claim.holder):
                holder = self.find(past, None, mark=mark(past), name=name(past))
                await holder.end()
                await holder.aclose()
        if found := connect(folder.path):
            found[0].close()
            raise Conflict(f"process {found[1]} still listens in the run folder of {hold.session_id}: end it")
        try:
            await trio.to_thread.run_sync(folder.make_fresh)
        except OSError as error:
            raise Unavailable(f"the run folder of {hold.session_id} cannot be made: {error}") from error
        return folder


def _kin(claim: Claim | None, mark: str) -> Kin:
    leader = table.stand_in(claim.holder if claim else _NOBODY)
    kin = Kin(leader, mark, reaper=True, foreign=leader.parent != os.getpid())
    kin.known, kin.sessions = {leader.ident}, set()
    if claim:
        kin.known.add(claim.agent)
        kin.sessions = still_theirs({claim.agent[0]: claim.agent[1]})
        if table.is_there(claim.holder):
            kin.sessions |= {leader.session} - {0}
    return kin
