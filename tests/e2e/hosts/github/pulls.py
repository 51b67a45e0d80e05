"""One pull request of a small GitHub, and what tests make happen to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..replies import Json
from . import shapes
from .records import Commit, Issue, Remark, Run, moment, user

if TYPE_CHECKING:
    from .host import GitHub

BAD = {"failure", "timed_out", "cancelled", "action_required", "startup_failure"}


@dataclass
class Review:
    """A review: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED."""

    id: int
    author: Json
    state: str
    body: str
    at: datetime
    commit: str


class Pull:
    """A pull request. What is done to it moves `updated_at`, except for checks and statuses."""

    def __init__(self, host: "GitHub", issue: Issue, branch: str, head: str, fork: str | None) -> None:
        self.host, self.issue, self.branch, self.fork = host, issue, branch, fork
        self.number = issue.number
        self.url = f"{host.page}/pull/{issue.number}"
        self.head = head
        self.is_draft = False
        self.merged_at: datetime | None = None
        self.merge_commit: str | None = None
        self.asked: list[str] = []
        self.reviews: list[Review] = []
        self.line_remarks: list[Remark] = []
        self.pushes = 1
        self.conflicts: bool | None = False
        self._reckoned = False

    @property
    def commit(self) -> Commit:
        """What is said about its head."""
        return self.host.commit(self.head)

    @property
    def mergeable(self) -> bool | None:
        """Null until GitHub has worked it out, which it does once somebody asks: see `looked_at`."""
        if self.merged_at or not self._reckoned or self.conflicts is None:
            return None
        return not self.conflicts

    @property
    def mergeable_state(self) -> str:
        """The word for it."""
        if self.is_draft:
            return "draft"
        if self.mergeable is None:
            return "unknown"
        runs_fine = all(run.conclusion not in {None, *BAD} for run in self.commit.runs)
        return "dirty" if self.conflicts else "clean" if runs_fine else "unstable"

    def looked_at(self) -> None:
        """Somebody has asked for it by itself: from now on it is known whether it can be merged."""
        self._reckoned = True

    def push(self, sha: str | None = None, *, force: bool = False) -> str:
        """Push a new commit, or with `force` others in place of those that were there."""
        with self.host.lock:
            before, self.head = self.head, sha or self.host.new_sha()
            self.host.commit(self.head)
            self.pushes = 1 if force else self.pushes + 1
            self._reckoned = False
            self._touch()
            self._say("synchronize", before=before, after=self.head)
            return self.head

    def draft(self) -> None:
        """Make it a draft."""
        with self.host.lock:
            self.is_draft = True
            self._touch()
            self._say("converted_to_draft")

    def ready(self) -> None:
        """Make it ready for review."""
        with self.host.lock:
            self.is_draft = False
            self._touch()
            self._say("ready_for_review")

    def ask(self, login: str) -> None:
        """Ask somebody for a review."""
        with self.host.lock:
            self.asked = [*(one for one in self.asked if one != login), login]
            self._touch()
            self._say("review_requested", requested_reviewer=user(login))

    def check(
        self,
        name: str,
        conclusion: str | None,
        *,
        log: str | None = None,
        app: str = "github-actions",
        sha: str | None = None,
        title: str | None = None,
        summary: str | None = None,
    ) -> Run:
        """Have a check say something, None: that it is in progress. Once it has, saying more is a new run."""
        with self.host.lock:
            commit = self.host.commit(sha or self.head)
            old = next((one for one in commit.runs if one.name == name and one.app == app), None)
            if old:
                commit.runs.remove(old)
            again = old is not None and old.conclusion is None
            run = Run(
                old.id if old and again else self.host.new_id(), name,
                "completed" if conclusion else "in_progress", conclusion, app, self.host.now(),
                title, summary, log,
            )  # fmt: skip
            commit.runs.append(run)
            self.host.jobs[run.id] = run
            action = "completed" if conclusion else "created"
            self.host.say("check_run", {"action": action, "check_run": shapes.run(self.host, commit, run)})
            return run

    def status(
        self,
        context: str,
        state: str,
        *,
        description: str = "",
        url: str | None = None,
        sha: str | None = None,
    ) -> None:
        """Set a commit status: error, failure, pending or success."""
        with self.host.lock:
            commit = self.host.commit(sha or self.head)
            now = moment(self.host.now())
            commit.statuses[context] = {
                "id": self.host.new_id(),
                "url": f"{self.host.base}/statuses/{commit.sha}",
                "state": state,
                "context": context,
                "description": description,
                "target_url": url,
                "created_at": now,
                "updated_at": now,
            }
            branches = [{"name": self.branch, "commit": {"sha": commit.sha}}]
            said = {
                "id": self.host.new_id(),
                "sha": commit.sha,
                "name": f"{self.host.owner}/{self.host.repo}",
            }
            more = {"context": context, "state": state, "description": description, "branches": branches}
            self.host.say("status", {**said, **more})

    def review(
        self,
        author: str,
        state: str,
        body: str = "",
        comments: Sequence[tuple[str, int | None, str]] = (),
        *,
        bot: bool = False,
    ) -> Review:
        """Have somebody submit a review, with comments as (path, line, text)."""
        with self.host.lock:
            who, now = user(author, bot=bot), self.host.now()
            said = Review(self.host.new_id(), who, state, body, now, self.head)
            self.reviews.append(said)
            self.asked = [one for one in self.asked if one != author]
            self._touch()
            self._say("submitted", "pull_request_review", review=self._lower(said))
            for path, line, text in comments:
                remark = Remark(self.host.new_id(), who, text, now, path, line, said.id, self.head)
                self.line_remarks.append(remark)
                shape = shapes.line_remark(self, remark)
                self._say("created", "pull_request_review_comment", comment=shape)
            return said

    def dismiss(self, said: Review) -> None:
        """Dismiss a review."""
        with self.host.lock:
            said.state = "DISMISSED"
            self._touch()
            self._say("dismissed", "pull_request_review", review=self._lower(said))

    def comment(self, author: str, body: str, *, bot: bool = False) -> Remark:
        """Have somebody, or a bot, write into the conversation."""
        with self.host.lock:
            return self.host.remark(self.issue, user(author, bot=bot), body)

    def conflict(self, is_so: bool | None = True) -> None:
        """Have it conflict with its base, or not, or have GitHub not know (None). No event tells of it."""
        with self.host.lock:
            self.conflicts = is_so

    def merge(self) -> None:
        """Merge it, as somebody would by the page."""
        with self.host.lock:
            self.merged_at = self.host.now()
            self.merge_commit = self.host.new_sha()
            self.close()

    def close(self) -> None:
        """Close it."""
        with self.host.lock:
            self.issue.state, self.issue.closed = "closed", self.host.now()
            self._touch()
            self._say("closed")

    def reopen(self) -> None:
        """Open it again; what is merged stays so."""
        with self.host.lock:
            assert not self.merged_at, "a merged pull request cannot be opened again"
            self.issue.state, self.issue.closed = "open", None
            self._touch()
            self._say("reopened")

    def _touch(self) -> None:
        self.issue.updated = self.host.now()

    def _lower(self, said: Review) -> Json:
        shape = shapes.review(self, said)
        return {**shape, "state": said.state.lower()}

    def _say(self, action: str, event: str = "pull_request", **more: object) -> None:
        shape = shapes.pull_in_list(self.host, self)
        self.host.say(event, {"action": action, "number": self.number, "pull_request": shape, **more})
