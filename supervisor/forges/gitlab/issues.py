"""The issues of a GitLab project.

https://docs.gitlab.com/api/issues/
"""

from collections.abc import Sequence
from typing import Any

import httpx2

from ...options import Options
from ...records import Issue
from ..fields import mapping, number, text, understood, words
from .place import place


class GitLabIssues:
    """The ports `Tracker` and `Announcing`.

    Configured by `project` (or `owner` and `repo`), `token`, `api_url`; when a session begins, it comments
    (`on_spawn_comment`) and adds a label (`on_spawn_label`). Raises `ConfigError` for any other key.
    """

    def __init__(self, options: Options, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._place = place(options)
        self._comment = options.flag("on_spawn_comment", False)
        self._label = options.text("on_spawn_label")
        if self._label is not None and "," in self._label:
            raise options.wrong("on_spawn_label", "must be one label, without a comma")
        options.done()
        self.name = self._place.name
        self._web = self._place.web("tracker_config", transport)

    @property
    def announces(self) -> bool:
        """Whether it is configured to be told."""
        return self._comment or self._label is not None

    def identify(self, text: str) -> str:
        """Return the issue's number (its iid) by that number, with or without `#`, or by its URL.

        Raises `Invalid`, which says what is wrong.
        """
        return self._place.issue(text)

    async def issue(self, issue_id: str) -> Issue:
        """Return an issue. https://docs.gitlab.com/api/issues/#single-project-issue"""
        given = await self._web.get(f"{self._place.path}/issues/{issue_id}")
        with understood(self.name, f"issue {issue_id}"):
            return read_issue(given)

    async def issues(self, limit: int) -> Sequence[Issue]:
        """Return the open issues, the newest first. https://docs.gitlab.com/api/issues/#list-project-issues"""
        order = {"state": "opened", "order_by": "created_at", "sort": "desc"}
        given = await self._web.get_all(f"{self._place.path}/issues", most=limit, **order)
        with understood(self.name, "its issues"):
            return [read_issue(one) for one in given]

    async def announce(self, issue_id: str, words: str) -> None:
        """Add the label, then comment, as configured: a label that is there already does no harm.

        https://docs.gitlab.com/api/issues/#edit-an-issue
        https://docs.gitlab.com/api/notes/#create-new-issue-note
        """
        path = f"{self._place.path}/issues/{issue_id}"
        if self._label is not None:
            await self._web.send("PUT", path, {"add_labels": self._label})
        if self._comment:
            await self._web.send("POST", f"{path}/notes", {"body": words})

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._web.aclose()


def read_issue(raw: Any) -> Issue:
    """Return an issue from GitLab's own words."""
    told = mapping(raw)
    return Issue(
        id=str(number(told, "iid")),
        title=text(told, "title"),
        body=words(told, "description"),
        labels=tuple(map(str, told.get("labels") or ())),
        url=words(told, "web_url") or None,
        open=text(told, "state") == "opened",
    )
