"""What GitLab is asked about one merge request beyond the merge request itself."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from ...errors import ForgeFailed, ForgeRefused, NotFound
from ...records import Check, Ci, Failure, PullRequest
from ..fields import mapping, understood, words
from ..together import together
from ..web import Web
from .checks import Pipeline, read_checks, read_pipeline
from .facts import Facts
from .reviews import Answers, Opinions, read_opinions
from .traces import FETCHED, readable

LOGS = 5
"""How many logs are fetched of one failing commit."""

_TRIED = 10
"""How many pipelines are looked through for the one of a commit."""


class Inquiry:
    """Asks a project, which is at `path` of the API."""

    def __init__(self, web: Web, path: str, ignored: frozenset[str]) -> None:
        self._web, self._path, self._ignored = web, path, ignored

    async def checks(self, facts: Facts) -> tuple[Check, ...]:
        """Return the checks of the head: jobs of its pipeline, and statuses from outside."""
        statuses = f"{self._path}/repository/commits/{facts.head}/statuses"
        (pipeline, jobs), outside = await together(partial(self._jobs, facts), partial(self._of_ci, statuses))
        with understood(self._web.name, f"the checks of !{facts.number}"):
            return read_checks(pipeline, jobs, outside, facts.home)

    async def opinions(self, facts: Facts) -> Opinions:
        """Return what reviewers and others said."""
        path = f"{self._path}/merge_requests/{facts.number}"
        answers = await together(
            partial(self._web.get, f"{path}/approvals"),
            partial(self._web.get_all, f"{path}/reviewers"),
            partial(self._web.get_all, f"{path}/notes", order_by="created_at", sort="desc"),
            partial(self._web.get_all, f"{path}/versions"),
        )
        with understood(self._web.name, f"the reviews of !{facts.number}"):
            return read_opinions(Answers(*answers), facts.head, facts.author, self._ignored)

    async def failures(self, pull: PullRequest) -> Sequence[Failure]:
        """Return the failing checks, the first `LOGS` of them that have a log with its end."""
        failing = [check for check in pull.checks if check.state is Ci.FAILING]
        logged = [check for check in failing if check.job is not None][:LOGS]
        logs = await together(*(partial(self._log, check) for check in logged))
        had = {check.name: log for check, log in zip(logged, logs, strict=True)}
        return [Failure(one.name, one.url, had.get(one.name, _without_log(one))) for one in failing]

    async def _log(self, check: Check) -> str:
        """Return the end of a log, or why it is not there. https://docs.gitlab.com/api/jobs/#get-a-log-file"""
        try:
            trace = await self._web.tail(f"{self._path}/jobs/{check.job}/trace", FETCHED)
        except (ForgeFailed, NotFound) as error:
            return f"({check.words}; its log cannot be had: {error})"
        return readable(trace, cut=len(trace.encode()) >= FETCHED) or f"({check.words}; its log is empty)"

    async def _jobs(self, facts: Facts) -> tuple[Pipeline | None, list[Any]]:
        pipeline = await self._pipeline(facts)
        if pipeline is None:
            return None, []
        return pipeline, await self._web.get_all(f"{self._path}/pipelines/{pipeline.id}/jobs")

    async def _pipeline(self, facts: Facts) -> Pipeline | None:
        """Return the pipeline of the head; the merge request's own may still be that of an earlier one.

        https://docs.gitlab.com/api/merge_requests/#list-merge-request-pipelines
        """
        if facts.pipeline is not None and await self._is_of(facts.pipeline, facts.head):
            return facts.pipeline
        listed = await self._of_ci(f"{self._path}/merge_requests/{facts.number}/pipelines", most=_TRIED)
        with understood(self._web.name, f"the pipelines of !{facts.number}"):
            pipelines = [read_pipeline(raw) for raw in listed]
        for pipeline in sorted(pipelines, key=lambda one: one.id, reverse=True):
            if await self._is_of(pipeline, facts.head):
                return pipeline
        return None

    async def _is_of(self, pipeline: Pipeline, head: str) -> bool:
        """Whether a pipeline is of the head, or of a commit into which GitLab merged it.

        https://docs.gitlab.com/ci/pipelines/merged_results_pipelines/
        """
        if pipeline.sha == head or not pipeline.of_merged_results:
            return pipeline.sha == head
        try:
            commit = await self._web.get(f"{self._path}/repository/commits/{pipeline.sha}")
        except NotFound as error:
            raise ForgeFailed(
                f"{self._web.name} has no commit {pipeline.sha[:12]}, of which its pipeline {pipeline.id} is"
            ) from error
        with understood(self._web.name, f"commit {pipeline.sha[:12]}"):
            return head in mapping(commit)["parent_ids"]

    async def _of_ci(self, path: str, *, most: int = 1000) -> list[Any]:
        """Return a list; of a project without CI, which forbids to ask for it, an empty one."""
        try:
            return await self._web.get_all(path, most=most)
        except ForgeRefused:
            project = await self._web.get(self._path)
            with understood(self._web.name, "the project"):
                access = words(mapping(project), "builds_access_level")
            if access != "disabled":
                raise
            return []


def _without_log(check: Check) -> str:
    more = f"; only {LOGS} logs are shown" if check.job is not None else ""
    return f"({check.words}{more})"
