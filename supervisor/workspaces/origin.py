"""What the project's remote `origin` has by now, brought in before a session starts from it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import trio

from ..errors import CommandFailed
from . import notes, remains
from .branching import HEADS, ORIGIN, Start
from .git import Git, reluctantly
from .repository import Repository

FETCH_WITHIN = 20.0
"""Seconds that a fetch may take, unless told."""

_GRACE = 1.0
"""Seconds that a fetch goes on when it is cancelled: it writes refs for less, at its end."""

_NARROW = (
    # Whatever the configuration would have fetched, pruned or written beside that.
    *("--quiet", "--no-tags", "--no-prune", "--no-prune-tags", "--refmap=", "--no-recurse-submodules"),
    *("--no-write-fetch-head", "--no-write-commit-graph"),
)
_KNOWN = r"^(remote\.origin\.url|core\.sshcommand)$"
_NEVER_ASKS = "ssh -o BatchMode=yes"
_LOCKED = re.compile("cannot lock ref|shallow file has changed|[.]lock': File exists")
_ANOTHER_TRY = 0.2
_ABSOLUTE = re.compile(r"'/[^'\n]*?([^'/\n]+)/?'")
_ADVICE = re.compile(r"Please make sure you have the correct access rights\s+and the repository exists\.")
_MOST_WORDS = 1000

Brought = dict[str, str | None]
"""By branch: None when it was brought, else why not, in a clause. What origin has not is not in it."""


@dataclass(eq=False, slots=True)
class _Ask:
    """One who waits for branches of origin; `reply`: what a fetch has brought that began since."""

    names: frozenset[str]
    reply: Brought | None = None


class _Line:
    """All who wait for one repository's origin. Whoever has the turn fetches for all of them."""

    def __init__(self) -> None:
        self.turn, self.asks = trio.Lock(), set[_Ask]()


_LINES: WeakValueDictionary[Path, _Line] = WeakValueDictionary()
"""One a repository, by its common git directory: several projects may share one."""


class Origin:
    """The remote `origin` of `repository`. A fetch of it may take `within` seconds.

    Fetches of one repository come one by one, since their locks would fail each other, and one that began
    after somebody asked serves him: so many who ask at once need two. Who is cancelled while he fetches
    for others leaves that to the next of them.
    """

    def __init__(self, git: Git, repository: Repository, within: float) -> None:
        self._git, self._repository, self._within = git, repository, within
        self._line: _Line | None = None

    async def fetch(self, default: str, branch: str | None = None) -> str | None:
        """Bring refs/remotes/origin/ up to date: `default`, and `branch` if origin has it.

        Return None, or say in a clause why that failed. Takes no `turn`, and at most twice `within` seconds.
        Cancelled: no git is left running, nor any lock of it.
        """
        if self._line is None:
            self._line = _LINES.setdefault(await self._repository.common_dir(), _Line())
        line, ask = self._line, _Ask(frozenset({default, branch or default}))
        line.asks.add(ask)
        try:
            with trio.move_on_after(2 * self._within):
                async with line.turn:
                    if ask.reply is None:
                        await self._serve(line)
        finally:
            line.asks.discard(ask)
        reply = dict.fromkeys(ask.names, self._too_slow()) if ask.reply is None else ask.reply
        if branch is not None and branch in reply:
            return reply[branch]
        return reply.get(default, f"origin has no branch {default}")

    async def _serve(self, line: _Line) -> None:
        """Fetch what is wanted so far. Whoever is in the line need not try again where time was too short."""
        served, brought, failure = tuple(line.asks), Brought(), self._too_slow()
        with trio.move_on_after(self._within) as patience:
            try:
                brought, failure = await self._bring(frozenset().union(*(ask.names for ask in served))), ""
            except CommandFailed as error:
                failure = _why(error)
        for ask in tuple(line.asks) if patience.cancelled_caught else served:
            ask.reply = dict.fromkeys(ask.names, failure) if failure else brought

    async def _bring(self, names: frozenset[str]) -> Brought:
        """Fetch those of these branches that origin has."""
        env = await self._environment()
        if env is None:
            return dict.fromkeys(names, f"{self._repository.name} has no remote origin")
        if len(names) > 1:  # a fetch fails for one that is not there
            asked = ("--heads", "--end-of-options", "origin", *(HEADS + name for name in sorted(names)))
            said = await self._repository.run("ls-remote", *asked, **env)
            names &= {line.partition("\t")[2].removeprefix(HEADS) for line in said.splitlines()}
        if not names:
            return {}
        try:
            await self._fetch(names, env)
        except CommandFailed as error:
            if not _LOCKED.search(error.words):
                raise
        else:
            return dict.fromkeys(names)
        await trio.sleep(_ANOTHER_TRY)  # somebody else fetches just now, or one name stands in another's way
        return {name: await self._fetch_alone(name, env) for name in sorted(names)}

    async def _fetch_alone(self, name: str, env: Mapping[str, str]) -> str | None:
        try:
            await self._fetch({name}, env)
        except CommandFailed as error:
            return _why(error)
        return None

    async def _fetch(self, names: Collection[str], env: Mapping[str, str]) -> None:
        refspecs = [f"+{HEADS}{name}:{ORIGIN}{name}" for name in sorted(names)]
        since, killed = notes.stamp(), True
        async with reluctantly(_GRACE):
            try:
                await self._repository.run("fetch", *_NARROW, "--end-of-options", "origin", *refspecs, **env)
                killed = False
            except CommandFailed:
                killed = False
                raise
            finally:
                if killed:  # it did not end by itself when this was cancelled
                    with trio.CancelScope(shield=True):
                        await remains.clear(self._repository, [ORIGIN + name for name in names], since)

    async def _environment(self) -> dict[str, str] | None:
        """Return what git runs with, None when there is no origin: git would take the name for a folder.

        ssh will not ask for a password, unless the operator has chosen his own.
        """
        try:
            known = (await self._repository.run("config", "--name-only", "--get-regexp", _KNOWN)).split()
        except CommandFailed as error:
            if error.code != 1:
                raise
            known = []
        if "remote.origin.url" not in known:
            return None
        own = "core.sshcommand" in known or not {"GIT_SSH_COMMAND", "GIT_SSH"}.isdisjoint(self._git.env)
        return {"LC_ALL": "C"} if own else {"LC_ALL": "C", "GIT_SSH_COMMAND": _NEVER_ASKS}

    def _too_slow(self) -> str:
        return f"origin could not be fetched within {self._within:g} s"


def stale(missed: str | None, start: Start) -> str | None:
    """Return a sentence for operators about a branch that starts at what is known, for `missed` says why."""
    if missed is None or not start.made:
        return None
    known = " as it was known before" if start.ref.startswith(ORIGIN) else ""
    return f"{missed}; the branch {start.branch} starts at {start.ref}{known}"


def _why(error: CommandFailed) -> str:
    """Return what git said as a part of a sentence: printable, short, and without whereabouts here."""
    words = _ABSOLUTE.sub(r"'\1'", _ADVICE.sub("", error.words))
    printable = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in words)
    lines = (" ".join(line.split()).rstrip(".") for line in printable.splitlines())
    said = "; ".join(line for line in lines if line)
    return f"origin could not be fetched: {said if len(said) <= _MOST_WORDS else f'...{said[-_MOST_WORDS:]}'}"
