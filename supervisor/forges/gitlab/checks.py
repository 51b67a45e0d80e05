"""What GitLab's pipelines and other people's commit statuses come to, as checks.

https://docs.gitlab.com/api/jobs/#list-pipeline-jobs
https://docs.gitlab.com/api/commits/#list-commit-statuses
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...records import Check, Ci
from ..fields import mapping, number, text, words

_OVER = {"success": Ci.PASSING, "failed": Ci.FAILING, "canceled": Ci.FAILING, "skipped": Ci.PASSING}
"""Any other status is one of waiting or running: https://docs.gitlab.com/ci/jobs/#available-job-statuses"""

PIPELINE = "pipeline"
"""The name of the check for what a pipeline as a whole says, and nothing in it."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline: which commit it is of, and how it stands as a whole.

    One for merged results is of a commit that was made for it, whose ref ends with `/merge`, or `/train`.
    """

    id: int
    sha: str
    ref: str
    status: str
    url: str | None

    @property
    def of_merged_results(self) -> bool:
        """Whether its commit is one that GitLab made from the branch and its target."""
        return self.ref.startswith("refs/merge-requests/") and self.ref.endswith(("/merge", "/train"))


def read_pipeline(raw: Any) -> Pipeline:
    """Return a pipeline."""
    told = mapping(raw)
    return Pipeline(
        id=number(told, "id"),
        sha=text(told, "sha"),
        ref=words(told, "ref"),
        status=text(told, "status"),
        url=words(told, "web_url") or None,
    )


def read_checks(
    pipeline: Pipeline | None, jobs: Iterable[Any], statuses: Iterable[Any], own: str
) -> tuple[Check, ...]:
    """Return the checks of a commit by name: a pipeline's jobs, statuses from outside, the pipeline itself.

    The pipeline counts where none of these explains how it stands, as with a child pipeline that failed.
    `own` is the project's URL, by which jobs of other pipelines are told from statuses.
    """
    made = [mapping(raw) for raw in jobs]
    seen = {number(told, "id") for told in made}
    checks = {text(told, "name"): _job(told) for told in made}
    outside: dict[str, Check] = {}
    for told in sorted(map(mapping, statuses), key=lambda one: number(one, "id")):
        name = text(told, "name")
        if number(told, "id") not in seen and name not in checks and _counts(told, pipeline, own):
            outside[name] = _status(told)
    checks |= outside
    if pipeline is not None and (whole := _whole(pipeline, checks.values())):
        checks.setdefault(whole.name, whole)
    return tuple(checks[name] for name in sorted(checks))


def _job(told: Mapping[str, Any]) -> Check:
    state, said = _state(told)
    reason = words(told, "failure_reason").replace("_", " ")
    return Check(
        name=text(told, "name"),
        state=state,
        url=words(told, "web_url") or None,
        job=str(number(told, "id")),
        words=reason if state is Ci.FAILING and reason else said,
    )


def _status(told: Mapping[str, Any]) -> Check:
    state, said = _state(told)
    return Check(
        name=text(told, "name"),
        state=state,
        url=words(told, "target_url") or None,
        words=words(told, "description") or said,
    )


def _state(told: Mapping[str, Any]) -> tuple[Ci, str]:
    """Return how a job stands, and its own word for it.

    One that may fail passes when it does. One that somebody has to start passes, unless others wait for it:
    then the host itself does not call the pipeline passed.
    https://docs.gitlab.com/ci/jobs/job_control/#types-of-manual-jobs
    """
    status, allowed = text(told, "status"), told.get("allow_failure") is True
    said, state = status.replace("_", " "), _OVER.get(status, Ci.PENDING)
    if state is Ci.FAILING and allowed:
        return Ci.PASSING, f"{said}, which is allowed"
    if status == "manual":
        return (Ci.PASSING if allowed else Ci.PENDING), "waits for somebody to start it"
    return state, said


def _counts(told: Mapping[str, Any], pipeline: Pipeline | None, own: str) -> bool:
    """Whether a status is about this commit: of its pipeline, or from outside. Jobs of other pipelines of
    the commit are listed too; these lead nowhere, or into the project itself."""
    if pipeline is not None and told.get("pipeline_id") == pipeline.id:
        return True
    url = words(told, "target_url")
    return bool(url) and not url.startswith((f"{own}/-/jobs/", f"{own}/-/builds/", f"{own}/builds/"))


def _whole(pipeline: Pipeline, checks: Iterable[Check]) -> Check | None:
    """Return the check of a pipeline that stands worse than all that is known of it."""
    state = _OVER.get(pipeline.status, Ci.PENDING)
    known = {check.state for check in checks}
    if state is Ci.PASSING or Ci.FAILING in known or Ci.PENDING in known:
        return None
    return Check(PIPELINE, state, pipeline.url, words=pipeline.status.replace("_", " "))
