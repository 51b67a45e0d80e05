"""The issues of one team at Linear.

https://linear.app/developers/graphql
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx2

from ...errors import ForgeFailed, Invalid, NotFound
from ...options import Options
from ...records import Issue
from ..fields import mapping, part, text, understood, words
from ..tokens import token
from ..web import Web
from . import queries
from .graphql import GraphQL

LINEAR = "https://api.linear.app/graphql"
_TEAM = re.compile(r"[A-Za-z][A-Za-z0-9]{0,9}")
_ID = re.compile(r"([A-Za-z][A-Za-z0-9]{0,9})-([1-9][0-9]{0,8})")
_PATH = re.compile(r"/[^/]+/issue/([^/]+)(?:/.*)?")


class LinearIssues:
    """The ports `Tracker` and `Announcing`.

    Configured by `team` (its key, such as `ENG`), `token` (an API key), `api_url`; when a session begins, it
    comments (`on_spawn_comment`) and moves the issue to a workflow state (`on_spawn_state`, its name).
    Raises `ConfigError` for any other key.
    """

    def __init__(self, options: Options, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._team = options.required("team").upper()
        if not _TEAM.fullmatch(self._team):
            raise options.wrong("team", "must be a team's key: letters and digits, such as `ENG`")
        url, key = options.url("api_url", LINEAR), token(options)
        self._comment = options.flag("on_spawn_comment", False)
        self._state = options.text("on_spawn_state")
        options.done()
        there = "" if url.lower() == LINEAR else f" at {urlsplit(url).netloc.lower()}"
        self.name = f"linear {self._team}{there}"
        self._web = Web(self.name, url, {"Authorization": key}, setting="tracker_config", transport=transport)
        self._graphql = GraphQL(self._web, key)

    @property
    def announces(self) -> bool:
        """Whether it is configured to be told."""
        return self._comment or self._state is not None

    def identify(self, text: str) -> str:
        """Return the issue's identifier in upper case, by that or by its URL.

        Raises `Invalid`, which says what is wrong.
        """
        given, shown = text.strip(), repr(text[:100])
        if "://" in given:
            given = self._of_url(given, shown)
        found = _ID.fullmatch(given)
        if found is None:
            raise Invalid(f"an issue of {self.name} is named {self._team}-123, or by its URL, not by {shown}")
        if found[1].upper() != self._team:
            raise Invalid(f"{shown} is an issue of another team than {self._team}, which is configured")
        return f"{self._team}-{found[2]}"

    async def issue(self, issue_id: str) -> Issue:
        """Return an issue."""
        told = await self._graphql.ask(queries.ISSUE, {"id": issue_id})
        if told.get("issue") is None:
            raise NotFound(f"{self.name} has no issue {issue_id}")
        with understood(self.name, f"issue {issue_id}"):
            return read_issue(told["issue"])

    async def issues(self, limit: int) -> Sequence[Issue]:
        """Return the open issues of the team, the newest first, at most `limit`.

        https://linear.app/developers/pagination, https://linear.app/developers/filtering
        """
        found: list[Issue] = []
        after: str | None = None
        while len(found) < limit:
            first = min(queries.PAGE, limit - len(found))
            wanted = {"team": self._team, "first": first, "after": after, "over": list(queries.OVER)}
            told = await self._graphql.ask(queries.ISSUES, wanted)
            with understood(self.name, "its issues"):
                listed = part(told, "issues")
                found += [read_issue(raw) for raw in listed["nodes"]]
                info = part(listed, "pageInfo")
                more, before, after = info.get("hasNextPage") is True, after, words(info, "endCursor")
            if not more or not after or after == before:
                break
        return found[:limit]

    async def announce(self, issue_id: str, words: str) -> None:
        """Move the issue to the state, then comment, as configured: to move it twice does no harm.

        Raises `ForgeFailed` when the team has no such state.
        """
        told = await self._graphql.ask(queries.STATES, {"id": issue_id})
        with understood(self.name, f"issue {issue_id}"):
            issue = part(told, "issue")
            key, now = text(issue, "id"), text(part(issue, "state"), "id")
            states = [mapping(one) for one in part(part(issue, "team"), "states")["nodes"]]
            ids = {text(one, "name").lower(): text(one, "id") for one in states}
        if self._state is not None:
            wanted = ids.get(self._state.lower())
            if wanted is None:
                raise ForgeFailed(
                    f"{self.name} has no workflow state `{self._state}`; "
                    f"change on_spawn_state in tracker_config to one of: {', '.join(sorted(ids))}"
                )
            if wanted != now:
                await self._change(queries.MOVE, "issueUpdate", {"id": key, "state": wanted})
        if self._comment:
            await self._change(queries.COMMENT, "commentCreate", {"id": key, "body": words})

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._web.aclose()

    async def _change(self, mutation: str, name: str, variables: dict[str, Any]) -> None:
        told = await self._graphql.ask(mutation, variables)
        with understood(self.name, name):
            done = part(told, name).get("success") is True
        if not done:
            raise ForgeFailed(f"{self.name} did not do {name}, and does not say why")

    def _of_url(self, given: str, shown: str) -> str:
        try:
            url = urlsplit(given)
            here = url.scheme in {"http", "https"} and url.hostname == "linear.app" and url.port is None
        except ValueError as error:
            raise Invalid(f"{shown} is no URL") from error
        found = _PATH.fullmatch(url.path)
        if not here or found is None:
            raise Invalid(
                f"{shown} is not the URL of an issue, which begins https://linear.app/WORKSPACE/issue/"
            )
        return found[1]


def read_issue(raw: Any) -> Issue:
    """Return an issue from Linear's own words."""
    told = mapping(raw)
    return Issue(
        id=text(told, "identifier"),
        title=text(told, "title"),
        body=words(told, "description"),
        labels=tuple(text(mapping(one), "name") for one in part(told, "labels").get("nodes") or ()),
        url=words(told, "url") or None,
        open=text(part(told, "state"), "type") not in queries.OVER,
    )
