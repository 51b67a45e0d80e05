"""One merge request of a small GitLab, and what tests make happen to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from . import shapes
from .records import Job, Note, Pipeline, user

if TYPE_CHECKING:
    from .host import GitLab

JOBS = {"success": "success", "failure": "failed", None: "running", "cancelled": "canceled"}
"""What GitLab calls the conclusions that tests give to either host."""


class Merge:
    """A merge request; it has the verbs of a small GitHub's pull request, so that tests are alike."""

    def __init__(
        self, host: "GitLab", iid: int, title: str, branch: str, head: str, fork: int | None
    ) -> None:
        self.host, self.iid, self.title, self.branch = host, iid, title, branch
        self.number, self.head, self.fork = iid, head, fork
        self.url = f"{host.page}/-/merge_requests/{iid}"
        self.state = "opened"
        self.is_draft = False
        self.created = self.updated = host.now()
        self.merged_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.merge_commit: str | None = None
        self.required = 0
        self.approved_by: dict[str, datetime] = {}
        self.reviewers: dict[str, str] = {}
        self.notes: list[Note] = []
        self.versions = [(host.new_id(), head, host.now())]
        self.conflicts: bool | None = False

    @property
    def merge_status(self) -> str:
        """The old word for whether it can be merged."""
        if self.conflicts is None:
            return "checking"
        return "cannot_be_merged" if self.conflicts else "can_be_merged"

    @property
    def detailed_merge_status(self) -> str:
        """The new word: https://docs.gitlab.com/api/merge_requests/#merge-status."""
        if self.state != "opened":
            return "not_open"
        if self.conflicts is None:
            return "checking"
        if self.conflicts:
            return "conflict"
        if self.is_draft:
            return "draft_status"
        return "requested_changes" if "requested_changes" in self.reviewers.values() else "mergeable"

    def push(self, sha: str | None = None, *, force: bool = False) -> str:
        """Push a new commit; pushed by `force` or not, it is a new version."""
        with self.host.lock:
            before, self.head = self.head, sha or self.host.new_sha()
            self.versions.append((self.host.new_id(), self.head, self.host.now()))
            self._system("forced a push" if force else "added 1 commit")
            self._say("update", oldrev=before)
            return self.head

    def draft(self) -> None:
        """Make it a draft."""
        with self.host.lock:
            self.is_draft = True
            self._system("marked this merge request as **draft**")
            self._say("update")

    def ready(self) -> None:
        """Make it ready."""
        with self.host.lock:
            self.is_draft = False
            self._system("marked this merge request as **ready**")
            self._say("update")

    def ask(self, login: str) -> None:
        """Ask somebody for a review."""
        with self.host.lock:
            self.reviewers[login] = "unreviewed"
            self._system(f"requested review from @{login}")
            self._say("update")

    def check(self, name: str, conclusion: str | None, *, log: str = "", allow_failure: bool = False) -> Job:
        """Have a job of the head's pipeline say something, None: that it runs. It is retried if it had."""
        with self.host.lock:
            line = self.host.latest(self.head)
            if not line:
                line = Pipeline(self.host.new_id(), self.head, self.branch, self.host.now())
                self.host.pipelines.append(line)
            job = next((one for one in line.jobs if one.name == name and not one.retried), None)
            if job and job.status in {"success", "failed", "canceled"}:
                job.retried, job = True, None
            if not job:
                job = Job(self.host.new_id(), name, "running", "", self.host.now(), allow_failure)
                line.jobs.append(job)
            job.status, job.trace = JOBS[conclusion], log
            attributes = {"id": line.id, "sha": line.sha, "ref": line.ref, "status": line.status}
            request = {"iid": self.iid, "source_branch": self.branch}
            self.host.say("Pipeline", {"object_attributes": attributes, "merge_request": request})
            return job

    def review(
        self, author: str, state: str, body: str = "", comments: Sequence[tuple[str, int | None, str]] = ()
    ) -> None:
        """Have somebody review it: APPROVED, CHANGES_REQUESTED or COMMENTED, with notes."""
        with self.host.lock:
            word = {"APPROVED": "approved", "CHANGES_REQUESTED": "requested_changes"}.get(state, "reviewed")
            self.reviewers[author] = word
            self.approved_by.pop(author, None)
            if state == "APPROVED":
                self.approved_by[author] = self.host.now()
                self._system("approved this merge request", author)
            if body:
                self._note(author, body)
            for path, line, text in comments:
                self._note(author, text, path, line)
            self._say("approved" if state == "APPROVED" else "update")

    def comment(self, author: str, body: str, *, bot: bool = False) -> Note:
        """Have somebody, or the bot of an access token, write a note."""
        with self.host.lock:
            return self._note(f"project_{shapes.PROJECT}_bot_{author}" if bot else author, body)

    def conflict(self, is_so: bool | None = True) -> None:
        """Have it conflict with its base, or not, or have GitLab not know (None)."""
        with self.host.lock:
            self.conflicts = is_so

    def merge(self) -> None:
        """Merge it."""
        with self.host.lock:
            self.state, self.merged_at, self.merge_commit = "merged", self.host.now(), self.host.new_sha()
            self._system("merged")
            self._say("merge")

    def close(self) -> None:
        """Close it."""
        with self.host.lock:
            self.state, self.closed_at = "closed", self.host.now()
            self._system("closed")
            self._say("close")

    def reopen(self) -> None:
        """Open it again."""
        with self.host.lock:
            self.state, self.closed_at = "opened", None
            self._system("reopened")
            self._say("reopen")

    def _note(self, author: str, body: str, path: str | None = None, line: int | None = None) -> Note:
        said = Note(self.host.new_id(), user(author), body, self.host.now(), False, path, line, self.head)
        self.notes.append(said)
        self.updated = self.host.now()
        attributes = {"id": said.id, "note": body, "noteable_type": "MergeRequest"}
        request = {"iid": self.iid, "source_branch": self.branch, "last_commit": {"id": self.head}}
        self.host.say("Note", {"object_attributes": attributes, "merge_request": request})
        return said

    def _system(self, words: str, author: str = "author") -> None:
        self.updated = self.host.now()
        self.notes.append(Note(self.host.new_id(), user(author), words, self.updated, True))

    def _say(self, action: str, **more: str) -> None:
        attributes = {
            "iid": self.iid, "source_branch": self.branch, "target_branch": "main", "state": self.state,
            "action": action, "last_commit": {"id": self.head}, "url": self.url, **more,
        }  # fmt: skip
        self.host.say("Merge Request", {"object_attributes": attributes})
