"""A first configuration, for a repository that has none."""

import json
import os
import re
import subprocess
from pathlib import Path

from .terminal import MISUSED, Failure, say

_TEMPLATE = """\
# What ennio serves here, and to whom. `ennio start` reads it; `ennio doctor` says what is missing.
host = "127.0.0.1"
port = 3000
# api_token = "${ENNIO_API_TOKEN}"   # asked of every caller; needed for any other than a loopback host

[defaults]
agent = "demo"                        # a small program that needs no model: try things out with it

# An agent of your own. A message is a line on its standard input; with {prompt} in the command it gets the
# first one as an argument. Name it above, in place of demo.
# [agents.mine]
# command = ["my-agent", "--prompt={prompt}"]

"""


def init(path: Path) -> None:
    """Write `ennio.toml` at the top of the git repository at `path`, and say what to do next.

    Raises `Failure` when that is no repository, or one without a commit, or there is a configuration.
    """
    top = _top(path)
    for name in ("ennio.toml", "ennio.yaml", "ennio.yml"):
        if os.path.lexists(top / name):
            raise Failure(f"{top / name} is there already; it was left as it is", MISUSED)
    name, branch = _project_name(top.name), _default_branch(top)
    project = f'[[projects]]\nname = {_quoted(name)}\npath = "."\ndefault_branch = {_quoted(branch)}\n'
    target = top / "ennio.toml"
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(_TEMPLATE + project)
    except FileExistsError as error:
        raise Failure(f"{target} is there already; it was left as it is", MISUSED) from error
    except OSError as error:
        raise Failure(f"{target} cannot be written: {error.strerror}", MISUSED) from error
    say(f"wrote {target} for the project {name} on {branch}; next, in {top}:")
    say(f'  ennio start\n  ennio spawn {name} -p "Say hello"     (in another terminal)')


def _top(path: Path) -> Path:
    if not path.is_dir():
        raise Failure(f"{path} is no folder", MISUSED)
    found = _git(path, "rev-parse", "--show-toplevel")
    if not found:
        raise Failure(f"{path} is in no git repository: `git init` makes one", MISUSED)
    if _git(path, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
        raise Failure(f"{found} has no commit yet, and sessions need one to start from", MISUSED)
    return Path(found)


def _default_branch(top: Path) -> str:
    """Return what origin calls its default, else main or master if it exists, else what is checked out."""
    if remote := _git(top, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"):
        name = remote.partition("/")[2]
        if _git(top, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}"):
            return name
    for name in ("main", "master"):
        if _git(top, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}"):
            return name
    current = _git(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    if current is None:
        raise Failure(f"{top} has no branch checked out; `git switch` to the one to work from", MISUSED)
    return current


def _project_name(folder: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", folder).strip("-")[:64] or "project"


def _quoted(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are all TOML's too."""
    return json.dumps(text, ensure_ascii=False)


def _git(folder: Path, *arguments: str) -> str | None:
    argv = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise Failure("there is no git on PATH: install it first", MISUSED) from error
    return os.fsdecode(done.stdout).removesuffix("\n") if done.returncode == 0 else None
