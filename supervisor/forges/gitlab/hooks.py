"""What GitLab sends word of.

https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import Invalid
from ...records import Hint
from ..fields import mapping, number, part, words
from ..signatures import same
from ..words import parse
from .place import Place


def proved(headers: Mapping[str, str], secret: str) -> bool:
    """Return whether the secret was sent along.

    https://docs.gitlab.com/user/project/integrations/webhooks/#validate-payloads-by-using-a-secret-token
    """
    given = [value for key, value in headers.items() if key.lower() == "x-gitlab-token"]
    return len(given) == 1 and same(secret, given[0])


def hint(body: bytes, place: Place, project_id: int | None) -> Hint | None:
    """Return what a proved body says has changed; None when it is of another project.

    `project_id` is the project's number, once it is known. Raises `Invalid` for what is no such body.
    """
    try:
        told = mapping(parse(body))
        return _changed(told) if _is_ours(told, place, project_id) else None
    except (LookupError, TypeError, ValueError) as error:
        raise Invalid(f"what was sent for {place.name} cannot be understood: {error}") from error


def _is_ours(told: Mapping[str, Any], place: Place, project_id: int | None) -> bool:
    project = part(told, "project")
    given = project.get("id") if project else told.get("project_id")
    if place.is_ours(words(project, "path_with_namespace"), given):
        return True
    return given is not None and given == project_id


def _changed(told: Mapping[str, Any]) -> Hint:
    kind, about = words(told, "object_kind"), part(told, "object_attributes")
    if kind == "push":
        return _hint([words(told, "ref").removeprefix("refs/heads/")], [words(told, "after")])
    if kind == "build":
        return _hint([words(told, "ref")], [words(told, "sha")])
    if kind == "merge_request":
        return _of_request(about)
    if kind == "note":
        noted = _hint(commits=[words(part(told, "commit"), "id")])
        return _both(noted, _of_request(part(told, "merge_request")))
    if kind == "pipeline":
        ran = _hint([words(about, "ref")], [words(about, "sha")])
        return _both(ran, _of_request(part(told, "merge_request")))
    return Hint()


def _of_request(request: Mapping[str, Any]) -> Hint:
    numbers = [number(request, "iid")] if request else []
    last = words(part(request, "last_commit"), "id")
    return _hint([words(request, "source_branch")], [last], numbers)


def _hint(branches: Iterable[str] = (), commits: Iterable[str] = (), numbers: Iterable[int] = ()) -> Hint:
    """Return the hint without what is empty, refs that are no branches, and the commit that is none."""
    return Hint(
        branches=frozenset(name for name in branches if name and not name.startswith("refs/")),
        numbers=frozenset(numbers),
        commits=frozenset(commit for commit in commits if commit.strip("0")),
    )


def _both(one: Hint, other: Hint) -> Hint:
    return Hint(one.branches | other.branches, one.numbers | other.numbers, one.commits | other.commits)
