"""Who answers what at a small GitLab: the paths under /api/v4/projects/{project}."""

from typing import TYPE_CHECKING, Any, TypeVar

from ..replies import Json, Listing, Question, Refused, Reply, Routes
from . import shapes
from .records import Issue, Job, Note, Pipeline, moment, user

if TYPE_CHECKING:
    from .host import GitLab
    from .merges import Merge

ROUTES = Routes()
One = TypeVar("One")


def _of(table: dict[int, One], number: str) -> One:
    if not number.isdigit() or int(number) not in table:
        raise Refused(404, "404 Not found")
    return table[int(number)]


def _newest_first(query: dict[str, str], items: list[Any]) -> list[Any]:
    return items if query.get("sort") == "asc" else list(reversed(items))


@ROUTES("GET", "issues")
def issues(host: "GitLab", question: Question) -> Listing:
    """List issues, all of them unless told."""
    state = question.query.get("state", "all")
    found = [one for one in host.issues.values() if state in ("all", one.state)]
    return Listing([shapes.issue(host, one) for one in _newest_first(question.query, found)])


@ROUTES("GET", "issues/{iid}")
def issue(host: "GitLab", _: Question, iid: str) -> Json:
    """Show an issue."""
    return shapes.issue(host, _of(host.issues, iid))


@ROUTES("PUT", "issues/{iid}")
def change_issue(host: "GitLab", question: Question, iid: str) -> Json:
    """Add and remove labels, close or reopen."""
    one, wish = _of(host.issues, iid), {**question.query, **(question.value or {})}

    def names(key: str) -> list[str]:
        given = wish.get(key, [])
        return [name for name in (given.split(",") if isinstance(given, str) else given) if name]

    if not wish:
        raise Refused(400, "labels, add_labels, remove_labels, state_event are missing")
    labels = names("labels") if "labels" in wish else one.labels
    kept = [name for name in labels if name not in names("remove_labels")]
    one.labels = list(dict.fromkeys(kept + names("add_labels")))
    if event := wish.get("state_event"):
        one.state = {"close": "closed", "reopen": "opened"}[event]
    one.updated = host.now()
    return shapes.issue(host, one)


@ROUTES("GET", "issues/{iid}/notes")
def notes(host: "GitLab", question: Question, iid: str) -> Listing:
    """List the notes of an issue, the newest first unless told."""
    one = _of(host.issues, iid)
    return Listing([shapes.note(said, "Issue", one.iid) for said in _newest_first(question.query, one.notes)])


@ROUTES("POST", "issues/{iid}/notes")
def note(host: "GitLab", question: Question, iid: str) -> Reply:
    """Take a note."""
    one: Issue = _of(host.issues, iid)
    body = (question.value or question.query).get("body")
    if not isinstance(body, str) or not body.strip():
        raise Refused(400, '400 Bad request - Note {:note=>["can\'t be blank"]}')
    said = Note(host.new_id(), user("ennio"), body, host.now())
    one.notes.append(said)
    one.updated = host.now()
    return Reply(shapes.note(said, "Issue", one.iid), 201)


@ROUTES("GET", "merge_requests")
def merges(host: "GitLab", question: Question) -> Listing:
    """List merge requests, of all states unless told."""
    state, branch = question.query.get("state", "all"), question.query.get("source_branch")
    found = [
        one for one in host.merges.values() if state in ("all", one.state) and branch in (None, one.branch)
    ]
    return Listing([shapes.merge_in_list(host, one) for one in _newest_first(question.query, found)])


@ROUTES("GET", "merge_requests/{iid}")
def merge(host: "GitLab", _: Question, iid: str) -> Json:
    """Show a merge request."""
    return shapes.merge(host, _of(host.merges, iid))


@ROUTES("GET", "merge_requests/{iid}/approvals")
def approvals(host: "GitLab", _: Question, iid: str) -> Json:
    """Show who has approved."""
    return shapes.approvals(_of(host.merges, iid))


@ROUTES("GET", "merge_requests/{iid}/reviewers")
def reviewers(host: "GitLab", _: Question, iid: str) -> Listing:
    """List who was asked for a review, and what each has come to."""
    one: Merge = _of(host.merges, iid)
    at = moment(one.created)
    return Listing(
        [{"user": user(name), "state": word, "created_at": at} for name, word in one.reviewers.items()]
    )


@ROUTES("GET", "merge_requests/{iid}/notes")
def merge_notes(host: "GitLab", question: Question, iid: str) -> Listing:
    """List the notes of a merge request, the newest first unless told."""
    one: Merge = _of(host.merges, iid)
    ordered = _newest_first(question.query, one.notes)
    return Listing([shapes.note(said, "MergeRequest", one.iid) for said in ordered])


@ROUTES("GET", "merge_requests/{iid}/versions")
def versions(host: "GitLab", _: Question, iid: str) -> Listing:
    """List what was pushed, the newest first."""
    one: Merge = _of(host.merges, iid)
    base = {"base_commit_sha": "b" * 40, "start_commit_sha": "b" * 40, "state": "collected"}
    return Listing(
        [
            {"id": number, "head_commit_sha": sha, "created_at": moment(at), **base}
            for number, sha, at in reversed(one.versions)
        ]
    )


@ROUTES("GET", "merge_requests/{iid}/pipelines")
def merge_pipelines(host: "GitLab", _: Question, iid: str) -> Listing:
    """List the pipelines of all that was pushed, the newest first."""
    pushed = {sha for __, sha, ___ in _of(host.merges, iid).versions}
    found = [one for one in reversed(host.pipelines) if one.sha in pushed]
    return Listing([shapes.pipeline(host, one) for one in found])


@ROUTES("PUT", "merge_requests/{iid}/merge")
def accept(host: "GitLab", question: Question, iid: str) -> Json:
    """Merge: https://docs.gitlab.com/api/merge_requests/#merge-a-merge-request."""
    one: Merge = _of(host.merges, iid)
    wish = {**question.query, **(question.value or {})}
    if one.state != "opened" or one.is_draft:
        raise Refused(405, "405 Method Not Allowed")
    if wish.get("sha", one.head) != one.head:
        raise Refused(409, f"SHA does not match HEAD of source branch: {one.head}")
    if one.detailed_merge_status != "mergeable":
        raise Refused(422, "Branch cannot be merged")
    one.merge()
    return shapes.merge(host, one)


@ROUTES("GET", "pipelines/{number}/jobs")
def jobs(host: "GitLab", question: Question, number: str) -> Listing:
    """List the jobs of a pipeline, without those that were retried unless told."""
    line = _of({one.id: one for one in host.pipelines}, number)
    all_of_them = question.query.get("include_retried") == "true"
    found = [one for one in line.jobs if all_of_them or not one.retried]
    return Listing([shapes.job(host, line, one) for one in reversed(found)])


@ROUTES("GET", "jobs/{number}/trace")
def trace(host: "GitLab", _: Question, number: str) -> Reply:
    """Show the log of a job."""
    job: Job = _of({one.id: one for line in host.pipelines for one in line.jobs}, number)
    return Reply(text=job.trace, headers={"Content-Type": "text/plain"})


@ROUTES("GET", "repository/commits/{sha}/statuses")
def statuses(host: "GitLab", question: Question, sha: str) -> Listing:
    """List the statuses of a commit: the jobs of its pipelines are among them."""
    lines: list[Pipeline] = [one for one in host.pipelines if one.sha == sha]
    if not lines and not any(sha == one.head for one in host.merges.values()):
        raise Refused(404, "404 Commit Not Found")
    wanted = [lines[-1]] if lines and question.query.get("all") != "true" else lines
    return Listing(
        [
            {
                "id": one.id, "sha": sha, "ref": line.ref, "status": one.status, "name": one.name,
                "target_url": f"{host.page}/-/jobs/{one.id}", "description": None,
                "created_at": moment(one.at), "allow_failure": one.allow_failure, "pipeline_id": line.id,
            }
            for line in wanted for one in line.jobs if not one.retried
        ]
    )  # fmt: skip
