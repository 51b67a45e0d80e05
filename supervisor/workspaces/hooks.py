"""Commands that run in a new workspace: git's own post-checkout, and the project's post_create."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import WORDS, CommandFailed, HookFailed
from ..protocols import Host
from .git import Git


async def post_create(
    host: Host, commands: Sequence[str], *, workspace: Path, env: Mapping[str, str]
) -> None:
    """Run each command with `sh -c` in the workspace. Raises `HookFailed` for the first that fails.

    Its words are passed on, the command is not: the configuration may have put a secret into it.
    """
    for number, command in enumerate(commands, 1):
        try:
            await host.run(("sh", "-c", command), cwd=str(workspace), env=env)
        except CommandFailed as error:
            raise _failed(f"post_create command {number} of {len(commands)}", error) from error


async def post_checkout(git: Git, *, hooks: Path, workspace: Path, commit: str) -> None:
    """Run the repository's post-checkout hook as `git worktree add` would, see githooks(5).

    `hooks` is where hooks are, relative to the workspace or absolute. Raises `HookFailed`.
    """
    if not os.access(workspace / hooks / "post-checkout", os.X_OK):
        return
    nothing = "0" * len(commit)
    try:
        await git.run("hook", "run", "post-checkout", "--", nothing, commit, "1", cwd=workspace)
    except CommandFailed as error:
        raise _failed("the repository's post-checkout hook", error) from error


def _failed(what: str, error: CommandFailed) -> HookFailed:
    words = error.words.encode()[-WORDS:].decode(errors="ignore")
    return HookFailed(f"{what} failed with exit code {error.code}: {words}")
