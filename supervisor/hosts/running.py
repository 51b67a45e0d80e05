"""A command that is run to its end, and what it printed."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import trio

from ..errors import AgentMissing, CommandFailed, Conflict
from .capture import Capture
from .pipes import pipe_from
from .process_tree import ProcessTree
from .spawning import spawn

_MOST_OUTPUT = 32 * 1024 * 1024
"""Bytes that a command may print; past them it fails, for half an answer of git would be a wrong one."""

_LAST_WORDS = 64 * 1024
"""Bytes of a command's errors that are kept."""

_NOT_FOUND = 127
"""The exit code by which a shell says that there is no such program (POSIX.1-2017, sh)."""


async def run(argv: Sequence[str], *, cwd: str, env: Mapping[str, str], mark: str) -> str:
    """Run a program to its end and return what it printed; see `LocalHost.run`."""
    with ExitStack() as ours:
        with ExitStack() as theirs:
            stdout, source = pipe_from(theirs, ours)
            stderr, errors = pipe_from(theirs, ours)
            try:
                tree = await spawn(
                    argv,
                    cwd=cwd,
                    env=env,
                    mark=mark,
                    pipes=(source.name, errors.name),
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                )
            except (AgentMissing, Conflict) as error:
                raise CommandFailed(tuple(argv), _NOT_FOUND, str(error)) from error
        output, words = Capture(source, _MOST_OUTPUT), Capture(errors, _LAST_WORDS)
        code = await _finish(tree, output, words)
    if output.cut:
        raise CommandFailed(tuple(argv), code, f"it printed more than {_MOST_OUTPUT >> 20} MiB")
    if code:
        said = words.data.strip() or output.data[-_LAST_WORDS:]
        raise CommandFailed(tuple(argv), code, said.decode(errors="replace"))
    return os.fsdecode(bytes(output.data))


async def _finish(tree: ProcessTree, output: Capture, words: Capture) -> int:
    """See a command out; what is left of it in the end is ended at once."""
    code = -signal.SIGKILL.value
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(output.collect, nursery.cancel_scope.cancel)
            nursery.start_soon(words.collect)
            code = await tree.leader.wait()
            nursery.cancel_scope.cancel()
        output.drain()
        words.drain()
    finally:
        if tree.nothing_left():
            tree.forget()
        else:
            with trio.CancelScope(shield=True):
                await tree.stop(0)
    return code
