"""A GitLab that answers what it is told to, in the shapes of its documentation."""

import json
from typing import Any

import httpx2

API = "https://gitlab.example/api/v4"
PROJECT = "Group/sub/repo"
ROOT = "/projects/Group%2Fsub%2Frepo"
HOME = "https://gitlab.example/group/sub/repo"
TOKEN = "glpat-very-secret"
HEAD, OLD = "a" * 40, "b" * 40
OPTIONS = {"project": PROJECT, "token": TOKEN, "api_url": API}


class Host:
    """Answers each `METHOD path` with what was said for it: JSON, or a whole response; else with 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.requests: list[httpx2.Request] = []
        self.transport = httpx2.MockTransport(self._answer)

    def say(self, what: str, answer: Any) -> None:
        """From now on, answer this to `GET path`, where a path begins behind the project."""
        method, _, path = what.partition(" ")
        self.answers[f"{method} {ROOT}{path}"] = answer

    def asked(self, since: int = 0) -> list[str]:
        """What it was asked, in order, as it is said."""
        return [self._key(request).replace(ROOT, "") for request in self.requests[since:]]

    def sent(self) -> list[Any]:
        """The bodies that it was sent."""
        return [json.loads(request.content) for request in self.requests if request.content]

    def _key(self, request: httpx2.Request) -> str:
        raw = request.url.raw_path.decode().partition("?")[0]
        return f"{request.method} {raw.removeprefix('/api/v4')}"

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        assert request.headers["PRIVATE-TOKEN"] == TOKEN
        answer = self.answers.get(self._key(request))
        if answer is None:
            return httpx2.Response(404, json={"message": "404 Not found"})
        return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)

    def has(self, *requests: dict[str, Any]) -> None:
        """Have these merge requests, of the same branch, of which nothing more is to be said."""
        self.say("GET /merge_requests", [{**one, "head_pipeline": None} for one in requests])
        for one in requests:
            path = f"GET /merge_requests/{one['iid']}"
            self.say(path, one)
            self.answers.setdefault(f"GET {ROOT}/repository/commits/{one['sha']}/statuses", [])
            self.answers.setdefault(f"GET {ROOT}{path[4:]}/approvals", {"approved_by": []})
            for more in ("reviewers", "notes", "versions", "pipelines"):
                self.answers.setdefault(f"GET {ROOT}{path[4:]}/{more}", [])


def merge_request(iid: int = 7, /, **more: Any) -> dict[str, Any]:
    """An open merge request of the branch `feat`."""
    return {
        "id": 900 + iid,
        "iid": iid,
        "project_id": 3,
        "title": "Add a thing",
        "state": "opened",
        "author": user("agent"),
        "created_at": "2026-01-01T08:00:00.000Z",
        "updated_at": "2026-01-01T09:00:00.000Z",
        "merged_at": None,
        "closed_at": None,
        "source_branch": "feat",
        "target_branch": "main",
        "source_project_id": 3,
        "target_project_id": 3,
        "draft": False,
        "work_in_progress": False,
        "merge_status": "can_be_merged",
        "detailed_merge_status": "mergeable",
        "has_conflicts": False,
        "sha": HEAD,
        "web_url": f"{HOME}/-/merge_requests/{iid}",
        "head_pipeline": None,
        **more,
    }


def user(name: str) -> dict[str, Any]:
    return {"id": len(name), "username": name, "name": name.title(), "state": "active"}


def note(number: int, author: str, body: str, at: str, **more: Any) -> dict[str, Any]:
    """What an author wrote at a time of the first day, or with `system` what GitLab wrote of it."""
    when = f"2026-01-01T{at}.000Z"
    return {"id": number, "author": user(author), "body": body, "created_at": when, "system": False, **more}


def version(number: int, commit: str, at: str) -> dict[str, Any]:
    return {
        "id": number,
        "head_commit_sha": commit,
        "created_at": f"2026-01-01T{at}.000Z",
        "state": "collected",
    }


def pipeline(number: int = 40, **more: Any) -> dict[str, Any]:
    url = f"{HOME}/-/pipelines/{number}"
    return {"id": number, "sha": HEAD, "ref": "feat", "status": "success", "web_url": url, **more}


def job(number: int, name: str, status: str, **more: Any) -> dict[str, Any]:
    url = f"{HOME}/-/jobs/{number}"
    return {"id": number, "name": name, "status": status, "allow_failure": False, "web_url": url, **more}


def status(number: int, name: str, state: str, **more: Any) -> dict[str, Any]:
    """A commit status from outside."""
    return {
        "id": number,
        "name": name,
        "status": state,
        "sha": HEAD,
        "target_url": f"https://ci.example/{number}",
        "description": None,
        "allow_failure": False,
        "pipeline_id": 77,
        **more,
    }
