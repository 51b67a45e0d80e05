"""GitHub's issues as a tracker."""

from collections.abc import Sequence

import httpx2

from ...errors import NotFound
from ...options import Options
from ...records import Issue
from ..fields import understood
from . import reading
from .repository import Repository

_MOST = 1000
"""Issues and pull requests, which GitHub lists together, that are looked through at most."""


class GitHubIssues:
    """The issues of one repository. https://docs.github.com/en/rest/issues/issues

    Options: `owner`, `repo`, `token`, `api_url`; `on_spawn_comment` for a comment, and `on_spawn_label` for
    a label on the issue when work on it begins.
    """

    def __init__(self, options: Options, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._repository = Repository.of(options)
        self._comments = options.flag("on_spawn_comment", False)
        self._label = options.text("on_spawn_label")
        options.done()
        self.name = self._repository.name
        self.announces = self._comments or self._label is not None
        self._web = self._repository.web("tracker_config", transport)

    def identify(self, text: str) -> str:
        """Return the number of an issue that a number or a URL means. Raises `Invalid`."""
        return self._repository.issue(text)

    async def issue(self, issue_id: str) -> Issue:
        """Return an issue. Raises `NotFound` also for a pull request, which shares the numbers."""
        raw = await self._web.get(f"{self._path}/{issue_id}")
        with understood(self.name, f"issue {issue_id}"):
            if reading.is_pull(raw):
                raise NotFound(f"{issue_id} is a pull request of {self.name}, not an issue")
            return reading.issue(raw)

    async def issues(self, limit: int) -> Sequence[Issue]:
        """Return the open issues, the newest first, at most `limit`."""
        found: list[Issue] = []
        for most in (min(limit, _MOST), _MOST):
            listed = await self._web.get_all(
                self._path, most=most, state="open", sort="created", direction="desc"
            )
            with understood(self.name, "its issues"):
                found = [reading.issue(raw) for raw in listed if not reading.is_pull(raw)]
            if len(found) >= limit or len(listed) < most:
                break
        return found[:limit]

    async def announce(self, issue_id: str, words: str) -> None:
        """Label the issue and comment on it, as configured.

        The comment comes last: when this is tried again because the label failed, there are not two.
        """
        path = f"{self._path}/{issue_id}"
        if self._label is not None:
            await self._web.send("POST", f"{path}/labels", {"labels": [self._label]})
        if self._comments:
            await self._web.send("POST", f"{path}/comments", {"body": words})

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._web.aclose()

    @property
    def _path(self) -> str:
        return f"{self._repository.path}/issues"
