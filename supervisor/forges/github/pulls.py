"""GitHub's pull requests: their facts, the logs of what failed, and the merge."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx2

from ...errors import Conflict, ForgeFailed, ForgeRefused, NotFound
from ...options import Options
from ...records import Check, Ci, Comment, Failure, Hint, PullRequest, PullState, Review, Sought
from ..fields import mapping, understood, words
from ..together import together
from . import checks, hooks, logs, opinions, reading
from .repository import Repository

_REMEMBERED = 500
"""Pull requests whose reviews and comments are remembered, those looked at last."""

_MOST_SAID = 5000
"""Reviews, and comments of a kind, that are read of one pull request: the oldest come first."""
_LOGS = 5
"""Failing checks of which logs are fetched; of more than that nobody reads them."""


@dataclass(frozen=True, slots=True)
class _Opinions:
    """What was said of a pull request when what it says of itself had this digest."""

    digest: bytes
    reviews: tuple[Review, ...]
    comments: tuple[Comment, ...]


class GitHubPulls:
    """The pull requests of one repository. https://docs.github.com/en/rest/pulls/pulls

    Options: `owner`, `repo`, `token`, `api_url`; `webhook_secret` for what GitHub sends by itself;
    `ignore_authors`, whose comments do not count, with or without the `[bot]` of a bot's name.
    """

    kind = "github"

    def __init__(self, options: Options, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._repository = Repository.of(options)
        self._secret = options.text("webhook_secret")
        self.listens = self._secret is not None
        self._ignored = options.texts("ignore_authors")
        options.done()
        self.name = self._repository.name
        self._web = self._repository.web("scm_config", transport)
        self._path = self._repository.path
        self._opinions: OrderedDict[int, _Opinions] = OrderedDict()

    @property
    def wait(self) -> float:
        """Seconds until it should be asked again without need."""
        return self._web.wait

    async def look(self, sought: Sought, *, thorough: bool) -> PullRequest | None:
        """Return all facts of a branch's pull request, or None when there is none.

        What was said of it is asked for only when it says of itself that something changed, or `thorough`;
        its checks always, since they are the commit's; and nothing more of one that is decided on.
        """
        raw = None if sought.number is None else await self._known(sought, sought.number)
        facts = None if raw is None else self._facts(raw)
        if facts is None or facts.state is not PullState.OPEN:
            facts = await self._found(sought, raw)
            if facts is None:
                return None
            if raw is None or facts.number != sought.number:
                raw = await self._pull(facts.number)
            facts = self._facts(raw)
        if facts.state is not PullState.OPEN:
            self._opinions.pop(facts.number, None)
            return _record(facts, (), (), ())
        questions = [partial(self._checks, facts.head)]
        digest = _digest(raw)
        known = self._opinions.get(facts.number)
        if thorough or known is None or known.digest != digest:
            found, known = await together(*questions, partial(self._said, facts, digest))
            self._remember(facts.number, known)
        else:
            found = await questions[0]()
        return _record(facts, found, known.reviews, known.comments)

    async def failures(self, pull: PullRequest) -> Sequence[Failure]:
        """Return its failing checks with the end of their logs, or the check's words where it has no log."""
        failing = [check for check in pull.checks if check.state is Ci.FAILING]
        first: list[Failure] = await together(*(partial(self._failure, check) for check in failing[:_LOGS]))
        return [*first, *(Failure(check.name, check.url, "") for check in failing[_LOGS:])]

    async def merge(self, pull: PullRequest) -> None:
        """Squash and merge it, if its head is still `pull.head`. Raises `Conflict` when GitHub will not."""
        answer = await self._web.send(
            "PUT",
            f"{self._path}/pulls/{pull.number}/merge",
            {"merge_method": "squash", "sha": pull.head},
        )
        with understood(self.name, f"the merge of pull request {pull.number}"):
            if mapping(answer).get("merged") is not True:
                said = words(answer, "message") or "it does not say why"
                raise Conflict(f"{self.name} did not merge pull request {pull.number}: {said[:300]}")

    def hear(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        """Return what a delivery of GitHub's says has changed; None when it is not proved to be ours."""
        return hooks.heard(self._repository, self._secret, headers, body)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._web.aclose()

    async def _known(self, sought: Sought, number: int) -> Any:
        """Return a pull request; None where it is not the branch's, because the repository is another now."""
        try:
            raw = await self._pull(number)
        except NotFound:
            return None
        with understood(self.name, f"pull request {number}"):
            place = self._repository
            ours = reading.is_of(mapping(raw), sought.branch, place.owner, place.repo)
        return raw if ours else None

    async def _pull(self, number: int) -> Any:
        return await self._web.get(f"{self._path}/pulls/{number}")

    def _facts(self, raw: Any) -> reading.Facts:
        with understood(self.name, "a pull request"):
            return reading.pull(raw)

    async def _found(self, sought: Sought, known: Any) -> reading.Facts | None:
        """Return the pull request of a branch, among them one that is known already."""
        head = f"{self._repository.owner}:{sought.branch}"
        listed = await self._web.get_all(f"{self._path}/pulls", head=head, state="all")
        with understood(self.name, f"the pull requests of branch {sought.branch}"):
            also = [] if known is None else [known]
            return reading.chosen([*listed, *also], sought, self._repository.owner, self._repository.repo)

    async def _said(self, facts: reading.Facts, digest: bytes) -> _Opinions:
        ask = self._web.get_all
        reviews, on_lines, on_all = await together(
            partial(ask, f"{self._path}/pulls/{facts.number}/reviews", most=_MOST_SAID),
            partial(ask, f"{self._path}/pulls/{facts.number}/comments", most=_MOST_SAID),
            partial(ask, f"{self._path}/issues/{facts.number}/comments", most=_MOST_SAID),
        )
        with understood(self.name, f"what was said of pull request {facts.number}"):
            return _Opinions(
                digest,
                opinions.reviews(reviews),
                opinions.comments(reviews, on_lines, on_all, self._ignored, facts.author),
            )

    async def _checks(self, commit: str) -> tuple[Check, ...]:
        path = f"{self._path}/commits/{quote(commit, safe='')}"
        runs, statuses = await together(
            partial(self._runs, path),
            partial(self._web.get_all, f"{path}/status", inside="statuses"),
        )
        with understood(self.name, f"the checks of commit {commit}"):
            return checks.checks(runs, statuses)

    async def _runs(self, path: str) -> list[Any]:
        try:
            return await self._web.get_all(f"{path}/check-runs", inside="check_runs")
        except ForgeRefused as error:
            raise ForgeRefused(
                f"{error}; check runs are closed to fine-grained tokens, and open to a classic one with the "
                "scope `repo` or to an app's with the permission `checks`"
            ) from error

    async def _failure(self, check: Check) -> Failure:
        if check.job is None:
            return Failure(check.name, check.url, check.words)
        try:
            end = await self._web.tail(f"{self._path}/actions/jobs/{check.job}/logs", logs.READ)
        except (ForgeFailed, NotFound) as error:
            return Failure(check.name, check.url, f"(its log cannot be had: {error})")
        return Failure(check.name, check.url, logs.legible(end, cut=len(end.encode()) >= logs.READ))

    def _remember(self, number: int, said: _Opinions) -> None:
        self._opinions[number] = said
        self._opinions.move_to_end(number)
        while len(self._opinions) > _REMEMBERED:
            self._opinions.popitem(last=False)


def _digest(raw: Any) -> bytes:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).digest()


def _record(
    facts: reading.Facts, found: tuple[Check, ...], reviews: tuple[Review, ...], comments: tuple[Comment, ...]
) -> PullRequest:
    return PullRequest(
        number=facts.number,
        url=facts.url,
        title=facts.title,
        state=facts.state,
        draft=facts.draft,
        branch=facts.branch,
        head=facts.head,
        conflicts=facts.conflicts,
        asked=facts.asked,
        checks=found,
        reviews=reviews,
        comments=comments,
        closed_at=facts.closed_at,
    )
