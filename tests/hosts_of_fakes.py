"""A tracker and a code host that do as a test of the front tells them."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

import trio

from ennio.supervisor.errors import EnnioError, Invalid, NotFound
from ennio.supervisor.records import Failure, Hint, Issue, PullRequest, PullState, Sought

ISSUE = Issue("42", "The login page is broken", "It is blank.", labels=("bug",), url="https://host/issues/42")
_SECRET = b"a secret of the host"


def signature(body: bytes) -> str:
    """Prove a body as GitHub does."""
    return f"sha256={hmac.new(_SECRET, body, hashlib.sha256).hexdigest()}"


class FakeTracker:
    """A tracker of the issues that are `there`; it is `slow`, and fails when it has a `failure`."""

    name = "fake p/q"

    def __init__(self) -> None:
        self.there, self.limits = [ISSUE], list[int]()
        self.slow = 0.0
        self.failure: EnnioError | None = None

    def identify(self, text: str) -> str:
        found = text.removeprefix("https://host/issues/").removeprefix("#")
        if not found.isdecimal():
            raise Invalid(f"{text!a} is no issue of {self.name}")
        return found

    async def issue(self, issue_id: str) -> Issue:
        await self._ask()
        for issue in self.there:
            if issue.id == issue_id:
                return issue
        raise NotFound(f"there is no issue {issue_id}")

    async def issues(self, limit: int) -> Sequence[Issue]:
        self.limits.append(limit)
        await self._ask()
        return self.there

    async def _ask(self) -> None:
        await trio.sleep(self.slow)
        if self.failure:
            raise self.failure

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class FakeScm:
    """A code host with one open pull request; it takes deliveries that are signed."""

    name, kind, wait = "fake p/q", "github", 0.0

    def __init__(self) -> None:
        self.listens = True
        self.heard: list[tuple[Mapping[str, str], bytes]] = []
        self.looks: list[str] = []
        self.head = "c0ffee"

    def hear(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        if not hmac.compare_digest(headers.get("X-Hub-Signature-256", ""), signature(body)):
            return None
        self.heard.append((headers, body))
        content = json.loads(body)
        if not isinstance(content, dict):
            raise Invalid("the delivery is no JSON object, though it is signed")
        branch = str(content.get("ref", "")).removeprefix("refs/heads/")
        return Hint(branches=frozenset({branch}))

    async def look(self, sought: Sought, *, thorough: bool) -> PullRequest | None:
        await trio.lowlevel.checkpoint()
        self.looks.append(sought.branch)
        return PullRequest(
            7, "https://host/pull/7", "Fix it", PullState.OPEN, False, sought.branch, self.head, None, False
        )

    async def failures(self, pull: PullRequest) -> Sequence[Failure]:
        await trio.lowlevel.checkpoint()
        return ()

    async def merge(self, pull: PullRequest) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
