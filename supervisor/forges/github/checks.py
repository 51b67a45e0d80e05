"""What checks say of a commit at GitHub: check runs, and the older commit statuses.

https://docs.github.com/en/rest/checks/runs, https://docs.github.com/en/rest/commits/statuses
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ...records import Check, Ci
from ..fields import identity, mapping, moment, part, text, words

WORDS = 500
"""Characters of a check's own words that are kept."""

ACTIONS = "github-actions"
"""The app whose check runs are jobs with a log."""

_AT_ONCE = timedelta(seconds=60)
"""Workflows that begin within this time of each other were started by the same thing."""

_JOB = re.compile(r"/job/([0-9]+)")

_CONCLUSIONS = {
    **dict.fromkeys(("success", "neutral", "skipped"), Ci.PASSING),
    **dict.fromkeys(("failure", "timed_out", "cancelled", "startup_failure", "action_required"), Ci.FAILING),
}
"""By what a check run came to. `action_required` keeps from merging until somebody does something about it,
so it fails, as it does for GitHub's own command line. `stale` is not here: GitHub says so of a run that did
not end within two weeks; it never gave its word, and an unattended merge must not take that for a good one.
https://docs.github.com/en/pull-requests/reference/status-checks
"""

_STATUSES = {"success": Ci.PASSING, "failure": Ci.FAILING, "error": Ci.FAILING, "pending": Ci.PENDING}


def checks(runs: Iterable[Any], statuses: Iterable[Any]) -> tuple[Check, ...]:
    """Return all checks by name, of each app's and each name's runs the latest.

    Two workflows may have a job of one name each: then both count. They are told from a workflow that was
    started anew by when they were: a push starts all of its workflows at once.
    """
    latest: dict[tuple[object, str], dict[object, Mapping[str, Any]]] = {}
    given = sorted(map(mapping, runs), key=identity)
    began = _beginnings(given)
    for raw in given:
        app, suite = part(raw, "app"), _suite(raw)
        same = latest.setdefault((app.get("id") or app.get("slug"), text(raw, "name")), {})
        for other in [one for one in same if one != suite and not _together(began, one, suite)]:
            del same[other]
        same[suite] = raw
    found = [_run(raw) for same in latest.values() for raw in same.values()]
    contexts: dict[str, Check] = {}
    for raw in map(mapping, statuses):
        contexts.setdefault(words(raw, "context"), _status(raw))  # the latest comes first
    return tuple(sorted([*found, *contexts.values()], key=lambda check: check.name))


def _suite(raw: Mapping[str, Any]) -> object:
    return part(raw, "check_suite").get("id")


def _beginnings(runs: Iterable[Mapping[str, Any]]) -> Mapping[object, datetime]:
    """Return when each suite began, as far as that is told: a workflow's run is a suite."""
    began: dict[object, datetime] = {}
    for raw in runs:
        suite, at = _suite(raw), moment(raw, "started_at")
        if suite is not None and at is not None:
            began[suite] = min(at, began.get(suite, at))
    return began


def _together(began: Mapping[object, datetime], one: object, other: object) -> bool:
    return one in began and other in began and abs(began[one] - began[other]) <= _AT_ONCE


def _run(raw: Mapping[str, Any]) -> Check:
    output = part(raw, "output")
    said = "\n".join(filter(None, (words(output, "title"), words(output, "summary"))))
    state = Ci.PENDING
    if words(raw, "status") in {"completed", ""}:
        state = _CONCLUSIONS.get(words(raw, "conclusion"), Ci.PENDING)
    url = words(raw, "details_url") or words(raw, "html_url") or None
    return Check(text(raw, "name"), state, url, _job(raw), said[:WORDS])


def _job(raw: Mapping[str, Any]) -> str | None:
    """Return the number of the job that the run is; those of other apps have their logs elsewhere."""
    slug = words(part(raw, "app"), "slug")
    if slug not in {"", ACTIONS}:
        return None
    found = _JOB.search(words(raw, "details_url"))
    return found[1] if found else str(identity(raw))


def _status(raw: Mapping[str, Any]) -> Check:
    return Check(
        name=words(raw, "context") or "default",
        state=_STATUSES[text(raw, "state")],
        url=words(raw, "target_url") or None,
        words=words(raw, "description")[:WORDS],
    )
