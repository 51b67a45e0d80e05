"""Which agents' programs are on this machine, and which versions of them."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Container, Mapping
from contextlib import suppress

import trio

PATIENCE = 3.0
"""Seconds that a program may take to say its version."""
_MOST_WORDS = 4096
_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.+-]*", re.ASCII)


class FoundPrograms:
    """Look for programs and ask each for its version, once: the answer is kept until the file changes.

    A program is asked with `--version` alone, without input, in the folder for temporary files, and with
    `env` as its whole environment.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._asking = trio.Lock()
        self._versions: dict[tuple[str, int], str | None] = {}

    async def versions(
        self, programs: Mapping[str, str], *, unasked: Container[str] = ()
    ) -> dict[str, str | None]:
        """Return the version of each program that is there, by its name; None where it tells none.

        What is `unasked` is looked for and never run: `--version` may mean anything to a stranger's script.
        """
        paths = {
            name: shutil.which(program, path=self._env.get("PATH")) for name, program in programs.items()
        }
        found = {name: place for name, path in paths.items() if path and (place := _place(path))}
        async with self._asking:
            async with trio.open_nursery() as nursery:
                asked = {place for name, place in found.items() if name not in unasked}
                for place in asked - self._versions.keys():
                    nursery.start_soon(self._ask, place)
            return {name: self._versions.get(place) for name, place in found.items()}

    async def _ask(self, place: tuple[str, int]) -> None:
        words = ""
        with suppress(OSError):
            words = await _first_words(place[0], self._env)
        match = _VERSION.search(words)
        self._versions[place] = match[0] if match else None


def _place(path: str) -> tuple[str, int] | None:
    try:
        return path, os.stat(path).st_mtime_ns
    except OSError:
        return None  # it has just gone


async def _first_words(path: str, env: Mapping[str, str]) -> str:
    """Run `path --version` for at most `PATIENCE`, then end its process group whatever it does."""
    process = await trio.lowlevel.open_process(
        [path, "--version"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tempfile.gettempdir(),
        env=dict(env),
        process_group=0,  # not a session: a child in one of its own would be taken for an agent's orphan
    )
    words = b""
    assert process.stdout is not None
    try:
        with trio.move_on_after(PATIENCE):
            while len(words) < _MOST_WORDS and (piece := await process.stdout.receive_some(_MOST_WORDS)):
                words += piece
    finally:
        with trio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await process.stdout.aclose()
    return words.decode("utf-8", "replace")
