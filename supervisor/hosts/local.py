"""The machine that ennio runs on."""

import os
import secrets
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import trio

from ..errors import AgentMissing, CommandFailed, Conflict
from . import table
from .capture import Capture
from .census import CENSUS
from .child import LocalProcess
from .pipes import Sink, Source, open_pipe
from .process_tree import ProcessTree
from .spawning import spawn

_REAP_EVERY = 0.2
"""Seconds between looks after dead orphans."""

_MOST_OUTPUT = 32 * 1024 * 1024
"""Bytes that a command may print; past them it fails, for half an answer of git would be a wrong one."""

_LAST_WORDS = 64 * 1024
"""Bytes of a command's errors that are kept."""

_NOT_FOUND = 127
"""The exit code by which a shell says that there is no such program (POSIX.1-2017, sh)."""


class LocalHost:
    """This machine: `protocols.Host`.

    On Linux this process becomes the parent of whatever its programs orphan (a subreaper, prctl(2)).
    """

    def __init__(self) -> None:
        self.boot_id = table.boot_id()
        CENSUS.adopt()

    async def run_forever(self) -> None:
        """Reap the orphans that die by themselves; for a nursery that lives as long as the server."""
        while True:
            await trio.sleep(_REAP_EVERY)
            CENSUS.reap()

    async def open(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], mark: str) -> LocalProcess:
        """Start a program in a session of its own, its output and its errors as one stream.

        `env` is all that it gets, and `mark` as ENNIO_MARK. Cancelled: nothing runs. Raises what `spawn`
        raises, `AgentMissing` above all.
        """
        with ExitStack() as theirs, ExitStack() as ours:
            stdin, sink = _pipe_to(theirs, ours)
            stdout, source = _pipe_from(theirs, ours)
            tree = await spawn(
                argv,
                cwd=cwd,
                env=env,
                mark=mark,
                pipes=(sink.name, source.name),
                stdin=stdin,
                stdout=stdout,
                stderr=stdout,
            )
            ours.pop_all()
        return LocalProcess(tree, sink, source)

    async def run(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None) -> str:
        """Run a program to its end and return what it printed; `env` None means the server's own.

        The text is decoded as file names are, so that a name in it can be given back to a program.
        Whatever it left running has ended when this returns, and cancelled or failed the program too.
        Raises `CommandFailed`, which carries the last words on its standard error, else on its output.
        """
        with ExitStack() as ours:
            with ExitStack() as theirs:
                stdout, source = _pipe_from(theirs, ours)
                stderr, errors = _pipe_from(theirs, ours)
                try:
                    tree = await spawn(
                        argv,
                        cwd=cwd,
                        env=os.environ if env is None else env,
                        mark=secrets.token_hex(16),
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


def _pipe_to(theirs: ExitStack, ours: ExitStack) -> tuple[int, Sink]:
    reading, writing = open_pipe()
    theirs.callback(os.close, reading)
    sink = Sink(writing)
    ours.callback(sink.close)
    return reading, sink


def _pipe_from(theirs: ExitStack, ours: ExitStack) -> tuple[int, Source]:
    reading, writing = open_pipe()
    theirs.callback(os.close, writing)
    source = Source(reading)
    ours.callback(source.close)
    return writing, source
