"""Git, run so that neither the server's environment nor a repository's habits can misdirect it."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from ..errors import CommandFailed, ConfigError
from ..protocols import Host

_ALWAYS = (
    # A gc or a file system monitor of its own would outlive the command that started it.
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsmonitor=false"),
    *("-c", "protocol.ext.allow=never"),
)

_OPTION_OR_PROGRAM = re.compile(r"-|[A-Za-z0-9+.-]*::")

_GRACE = 5.0


def refuse_command(repo: str) -> None:
    """Raise `ConfigError` if git would take `repo` for an option, or for a program: gitremote-helpers(7)."""
    if _OPTION_OR_PROGRAM.match(repo):
        raise ConfigError(
            "repo: git would take it for an option or run it as a command; give a URL or a path"
        )


class Git:
    """Runs git on a host. `hidden` are folders whose whereabouts are not for callers to read."""

    def __init__(self, host: Host, env: Mapping[str, str], hidden: tuple[Path, ...]) -> None:
        self._host, self.env = host, env
        prefixes = {f"{place}/" for folder in hidden for place in (folder, folder.parent)} - {"//"}
        self._prefixes = sorted(prefixes, key=len, reverse=True)

    async def run(self, *args: str, cwd: Path, **env: str) -> str:
        """Run `git ARGS` in `cwd` with some more environment; return its output.

        Raises `CommandFailed` with git's words, in which folders are reduced to their base names.
        """
        try:
            return await self._host.run(("git", *_ALWAYS, *args), cwd=str(cwd), env={**self.env, **env})
        except CommandFailed as error:
            raise CommandFailed(("git", *args), error.code, self._discreet(error.words)) from error

    def _discreet(self, words: str) -> str:
        for prefix in self._prefixes:
            words = words.replace(prefix, "")
        return re.sub(r"//[^/\s]+@", "//", words)


@asynccontextmanager
async def reluctantly(grace: float = _GRACE) -> AsyncIterator[None]:
    """Let the block go on for `grace` seconds more when it is cancelled; then the cancellation counts.

    For what changes a repository: git that is killed while it writes leaves its lock files behind.
    """
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        with trio.CancelScope(shield=True) as shelter:
            nursery.start_soon(_end_after, shelter, grace)
            try:
                yield
            except Exception as error:  # carried past the nursery, which would wrap it into a group
                failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _end_after(shelter: trio.CancelScope, grace: float) -> None:
    try:
        await trio.sleep_forever()
    finally:
        shelter.deadline = trio.current_time() + grace
