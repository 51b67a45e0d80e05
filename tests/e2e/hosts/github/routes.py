"""Who answers what at a small GitHub: the paths under /repos/{owner}/{repo}."""

from typing import TYPE_CHECKING, Any

from ..replies import Json, Listing, Question, Refused, Reply, Routes
from . import shapes
from .records import Commit, Issue, user

if TYPE_CHECKING:
    from .host import GitHub
    from .pulls import Pull

ROUTES = Routes()
REPO = "/repos/{owner}/{repo}"


def _issue(host: "GitHub", number: str, **_: str) -> Issue:
    found = host.issues.get(int(number)) if number.isdigit() else None
    if not found:
        raise Refused(404, "Not Found")
    return found


def _pull(host: "GitHub", number: str, **_: str) -> "Pull":
    found: Pull | None = _issue(host, number).pull
    if not found:
        raise Refused(404, "Not Found")
    return found


def _commit(host: "GitHub", sha: str) -> Commit:
    if sha not in host.commits:
        raise Refused(422, f"No commit found for SHA: {sha}")
    return host.commits[sha]


def _issue_of(one: Any) -> Issue:
    """A pull request is an issue with more to it."""
    found: Issue = one if isinstance(one, Issue) else one.issue
    return found


def _newest_first(query: dict[str, str], items: list[Any]) -> list[Any]:
    """Both listings are by creation, the newest first, unless told."""
    ordered = sorted(items, key=lambda one: one.number, reverse=query.get("direction", "desc") == "desc")
    if query.get("sort") == "updated":
        ordered.sort(key=lambda one: _issue_of(one).updated, reverse=True)
    return ordered


@ROUTES("GET", f"{REPO}/issues")
def issues(host: "GitHub", question: Question, **_: str) -> Listing:
    """List issues, and pull requests among them."""
    state, wanted = question.query.get("state", "open"), question.query.get("labels", "")
    names = {name for name in wanted.split(",") if name}
    found = [one for one in host.issues.values() if state in ("all", one.state) and names <= set(one.labels)]
    return Listing([shapes.issue(host, one) for one in _newest_first(question.query, found)])


@ROUTES("GET", f"{REPO}/issues/{{number}}")
def issue(host: "GitHub", _: Question, **where: str) -> Json:
    """Show an issue."""
    return shapes.issue(host, _issue(host, **where))


@ROUTES("GET", f"{REPO}/issues/{{number}}/comments")
def remarks(host: "GitHub", _: Question, **where: str) -> Listing:
    """List a conversation, the oldest first."""
    one = _issue(host, **where)
    return Listing([shapes.remark(host, one.number, said) for said in one.remarks])


@ROUTES("POST", f"{REPO}/issues/{{number}}/comments")
def remark(host: "GitHub", question: Question, **where: str) -> Reply:
    """Take a comment."""
    one, body = _issue(host, **where), (question.value or {}).get("body")
    if not isinstance(body, str) or not body.strip():
        raise Refused(422, "Validation Failed")
    return Reply(shapes.remark(host, one.number, host.remark(one, user("ennio"), body)), 201)


@ROUTES("POST", f"{REPO}/issues/{{number}}/labels")
def labels(host: "GitHub", question: Question, **where: str) -> list[Json]:
    """Add labels, and answer all."""
    one: Issue = _issue(host, **where)
    names = (question.value or {}).get("labels")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(422, "Validation Failed")
    one.labels += [name for name in names if name not in one.labels]
    one.updated = host.now()
    found: list[Json] = shapes.issue(host, one)["labels"]
    return found


@ROUTES("GET", f"{REPO}/pulls")
def pulls(host: "GitHub", question: Question, **_: str) -> Listing:
    """List pull requests; `head` without its owner is not taken notice of, as by GitHub."""
    state, head = question.query.get("state", "open"), question.query.get("head", "")
    found = [
        one
        for one in host.pulls.values()
        if state in ("all", one.issue.state)
        and (":" not in head or head.lower() == f"{one.fork or host.owner}:{one.branch}".lower())
    ]
    return Listing([shapes.pull_in_list(host, one) for one in _newest_first(question.query, found)])


@ROUTES("GET", f"{REPO}/pulls/{{number}}")
def pull(host: "GitHub", _: Question, **where: str) -> Json:
    """Show a pull request. Being asked is what makes GitHub work out whether it can be merged."""
    one = _pull(host, **where)
    shape = shapes.pull(host, one)
    one.looked_at()
    return shape


@ROUTES("GET", f"{REPO}/pulls/{{number}}/reviews")
def reviews(host: "GitHub", _: Question, **where: str) -> Listing:
    """List reviews, the oldest first."""
    one = _pull(host, **where)
    return Listing([shapes.review(one, said) for said in one.reviews])


@ROUTES("GET", f"{REPO}/pulls/{{number}}/comments")
def line_remarks(host: "GitHub", _: Question, **where: str) -> Listing:
    """List comments about lines, the oldest first."""
    one = _pull(host, **where)
    return Listing([shapes.line_remark(one, said) for said in one.line_remarks])


@ROUTES("PUT", f"{REPO}/pulls/{{number}}/merge")
def merge(host: "GitHub", question: Question, **where: str) -> Json:
    """Merge: https://docs.github.com/rest/pulls/pulls#merge-a-pull-request."""
    one, wish = _pull(host, **where), question.value or {}
    way = wish.get("merge_method", "merge")
    if way not in host.ways_to_merge:
        raise Refused(405, f"{way.title()} merges are not allowed on this repository.")
    if one.is_draft:
        raise Refused(405, "Pull Request is still a draft")
    if one.issue.state != "open" or one.conflicts:
        raise Refused(405, "Pull Request is not mergeable")
    if wish.get("sha", one.head) != one.head:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    one.merge()
    return {"sha": one.merge_commit, "merged": True, "message": "Pull Request successfully merged"}


@ROUTES("GET", f"{REPO}/commits/{{sha}}/check-runs")
def runs(host: "GitHub", _: Question, sha: str, **__: str) -> Listing:
    """List the latest run of each check."""
    commit = _commit(host, sha)
    shaped = [shapes.run(host, commit, one) for one in commit.runs]
    return Listing(shaped, lambda items: {"total_count": len(shaped), "check_runs": items})


@ROUTES("GET", f"{REPO}/commits/{{sha}}/status")
def status(host: "GitHub", _: Question, sha: str, **__: str) -> Listing:
    """Show the combined status."""
    commit = _commit(host, sha)
    return Listing(list(commit.statuses.values()), lambda items: shapes.combined(host, commit, items))


@ROUTES("GET", f"{REPO}/actions/jobs/{{job}}/logs")
def log(host: "GitHub", _: Question, job: str, **__: str) -> Reply:
    """Lead to the log of a job of GitHub Actions; a log that is too old is gone."""
    run = host.jobs.get(int(job)) if job.isdigit() else None
    if not run or run.app != "github-actions":
        raise Refused(404, "Not Found")
    if run.log is None:
        raise Refused(410, "Server Error")
    return Reply(status=302, text="", headers={"Location": f"{host.blobs}/logs/{job}?sig={job}"})
