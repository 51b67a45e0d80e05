"""Which branch a session works on, and where that branch starts. Pure: refs in, a decision out."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import count

from ..branches import BranchName
from ..errors import Conflict, Invalid

HEADS = "refs/heads/"
ORIGIN = "refs/remotes/origin/"


@dataclass(frozen=True, slots=True)
class Start:
    """A branch and the commit at which the work begins; `made`: the branch did not exist before.

    `ref` is the full name of the ref that gave the commit.
    """

    branch: BranchName
    commit: str
    made: bool
    ref: str


def start(
    branch: BranchName | None,
    derived: BranchName,
    default: str,
    refs: Mapping[str, str],
    repository: str,
    *,
    base: str = "local",
) -> Start:
    """Decide by `refs` (full name -> commit) where a session starts that asked for `branch` or for none.

    An existing branch is taken as it is. A new one starts where origin has a branch of that name, as
    `git switch` would have it, else at the first of `bases` that is there.
    Raises `Conflict` for a collision, `Invalid` when there is nothing to start from.
    """
    name = settle(branch, derived, names(refs, HEADS), names(refs, ORIGIN), repository)
    if HEADS + name in refs:
        return Start(name, refs[HEADS + name], made=False, ref=HEADS + name)
    for ref in (ORIGIN + name, *bases(default, base)):
        if ref in refs:
            return Start(name, refs[ref], made=True, ref=ref)
    if not refs:
        raise Invalid(f"the repository {repository} has no commit yet; make a first one on {default}")
    words = "neither of its own nor of origin; set default_branch to one that it has"
    raise Invalid(f"the repository {repository} has no branch {default}, {words}")


def bases(default: str, base: str) -> tuple[str, str]:
    """Return the refs at which a new branch starts: the default branch, of `base` (local, origin) first."""
    near, far = (ORIGIN, HEADS) if base == "origin" else (HEADS, ORIGIN)
    return near + default, far + default


def names(refs: Iterable[str], kind: str) -> Set[str]:
    """Return the names of those refs that begin with `kind`, without it."""
    return {ref.removeprefix(kind) for ref in refs if ref.startswith(kind)}


def settle(
    branch: BranchName | None, derived: BranchName, heads: Set[str], remote: Set[str], repository: str
) -> BranchName:
    """Return the branch to work on: the one that was asked for, else a new one after `derived`.

    Raises `Conflict` when it cannot be beside one of `heads`.
    """
    if branch is None:
        return free(derived, heads | remote)
    others = sorted(name for name in heads - {branch} if _collide(branch, name))
    if others:
        words = f"cannot be beside {others[0]}, which is there already; take another name"
        raise Conflict(f"a branch {branch} of {repository} {words}")
    return branch


def free(derived: BranchName, taken: Set[str]) -> BranchName:
    """Return `derived`, or the first of `derived-2`, `derived-3`, ... that is neither taken nor collides.

    When a branch is named as a folder of it no number would help: then its slashes become dashes.
    """
    if any(derived.startswith(f"{name}/") for name in taken):
        derived = BranchName.parse(derived.replace("/", "-"))
    candidates = (derived if n == 1 else BranchName.parse(f"{derived}-{n}") for n in count(1))
    return next(one for one in candidates if not any(one == name or _collide(one, name) for name in taken))


def _collide(one: str, other: str) -> bool:
    """Git keeps branches as files, so that no name can be a folder of another: gitrepository-layout(5)."""
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")
