"""The JSON of GitHub's REST API: names and nesting as its documentation has them.

https://docs.github.com/en/rest/issues/issues, .../pulls/pulls, .../pulls/reviews, .../pulls/comments,
.../issues/comments, .../checks/runs, .../commits/statuses
"""

from typing import TYPE_CHECKING

from ..replies import Json
from .records import Commit, Issue, Remark, Run, label, moment, user

if TYPE_CHECKING:
    from .host import GitHub
    from .pulls import Pull, Review


def repository(host: "GitHub", owner: str | None = None) -> Json:
    """Return the repository, or somebody's fork of it."""
    name = f"{owner or host.owner}/{host.repo}"
    return {
        "id": 1296269 if owner in (None, host.owner) else 1296270,
        "name": host.repo,
        "full_name": name,
        "private": True,
        "owner": user(owner or host.owner),
        "html_url": f"{host.url}/{name}",
        "fork": owner not in (None, host.owner),
        "url": f"{host.url}/repos/{name}",
        "default_branch": "main",
    }


def issue(host: "GitHub", one: Issue) -> Json:
    """Return an issue; that of a pull request says so."""
    kind = "pull" if one.pull else "issues"
    shape = {
        "id": 100000 + one.number,
        "node_id": f"I_{one.number}",
        "url": f"{host.base}/issues/{one.number}",
        "repository_url": host.base,
        "html_url": f"{host.page}/{kind}/{one.number}",
        "number": one.number,
        "state": one.state,
        "state_reason": None,
        "title": one.title,
        "body": one.body,
        "user": one.author,
        "labels": [label(name) for name in one.labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "comments": len(one.remarks),
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "closed_at": moment(one.closed),
        "author_association": "MEMBER",
    }
    if one.pull:
        shape["draft"] = one.pull.is_draft
        shape["pull_request"] = {
            "url": f"{host.base}/pulls/{one.number}",
            "html_url": f"{host.page}/pull/{one.number}",
            "merged_at": moment(one.pull.merged_at),
        }
    return shape


def pull_in_list(host: "GitHub", one: "Pull") -> Json:
    """Return a pull request as listings have it: without what has to be worked out."""
    home = repository(host)
    away = repository(host, one.fork) if one.fork else home
    return {
        "id": 200000 + one.number,
        "node_id": f"PR_{one.number}",
        "url": f"{host.base}/pulls/{one.number}",
        "html_url": one.url,
        "number": one.number,
        "state": one.issue.state,
        "locked": False,
        "title": one.issue.title,
        "body": one.issue.body,
        "user": one.issue.author,
        "labels": [label(name) for name in one.issue.labels],
        "created_at": moment(one.issue.created),
        "updated_at": moment(one.issue.updated),
        "closed_at": moment(one.issue.closed),
        "merged_at": moment(one.merged_at),
        "merge_commit_sha": one.merge_commit,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [user(login) for login in one.asked],
        "requested_teams": [],
        "draft": one.is_draft,
        "head": {
            "label": f"{away['owner']['login']}:{one.branch}",
            "ref": one.branch,
            "sha": one.head,
            "user": away["owner"],
            "repo": away,
        },
        "base": {
            "label": f"{host.owner}:main",
            "ref": "main",
            "sha": "b" * 40,
            "user": home["owner"],
            "repo": home,
        },
        "author_association": "MEMBER",
        "auto_merge": None,
    }


def pull(host: "GitHub", one: "Pull") -> Json:
    """Return a pull request by itself."""
    return {
        **pull_in_list(host, one),
        "merged": one.merged_at is not None,
        "mergeable": one.mergeable,
        "rebaseable": one.mergeable,
        "mergeable_state": one.mergeable_state,
        "merged_by": user("merger") if one.merged_at else None,
        "comments": len(one.issue.remarks),
        "review_comments": len(one.line_remarks),
        "maintainer_can_modify": False,
        "commits": one.pushes,
        "additions": 10,
        "deletions": 2,
        "changed_files": 1,
    }


def review(one: "Pull", said: "Review") -> Json:
    """Return a review."""
    return {
        "id": said.id,
        "user": said.author,
        "body": said.body,
        "state": said.state,
        "html_url": f"{one.url}#pullrequestreview-{said.id}",
        "pull_request_url": f"{one.host.base}/pulls/{one.number}",
        "author_association": "COLLABORATOR",
        "submitted_at": moment(said.at),
        "commit_id": said.commit,
    }


def line_remark(one: "Pull", said: Remark) -> Json:
    """Return a comment about a line; it has no line any more once it is outdated."""
    return {
        "id": said.id,
        "url": f"{one.host.base}/pulls/comments/{said.id}",
        "pull_request_review_id": said.review,
        "diff_hunk": "@@ -1,3 +1,4 @@",
        "path": said.path,
        "commit_id": one.head,
        "original_commit_id": said.commit,
        "user": said.author,
        "body": said.body,
        "created_at": moment(said.at),
        "updated_at": moment(said.at),
        "html_url": f"{one.url}#discussion_r{said.id}",
        "pull_request_url": f"{one.host.base}/pulls/{one.number}",
        "author_association": "COLLABORATOR",
        "start_line": None,
        "line": said.line,
        "original_line": said.line,
        "side": "RIGHT",
        "subject_type": "line",
    }


def remark(host: "GitHub", number: int, said: Remark) -> Json:
    """Return a comment of a conversation."""
    return {
        "id": said.id,
        "url": f"{host.base}/issues/comments/{said.id}",
        "html_url": f"{host.page}/issues/{number}#issuecomment-{said.id}",
        "issue_url": f"{host.base}/issues/{number}",
        "user": said.author,
        "body": said.body,
        "created_at": moment(said.at),
        "updated_at": moment(said.at),
        "author_association": "MEMBER",
        "performed_via_github_app": None,
    }


def run(host: "GitHub", commit: Commit, one: Run) -> Json:
    """Return a check run. Those of GitHub Actions lead to their job."""
    page = f"{host.page}/actions/runs/{one.id + 1}/job/{one.id}"
    done = one.status == "completed"
    return {
        "id": one.id,
        "name": one.name,
        "head_sha": commit.sha,
        "external_id": f"external-{one.id}",
        "url": f"{host.base}/check-runs/{one.id}",
        "html_url": page if one.app == "github-actions" else f"{host.page}/runs/{one.id}",
        "details_url": page if one.app == "github-actions" else f"https://ci.example/{one.app}/{one.id}",
        "status": one.status,
        "conclusion": one.conclusion,
        "started_at": moment(one.at),
        "completed_at": moment(one.at) if done else None,
        "output": {
            "title": one.title,
            "summary": one.summary,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{host.base}/check-runs/{one.id}/annotations",
        },
        "check_suite": {"id": one.id + 2},
        "app": {"id": 15368, "slug": one.app, "name": one.app.replace("-", " ").title()},
        "pull_requests": [
            {"number": pull.number, "head": {"ref": pull.branch, "sha": pull.head}}
            for pull in host.pulls.values()
            if pull.head == commit.sha and not pull.fork
        ],
    }


def combined(host: "GitHub", commit: Commit, page: list[Json]) -> Json:
    """Return the combined status of a commit: `pending` where there is none at all."""
    states = {one["state"] for one in commit.statuses.values()}
    if states & {"error", "failure"}:
        state = "failure"
    else:
        state = "pending" if not states or "pending" in states else "success"
    return {
        "state": state,
        "statuses": page,
        "sha": commit.sha,
        "total_count": len(commit.statuses),
        "repository": repository(host),
        "commit_url": f"{host.base}/commits/{commit.sha}",
        "url": f"{host.base}/commits/{commit.sha}/status",
    }
