"""The host itself: its control, its answers, its webhooks."""

import hashlib
import uuid
from collections.abc import Sequence

from ..hooks import Webhooks
from ..host import Host
from ..replies import Json, Paged, Question, Refused, Reply
from . import shapes
from .merges import Merge
from .records import Issue, Pipeline
from .routes import ROUTES


class GitLab(Host):
    """A project at GitLab, at `url`; its API is below /api/v4."""

    routes = ROUTES
    usual_page = 20
    limit = 2000

    def __init__(self, owner: str = "o", repo: str = "r", token: str = "t0ken-of-gitlab") -> None:
        self.issues: dict[int, Issue] = {}
        self.merges: dict[int, Merge] = {}
        self.pipelines: list[Pipeline] = []
        super().__init__(owner, repo, token)

    @property
    def page(self) -> str:
        """The URL of the project for people."""
        return f"{self.url}/{self.owner}/{self.repo}"

    # What tests do to it

    def issue(
        self, title: str = "An issue", body: str | None = "What it is about.", labels: Sequence[str] = ()
    ) -> Issue:
        """Open an issue. Issues and merge requests are numbered apart."""
        with self.lock:
            now = self.now()
            one = Issue(len(self.issues) + 1, title, body, list(labels), now, now)
            self.issues[one.iid] = one
            self.say("Issue", {"object_attributes": {"iid": one.iid, "action": "open"}})
            return one

    def open_pull(
        self, branch: str, *, title: str = "A merge request", head: str | None = None, fork: int | None = None
    ) -> Merge:
        """Open a merge request from a branch, or from the branch of that name in another project."""
        with self.lock:
            one = Merge(self, len(self.merges) + 1, title, branch, head or self.new_sha(), fork)
            self.merges[one.iid] = one
            attributes = {"iid": one.iid, "source_branch": branch, "action": "open", "state": "opened"}
            self.say("Merge Request", {"object_attributes": attributes})
            return one

    def webhook(self, url: str, secret: str) -> Webhooks:
        """Send word of each change from now on, to this URL and with this secret token."""

        def sign(event: str, _: bytes) -> dict[str, str]:
            return {
                "User-Agent": "GitLab/18.0.0",
                "X-Gitlab-Event": f"{event} Hook",
                "X-Gitlab-Event-UUID": str(uuid.uuid4()),
                "X-Gitlab-Webhook-UUID": "6205138a-b6b8-4e0c-9d0e-0a5b4e0e9d6f",
                "X-Gitlab-Token": secret,
            }

        self.hooks = Webhooks(url, sign)
        return self.hooks

    # What its parts need

    def say(self, event: str, payload: Json) -> None:
        """Send word of something, if that is switched on."""
        if self.hooks:
            kind = event.lower().replace(" ", "_")
            self.hooks.send(event, {"object_kind": kind, "project": shapes.project(self), **payload})

    def latest(self, sha: str) -> Pipeline | None:
        """Return the latest pipeline of a commit."""
        return next((one for one in reversed(self.pipelines) if one.sha == sha), None)

    def new_sha(self) -> str:
        """Return the name of a commit that was never there."""
        return hashlib.sha1(str(self.new_id()).encode()).hexdigest()

    # What GitLab says

    def admit(self, question: Question) -> None:
        """Want the token, and the project's path in one segment or its number."""
        kind, _, bearer = question.headers.get("authorization", "").partition(" ")
        given = question.headers.get("private-token") or (bearer if kind.lower() == "bearer" else "")
        if given != self.token:
            raise Refused(401, "401 Unauthorized")
        head = "/api/v4/projects/"
        project = question.raw_path.removeprefix(head).partition("/")[0].lower()
        ours = f"{self.owner}/{self.repo}".replace("/", "%2F").lower()
        if not question.raw_path.startswith(head) or project not in {ours, str(shapes.PROJECT)}:
            raise Refused(404, "404 Project Not Found")
        question.path = question.raw_path.removeprefix(head).partition("/")[2]

    def enough(self, seconds: int, kind: str) -> Reply:
        """Say that there were too many requests: in plain text."""
        return Reply(status=429, text="Retry later\n", headers={"Retry-After": str(seconds)})

    def refusal(self, refused: Refused) -> Reply:
        """Say no."""
        return Reply({"message": refused.message}, refused.status)

    def rate(self) -> dict[str, str]:
        """Say what may still be asked."""
        used = self.limit if self._throttled else min(self.used, self.limit)
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Observed": str(used),
            "RateLimit-Remaining": str(self.limit - used),
            "RateLimit-Reset": str(self.reset),
            "RateLimit-Name": "throttle_authenticated_api",
        }

    def paging(self, paged: Paged, question: Question) -> dict[str, str]:
        """Say where other pages are, also in headers of GitLab's own."""
        more = str(paged.number + 1) if paged.number < paged.last else ""
        return {
            **super().paging(paged, question),
            "X-Page": str(paged.number),
            "X-Per-Page": str(paged.size),
            "X-Total": str(paged.total),
            "X-Total-Pages": str(paged.last),
            "X-Next-Page": more,
            "X-Prev-Page": str(paged.number - 1) if paged.number > 1 else "",
        }
