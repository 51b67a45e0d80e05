"""The host itself: its control, its answers, its webhooks."""

import hashlib
import hmac
import uuid
from collections.abc import Sequence
from typing import Any

from quart import Response, request
from quart_trio import QuartTrio

from ..hooks import Webhooks
from ..host import Host
from ..replies import Json, Question, Refused, Reply
from ..serving import Served
from . import shapes
from .pulls import Pull
from .records import Commit, Issue, Remark, Run, user
from .routes import ROUTES

DOCS = "https://docs.github.com/rest"


class GitHub(Host):
    """A repository at GitHub, its API at `url`, its pages too; logs are at another port and want no token."""

    routes = ROUTES

    def __init__(self, owner: str = "o", repo: str = "r", token: str = "t0ken-of-github") -> None:
        self.issues: dict[int, Issue] = {}
        self.pulls: dict[int, Pull] = {}
        self.commits: dict[str, Commit] = {}
        self.jobs: dict[int, Run] = {}
        self.ways_to_merge = {"merge", "squash", "rebase"}
        self.log_requests: list[tuple[str, int]] = []
        self._number = 0
        self._blobs = _blobs(self)
        super().__init__(owner, repo, token)

    @property
    def base(self) -> str:
        """The URL of the repository in the API."""
        return f"{self.url}/repos/{self.owner}/{self.repo}"

    @property
    def page(self) -> str:
        """The URL of the repository for people."""
        return f"{self.url}/{self.owner}/{self.repo}"

    @property
    def blobs(self) -> str:
        """Where logs are."""
        return self._blobs.url

    def close(self) -> None:
        """End it."""
        self._blobs.close()
        super().close()

    # What tests do to it

    def issue(
        self, title: str = "An issue", body: str | None = "What it is about.", labels: Sequence[str] = ()
    ) -> Issue:
        """Open an issue."""
        with self.lock:
            self._number += 1
            now = self.now()
            one = Issue(self._number, title, body, list(labels), user("reporter"), now, now)
            self.issues[one.number] = one
            self.say("issues", {"action": "opened", "issue": shapes.issue(self, one)})
            return one

    def open_pull(
        self,
        branch: str,
        *,
        title: str = "A pull request",
        head: str | None = None,
        draft: bool = False,
        fork: str | None = None,
    ) -> Pull:
        """Open a pull request from a branch, or from the branch of that name in somebody's fork."""
        with self.lock:
            self._number += 1
            now = self.now()
            issue = Issue(self._number, title, "What it does.", [], user("author"), now, now)
            pull = Pull(self, issue, branch, head or self.new_sha(), fork)
            issue.pull, pull.is_draft = pull, draft
            self.commit(pull.head)
            self.issues[issue.number], self.pulls[issue.number] = issue, pull
            shape = shapes.pull_in_list(self, pull)
            self.say("pull_request", {"action": "opened", "number": pull.number, "pull_request": shape})
            return pull

    def webhook(self, url: str, secret: str) -> Webhooks:
        """Send word of each change from now on, to this URL and signed with this secret."""

        def sign(event: str, body: bytes) -> dict[str, str]:
            signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            return {
                "User-Agent": "GitHub-Hookshot/760256b",
                "X-GitHub-Event": event,
                "X-GitHub-Delivery": str(uuid.uuid4()),
                "X-GitHub-Hook-ID": "42",
                "X-Hub-Signature-256": f"sha256={signature}",
            }

        self.hooks = Webhooks(url, sign)
        self.say("ping", {"zen": "Speak like a human.", "hook_id": 42})
        return self.hooks

    # What its parts need

    def say(self, event: str, payload: Json) -> None:
        """Send word of something, if that is switched on."""
        if self.hooks:
            self.hooks.send(
                event, {**payload, "repository": shapes.repository(self), "sender": user("sender")}
            )

    def commit(self, sha: str) -> Commit:
        """Return what is said about a commit, which is there from now on."""
        return self.commits.setdefault(sha, Commit(sha))

    def new_sha(self) -> str:
        """Return the name of a commit that was never there."""
        return hashlib.sha1(str(self.new_id()).encode()).hexdigest()

    def remark(self, issue: Issue, author: Json, body: str) -> Remark:
        """Add a comment to a conversation."""
        said = Remark(self.new_id(), author, body, self.now())
        issue.remarks.append(said)
        issue.updated = self.now()
        shape = shapes.remark(self, issue.number, said)
        self.say("issue_comment", {"action": "created", "issue": shapes.issue(self, issue), "comment": shape})
        return said

    # What GitHub says

    def admit(self, question: Question) -> None:
        """Want a name of the program, and the token: without any token nothing is here."""
        if not question.headers.get("user-agent"):
            raise Refused(403, "Request forbidden by administrative rules.")
        given = question.headers.get("authorization", "")
        if not given:
            raise Refused(404, "Not Found")
        kind, _, token = given.partition(" ")
        if kind.lower() not in {"bearer", "token"} or token != self.token:
            raise Refused(401, "Bad credentials")
        if not f"{question.path.lower()}/".startswith(f"/repos/{self.owner}/{self.repo}/".lower()):
            raise Refused(404, "Not Found")

    def enough(self, seconds: int, kind: str) -> Reply:
        """Say that there were too many requests: https://docs.github.com/rest/using-the-rest-api."""
        if kind == "secondary":
            words = (
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            )
            return Reply({"message": words}, 403, {"Retry-After": str(seconds)})
        words = "API rate limit exceeded for user ID 1."
        return Reply({"message": words, "documentation_url": DOCS, "status": "403"}, 403)

    def refusal(self, refused: Refused) -> Reply:
        """Say no."""
        said = {"message": refused.message, "documentation_url": DOCS, "status": str(refused.status)}
        return Reply(said, refused.status)

    def rate(self) -> dict[str, str]:
        """Say what may still be asked."""
        primary = self._throttled is not None and self._throttled[1] == "primary"
        used = self.limit if primary else min(self.used, self.limit)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Remaining": str(self.limit - used),
            "X-RateLimit-Reset": str(self.reset),
            "X-RateLimit-Resource": "core",
        }


def _blobs(host: GitHub) -> Served:
    """Serve logs as the storage behind GitHub does: the URL is the permission, another one is a mistake."""
    app = QuartTrio("blobs")

    async def blob(job: int) -> Any:
        run = host.jobs.get(job)
        signed = request.args.get("sig") == str(job)
        status = 400 if "Authorization" in request.headers else 200 if run and signed else 403
        host.log_requests.append((request.path, status))
        if status != 200 or not run:
            return Response("<Error>AuthenticationFailed</Error>", status, content_type="application/xml")
        return Response(run.log or "", 200, content_type="text/plain; charset=utf-8")

    app.add_url_rule("/logs/<int:job>", "blob", blob)
    return Served(app)
