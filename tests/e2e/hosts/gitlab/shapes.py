"""The JSON of GitLab's REST API: names and nesting as its documentation has them.

https://docs.gitlab.com/api/issues/, .../merge_requests/, .../merge_request_approvals/, .../notes/,
.../pipelines/, .../jobs/, .../commits/
"""

from typing import TYPE_CHECKING

from ..replies import Json
from .records import Issue, Job, Note, Pipeline, moment, user

if TYPE_CHECKING:
    from .host import GitLab
    from .merges import Merge

PROJECT = 278964
"""The number of the project; its path says the same."""


def project(host: "GitLab") -> Json:
    """Return the project as webhooks have it."""
    path = f"{host.owner}/{host.repo}"
    return {"id": PROJECT, "name": host.repo, "path_with_namespace": path, "web_url": host.page}


def issue(host: "GitLab", one: Issue) -> Json:
    """Return an issue."""
    return {
        "id": 100000 + one.iid,
        "iid": one.iid,
        "project_id": PROJECT,
        "title": one.title,
        "description": one.description,
        "state": one.state,
        "labels": one.labels,
        "author": user("reporter"),
        "assignees": [],
        "milestone": None,
        "type": "ISSUE",
        "issue_type": "issue",
        "confidential": False,
        "user_notes_count": len(one.notes),
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "closed_at": moment(one.closed),
        "web_url": f"{host.page}/-/issues/{one.iid}",
        "references": {"short": f"#{one.iid}", "full": f"{host.owner}/{host.repo}#{one.iid}"},
    }


def note(said: Note, kind: str, iid: int) -> Json:
    """Return a note; one about a line is a DiffNote with a position."""
    shape = {
        "id": said.id,
        "type": "DiffNote" if said.path else None,
        "body": said.body,
        "author": said.author,
        "created_at": moment(said.at),
        "updated_at": moment(said.at),
        "system": said.system,
        "noteable_id": 100000 + iid,
        "noteable_type": kind,
        "noteable_iid": iid,
        "project_id": PROJECT,
        "resolvable": said.path is not None,
        "confidential": False,
        "internal": False,
    }
    if said.path:
        shape["resolved"] = False
        shape["commit_id"] = None
        shape["position"] = {
            "base_sha": "b" * 40,
            "start_sha": "b" * 40,
            "head_sha": said.sha,
            "old_path": said.path,
            "new_path": said.path,
            "position_type": "text",
            "old_line": None,
            "new_line": said.line,
        }
    return shape


def merge_in_list(host: "GitLab", one: "Merge") -> Json:
    """Return a merge request as listings have it."""
    return {
        "id": 200000 + one.iid,
        "iid": one.iid,
        "project_id": PROJECT,
        "title": f"Draft: {one.title}" if one.is_draft else one.title,
        "description": "What it does.",
        "state": one.state,
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "merged_at": moment(one.merged_at),
        "closed_at": moment(one.closed_at),
        "merge_user": user("merger") if one.merged_at else None,
        "target_branch": "main",
        "source_branch": one.branch,
        "source_project_id": one.fork or PROJECT,
        "target_project_id": PROJECT,
        "author": user("author"),
        "assignees": [],
        "reviewers": [user(name) for name in one.reviewers],
        "labels": [],
        "draft": one.is_draft,
        "work_in_progress": one.is_draft,
        "merge_status": one.merge_status,
        "detailed_merge_status": one.detailed_merge_status,
        "has_conflicts": bool(one.conflicts),
        "sha": one.head,
        "merge_commit_sha": None,
        "squash_commit_sha": one.merge_commit,
        "user_notes_count": len([said for said in one.notes if not said.system]),
        "blocking_discussions_resolved": True,
        "squash": False,
        "web_url": one.url,
        "references": {"short": f"!{one.iid}", "full": f"{host.owner}/{host.repo}!{one.iid}"},
    }


def merge(host: "GitLab", one: "Merge") -> Json:
    """Return a merge request by itself."""
    latest = host.latest(one.head)
    return {
        **merge_in_list(host, one),
        "diff_refs": {"base_sha": "b" * 40, "start_sha": "b" * 40, "head_sha": one.head},
        "head_pipeline": pipeline(host, latest) if latest else None,
        "merge_error": None,
        "first_contribution": False,
        "user": {"can_merge": True},
    }


def approvals(one: "Merge") -> Json:
    """Return who has approved. `approved` says only that no more approvals are required."""
    missing = max(0, one.required - len(one.approved_by))
    return {
        "id": 200000 + one.iid,
        "iid": one.iid,
        "project_id": PROJECT,
        "title": one.title,
        "state": one.state,
        "merge_status": one.merge_status,
        "approved": missing == 0,
        "approvals_required": one.required,
        "approvals_left": missing,
        "approved_by": [
            {"user": user(name), "approved_at": moment(at)} for name, at in one.approved_by.items()
        ],
        "user_has_approved": False,
        "user_can_approve": True,
    }


def pipeline(host: "GitLab", one: Pipeline) -> Json:
    """Return a pipeline."""
    return {
        "id": one.id,
        "iid": one.id % 1000,
        "project_id": PROJECT,
        "sha": one.sha,
        "ref": one.ref,
        "status": one.status,
        "source": "push",
        "created_at": moment(one.at),
        "updated_at": moment(one.at),
        "web_url": f"{host.page}/-/pipelines/{one.id}",
    }


def job(host: "GitLab", line: Pipeline, one: Job) -> Json:
    """Return a job."""
    return {
        "id": one.id,
        "name": one.name,
        "stage": "test",
        "status": one.status,
        "ref": line.ref,
        "tag": False,
        "allow_failure": one.allow_failure,
        "failure_reason": "script_failure" if one.status == "failed" else None,
        "created_at": moment(one.at),
        "started_at": moment(one.at),
        "finished_at": None if one.status in {"running", "pending", "created"} else moment(one.at),
        "web_url": f"{host.page}/-/jobs/{one.id}",
        "commit": {"id": line.sha},
        "pipeline": {"id": line.id, "sha": line.sha, "ref": line.ref, "status": line.status},
    }
