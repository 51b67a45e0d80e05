"""The start of a program in a session of its own, and what is said when that fails."""

import errno
import os
from collections.abc import Collection, Mapping, Sequence

import trio

from ..errors import AgentMissing, Conflict, EnnioError, Invalid, Unavailable
from . import table
from .census import CENSUS
from .entry import Entry
from .kin import Kin
from .process_tree import ProcessTree

_NOT_RUNNABLE = {
    errno.ENOENT,
    errno.EACCES,
    errno.EPERM,
    errno.ENOEXEC,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ETXTBSY,
}
"""What execve(2) says of a file that is no program, or none for us."""


async def spawn(
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    mark: str,
    pipes: Collection[str],
    stdin: int,
    stdout: int,
    stderr: int,
) -> ProcessTree:
    """Start a program and count its tree in; `pipes` are the names of those that end here.

    Once it has begun to start it no cancellation counts until it is counted in. Raises `AgentMissing`
    when there is no such program, `Conflict` when there is no such `cwd`, `Invalid` for argv or an
    environment that no program can be given, `Unavailable` when the machine has no room for it.
    """
    await trio.lowlevel.checkpoint_if_cancelled()
    with trio.CancelScope(shield=True), CENSUS.birth():
        try:
            leader = await trio.lowlevel.open_process(
                argv,
                cwd=cwd,
                env={**env, "ENNIO_MARK": mark},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise explain(error, argv[0], cwd) from error
        kin = Kin(_seen(leader.pid), mark, frozenset(pipes))
        CENSUS.register(kin)
    return ProcessTree(leader, kin)


def explain(error: OSError | ValueError, program: str, cwd: str) -> EnnioError:
    """Return what a failure to start a program means to whoever asked for it."""
    name = ascii(os.path.basename(program) or program)
    if not isinstance(error, OSError):
        return Invalid(f"{name} cannot be given these arguments or this environment: {error}")
    if error.filename == cwd:
        return Conflict(f"the folder {os.path.basename(cwd)} cannot be entered: {error.strerror}")
    if error.errno in _NOT_RUNNABLE:
        hint = "install it, or say where it is in the configuration"
        return AgentMissing(f"the program {name} cannot be started: {error.strerror}; {hint}")
    if error.errno == errno.E2BIG:
        return Invalid(f"the arguments and the environment of {name} are too long together")
    return Unavailable(f"this machine cannot start {name} now: {error.strerror}")


def _seen(pid: int) -> Entry:
    """Return our own new child as the table shows it, or as it must be where that cannot be read."""
    try:
        entry = table.look(pid)
    except OSError:
        entry = None
    return entry or Entry(pid, "R", os.getpid(), pid, pid, 0, "")
