"""What must hold in a project, between projects, and for the repository on this machine."""

import math
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ..errors import Invalid
from ..ids import ProjectId
from .draft import DEFAULT_AGENT, Draft
from .problems import Key, Problem, dotted, nearest
from .schema import ApprovalTable, Defaults, ProjectTable, RestartTable

_GIT_TIMEOUT = 30
_QUESTIONS = ("--is-inside-work-tree", "--is-bare-repository", "--show-prefix")
_TOP = b"true\nfalse\n\n"
_BARE = b"false\ntrue\n\n"
_ELSEWHERE = {"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"}

_IDLE_RESTART = {"never": frozenset({"intensity", "period"})}
_IDLE_APPROVALS = {"allow": frozenset({"deadline"}), "deny": frozenset({"deadline"})}


def project_problems(draft: Draft) -> Iterator[Problem]:
    """Yield whatever is wrong with a project as a whole, or with what projects get by default."""
    yield from _names(draft, draft.settings.defaults, ("defaults",))
    yield from _ids(draft)
    yield from _idle(draft, "restart", RestartTable, _IDLE_RESTART)
    yield from _idle(draft, "approvals", ApprovalTable, _IDLE_APPROVALS)
    for index, project in enumerate(draft.settings.projects):
        key: Key = ("projects", index)
        yield from _names(draft, project, key)
        yield from _default_agent(draft, project, key)
        yield from _passthrough(project, key)
        yield from _links(project, key)
        if why := _no_repository(draft.path(project.path)):
            yield Problem((*key, "path"), why)


def _ids(draft: Draft) -> Iterator[Problem]:
    taken: dict[str, Key] = {}
    for index, project in enumerate(draft.settings.projects):
        key: Key = ("projects", index, "project_id" if project.project_id else "name")
        text = project.project_id or project.name
        try:
            ProjectId.parse(text)
        except Invalid:
            says = (
                "cannot be the project's id too, which is 1 to 64 of A-Z a-z 0-9 - _; give it a `project_id`"
            )
            yield Problem(key, says)
            continue
        if text in taken:
            yield Problem(key, f"is the id of another project already: `{dotted(taken[text])}`")
        taken.setdefault(text, key)


def _names(draft: Draft, table: Defaults | ProjectTable, key: Key) -> Iterator[Problem]:
    """Whatever a table names must be defined by somebody: its agent, its runtime, its workspace."""
    for kind in ("agent", "runtime", "workspace"):
        name, known = getattr(table, kind), draft.known(f"{kind}s")
        if kind in table.model_fields_set and name not in known:
            given = draft.given((*key, kind))[:80]
            says = f"names the {kind} {given!a}, which nobody defines; {nearest(given, known)}"
            yield Problem((*key, kind), says)


def _default_agent(draft: Draft, project: ProjectTable, key: Key) -> Iterator[Problem]:
    known = draft.known("agents")
    if project.agent is None and draft.settings.defaults.agent is None and DEFAULT_AGENT not in known:
        says = f"is not given, and its default `{DEFAULT_AGENT}` is not installed"
        yield Problem((*key, "agent"), f"{says}; there are: {', '.join(sorted(known))}")


def _passthrough(project: ProjectTable, key: Key) -> Iterator[Problem]:
    """Options are plain: an agent's command line has no words for more."""
    for option, value in project.agent_config.passthrough.items():
        place: Key = (*key, "agent_config", "passthrough", option)
        if not option.strip():
            yield Problem(place, "is no name of an option")
        yield from _plain(value, place)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _plain(item, (*place, index), in_list=True)


def _plain(value: object, key: Key, *, in_list: bool = False) -> Iterator[Problem]:
    if isinstance(value, dict) or (isinstance(value, list) and in_list):
        what = "a table" if isinstance(value, dict) else "a list in a list"
        yield Problem(key, f"must be text, a number, a boolean or a list of those, not {what}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(key, "must be a finite number")


def _idle(
    draft: Draft, name: str, table: type[RestartTable | ApprovalTable], idle: Mapping[str, frozenset[str]]
) -> Iterator[Problem]:
    """How something is done means nothing where it is not done.

    `name` is where such a `table` stands, and `idle` has the keys that do nothing, by policy.
    """
    common = getattr(draft.settings, name) or table()
    policies = {common.policy}
    for index, project in enumerate(draft.settings.projects):
        own = getattr(project, name) or table()
        policy = (own if "policy" in own.model_fields_set else common).policy
        policies.add(policy)
        yield from _idle_keys(own, policy, idle, ("projects", index, name))
    if policies <= idle.keys():
        yield from _idle_keys(common, common.policy, idle, (name,))


def _idle_keys(
    table: RestartTable | ApprovalTable, policy: str, idle: Mapping[str, frozenset[str]], key: Key
) -> Iterator[Problem]:
    for name in sorted(idle.get(policy, frozenset()) & table.model_fields_set):
        yield Problem((*key, name), f"does nothing: the `policy` is `{policy}`")


def _links(project: ProjectTable, key: Key) -> Iterator[Problem]:
    """A link inside of another one would be made wherever that one leads."""
    taken: dict[PurePosixPath, int] = {}
    for index, link in enumerate(project.symlinks):
        target = PurePosixPath(link.target)
        for other, before in taken.items():
            if target == other or target in other.parents or other in target.parents:
                says = f"is in the way of `{dotted((*key, 'symlinks', before, 'target'))}`, or inside of it"
                yield Problem((*key, "symlinks", index, "target"), says)
        taken[target] = index


def _no_repository(path: Path) -> str | None:
    """Say why a path is not the top of a git repository, or None if it is (git-rev-parse(1))."""
    if not os.path.isdir(path):
        return "is no folder; it must be a git repository on this machine"
    env = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    command = ["git", "-C", str(path), "rev-parse", *_QUESTIONS]
    try:
        asked = subprocess.run(
            command,
            check=False,
            env=env | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_TIMEOUT,
        )
    except FileNotFoundError:
        return "cannot be looked at: there is no `git` on PATH"
    except (OSError, subprocess.TimeoutExpired):
        return f"cannot be looked at by git within {_GIT_TIMEOUT} s"
    if asked.returncode:
        words = asked.stderr.decode(errors="replace").strip().partition("\n")[0]
        without_path = re.sub(r"^fatal: | at '.*", "", words)
        return f"is no git repository: {without_path}"
    if asked.stdout == _TOP or (asked.stdout == _BARE and os.path.isfile(path / "HEAD")):
        return None
    return "is a folder inside of a git repository; give the repository's own folder"
