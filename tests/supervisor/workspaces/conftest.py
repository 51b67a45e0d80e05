"""Real git in real folders, on a host whose commands can be counted, failed and cancelled."""

import os
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trio

from ennio.supervisor.branches import BranchName
from ennio.supervisor.errors import EnnioError
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.ids import SessionId
from ennio.supervisor.records import Tree
from ennio.supervisor.workspaces.clone import CloneWorkspace
from ennio.supervisor.workspaces.worktree import WorktreeWorkspace

ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
}


@dataclass
class WatchedHost(LocalHost):
    """This machine, with something done before, beside or after a command: `f(its number, from 1)`."""

    ran: list[tuple[str, ...]] = field(default_factory=list)
    before: Callable[[int], Awaitable[None]] | None = None
    beside: Callable[[int], Awaitable[None]] | None = None
    after: Callable[[int], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        super().__init__()

    async def run(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None) -> str:
        self.ran.append(tuple(argv))
        number = len(self.ran)
        if self.before:
            await self.before(number)
        if self.beside:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.beside, number)
                said = await super().run(argv, cwd=cwd, env=env)
                nursery.cancel_scope.cancel()
        else:
            said = await super().run(argv, cwd=cwd, env=env)
        if self.after:
            await self.after(number)
        return said

    def commands(self) -> list[str]:
        """The git commands that ran, without git's own options, and other programs."""
        return [next((a for a in argv[1:] if re.fullmatch("[a-z-]{3,}", a)), argv[0]) for argv in self.ran]


@dataclass
class Repo:
    """A repository on disk, for tests to look at and to change."""

    path: Path

    def git(self, *args: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.path, env=ENV, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {args}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def commit(self, name: str = "file", text: str = "text", cwd: Path | None = None) -> str:
        ((cwd or self.path) / name).write_text(text)
        self.git("add", name, cwd=cwd)
        self.git("commit", "--quiet", "-m", f"change {name}", cwd=cwd)
        return self.git("rev-parse", "HEAD", cwd=cwd)

    def branches(self) -> set[str]:
        return set(self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split())

    def state(self, root: Path) -> tuple[Any, ...]:
        """All that a spawn which came to nothing must leave as it was."""
        common = self.path / self.git("rev-parse", "--git-common-dir")
        return (
            self.git("for-each-ref"),
            self.git("worktree", "list", "--porcelain"),
            sorted(str(p) for p in root.rglob("*")),
            sorted(str(p) for p in (common / "worktrees").glob("*")),
            sorted(str(p) for p in common.rglob("*.lock")),
            (common / "config").read_text(),
            self.git("status", "--porcelain") if common.name == ".git" else "",
        )


@pytest.fixture
def env() -> dict[str, str]:
    """What git runs with: nobody's configuration."""
    return ENV


@pytest.fixture
def init() -> Callable[[Path], Repo]:
    """Make one more repository."""
    return _init


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one commit on main."""
    return _init(tmp_path / "projekt ü")


def _init(path: Path) -> Repo:
    path.mkdir()
    made = Repo(path)
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit("README", "hello\n")
    return made


@dataclass
class Remote(Repo):
    """The bare repository that is a project's origin; `others` is somebody else's clone of it."""

    others: Repo
    project: Repo

    def push(self, name: str = "theirs", branch: str = "main", *options: str) -> str:
        """Have somebody else push one more commit to a branch; return it."""
        self.others.git("checkout", "--quiet", "-B", branch)
        tip = self.others.commit(name)
        self.others.git("push", "--quiet", *options, "origin", branch)
        return tip

    def serve_by(self, script: str) -> None:
        """Have fetches of the project talk to a shell script, whose `$1` is this repository."""
        wrapper = self.path.with_name("upload-pack")
        wrapper.write_text(f"#!/bin/sh\n{script}\n")
        wrapper.chmod(0o755)
        self.project.git("config", "remote.origin.uploadpack", str(wrapper))

    def count(self) -> Path:
        """Count how often it is asked, from now: by the lines of the file that is returned."""
        asked = self.path.with_name("asked")
        asked.write_text("")
        self.serve_by(f'echo asked >>"{asked}"; sleep 0.05; exec git-upload-pack "$1"')
        return asked

    def hang(self) -> Path:
        """Never answer, from now; return the file that will hold the pid of who does not."""
        pid = self.path.with_name("pid")
        self.serve_by(f'echo $$ >"{pid}.new"; mv "{pid}.new" "{pid}"; exec sleep 1000')
        return pid


@pytest.fixture
def remote(repo: Repo, tmp_path: Path) -> Remote:
    """The origin of `repo`, which has seen its first commit."""
    path, others = tmp_path / "origin.git", tmp_path / "others"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(path))
    repo.git("remote", "add", "origin", str(path))
    repo.git("fetch", "--quiet", "origin")
    repo.git("clone", "--quiet", str(path), str(others))
    return Remote(path, Repo(others), repo)


@pytest.fixture
def host() -> WatchedHost:
    return WatchedHost()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "workspaces"


Make = Callable[..., Any]


@pytest.fixture
def worktrees(repo: Repo, host: WatchedHost, root: Path) -> Make:
    return _maker(WorktreeWorkspace, repo, host, root)


@pytest.fixture
def clones(repo: Repo, host: WatchedHost, root: Path) -> Make:
    return _maker(CloneWorkspace, repo, host, root)


def _maker(kind: type[Any], repo: Repo, host: WatchedHost, root: Path) -> Make:
    def make(**changes: Any) -> Any:
        settings: dict[str, Any] = {
            "host": host,
            "root": root,
            "path": repo.path,
            "repo": None,
            "default_branch": "main",
            "symlinks": (),
            "post_create": (),
            "env": ENV,
        }
        return kind(**settings | changes)

    return make


Keep = Callable[..., Awaitable[Tree]]


@pytest.fixture
def keep() -> Keep:
    """Check out, and keep the workspace as a caller does whose start succeeded."""

    async def keep(workspace: Any, name: str = "s-1", branch: str | None = None, derived: str = "") -> Tree:
        async with AsyncExitStack() as undo:
            wanted = BranchName.parse(branch) if branch else None
            block = workspace.checkout(SessionId(name), wanted, BranchName.parse(derived or f"ennio/{name}"))
            tree: Tree = await undo.enter_async_context(block)
            undo.pop_all()
        return tree

    return keep


@pytest.fixture
def appears() -> Callable[[Path], Awaitable[None]]:
    """Wait until something stands at the path."""

    async def appears(path: Path) -> None:
        while not path.exists():  # noqa: ASYNC110 - another process makes it
            await trio.sleep(0.005)

    return appears


@pytest.fixture
def cancel_at(host: WatchedHost) -> Callable[..., Iterator[trio.CancelScope]]:
    """Give a scope that is cancelled "before", "beside" or "after" the host's `number`th command from now."""

    @contextmanager
    def cancel_at(how: str, number: int) -> Iterator[trio.CancelScope]:
        with trio.CancelScope() as scope:

            async def cancel(n: int) -> None:
                if n == number:
                    await trio.sleep(0.001 if how == "beside" else 0)
                    scope.cancel()

            host.ran.clear()
            setattr(host, how, cancel)
            yield scope
        setattr(host, how, None)

    return cancel_at


@pytest.fixture
def dies(repo: Repo) -> Callable[[], Path]:
    """Have git end without a word in its next change of a ref, holding its locks."""

    def dies() -> Path:
        hook = repo.path / ".git/hooks/reference-transaction"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\n[ "$1" != prepared ] || kill -9 $PPID\n')
        hook.chmod(0o755)
        return hook

    return dies


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Tree | None]]:
    """Make a checkout that can undo nothing, as in a server that is killed."""

    async def crash(workspace: Any, branch: str | None = None) -> Tree | None:
        async def nothing(self: object) -> None:
            return

        block = workspace.checkout(SessionId("s-1"), branch and BranchName(branch), BranchName("ennio/s-1"))
        monkeypatch.setattr(type(block), "give_back", nothing)
        try:
            tree: Tree = await block.__aenter__()
        except EnnioError:
            return None
        finally:
            monkeypatch.undo()
        return tree

    return crash
