"""A GitHub in memory: it answers as it is told, and remembers what it was asked."""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx2

from ennio.supervisor.options import Options

TOKEN = "ghp_SecretSecretSecret"
API = "https://api.github.com"
OURS = {"full_name": "o/r", "owner": {"login": "o"}}
HEAD = "c0ffee" + "0" * 34

Answer = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


class Host:
    """Answers by method and path; what nobody has told it of is not there. Lists come in pages."""

    def __init__(self) -> None:
        self.told: dict[str, Answer | list[Answer]] = {}
        self.requests: list[httpx2.Request] = []
        self.headers: dict[str, str] = {}
        self.transport = httpx2.MockTransport(self._answer)

    def say(self, what: str, content: Any, **headers: str) -> None:
        """Answer `GET /path` with JSON: with a tag, under condition, and in pages where it is a list."""

        def answer(request: httpx2.Request) -> httpx2.Response:
            return _page(request, content, headers)

        self.told[what] = answer

    def refuse(self, what: str, status: int, message: str = "", **headers: str) -> None:
        """Answer with a failure."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps({"message": message})
        self.told[what] = lambda _: httpx2.Response(status, text=body, headers=named)

    def asked(self, part: str = "") -> list[str]:
        """Return what it was asked, by method and path, as far as `part` is in it."""
        lines = [f"{request.method} {request.url.path}" for request in self.requests]
        return [line for line in lines if part in line]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        told = self.told.get(f"{request.method} {request.url.path}")
        if isinstance(told, list):
            told = told.pop(0)
        if isinstance(told, Exception):
            raise told
        if told is None:
            return httpx2.Response(404, json={"message": "Not Found"})
        answer = told if isinstance(told, httpx2.Response) else told(request)
        answer.headers.update(self.headers)
        return answer


def _page(request: httpx2.Request, content: Any, headers: dict[str, str]) -> httpx2.Response:
    given = dict(parse_qsl(request.url.query.decode()))
    size, page = int(given.get("per_page", 30)), int(given.get("page", 1))
    named = content if isinstance(content, dict) else {}
    inside = next((key for key in ("check_runs", "statuses") if key in named), None)
    entries = content[inside] if inside else content
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(entries, list):
        if len(entries) > page * size:
            following = request.url.copy_merge_params({"page": str(page + 1)})
            headers["Link"] = f'<{following}>; rel="next", <{request.url}>; rel="last"'
        entries = entries[(page - 1) * size : page * size]
        content = content | {inside: entries} if inside else entries
    body = json.dumps(content)
    headers["ETag"] = f'W/"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
    if request.headers.get("if-none-match") == headers["ETag"]:
        return httpx2.Response(304, headers=headers)
    return httpx2.Response(200, text=body, headers=headers)


def options(**more: Any) -> Options:
    """Return the options of `o/r` with a token, and more."""
    return Options({"owner": "o", "repo": "r", "token": TOKEN, **more}, "projects.p.scm_config.config")


def pull(number: int = 7, **more: Any) -> dict[str, Any]:
    """Return a pull request of branch `b`, open and without conflicts."""
    return {
        "number": number,
        "html_url": f"https://github.com/o/r/pull/{number}",
        "title": "Do it",
        "state": "open",
        "draft": False,
        "merged": False,
        "mergeable": True,
        "mergeable_state": "clean",
        "user": person("author"),
        "head": {"ref": "b", "sha": HEAD, "repo": OURS},
        "base": {"ref": "main", "repo": OURS},
        "requested_reviewers": [],
        "requested_teams": [],
        "updated_at": "2026-01-02T00:00:00Z",
        "closed_at": None,
        **more,
    }


def person(login: str, kind: str = "User") -> dict[str, Any]:
    """Return a user."""
    return {"login": login, "type": kind, "id": int.from_bytes(login.encode()[:6])}


def review(number: int, login: str, state: str, body: str = "", **more: Any) -> dict[str, Any]:
    """Return a review; the higher its number, the later it is."""
    return {
        "id": number,
        "user": person(login),
        "state": state,
        "body": body,
        "commit_id": HEAD,
        "submitted_at": f"2026-01-02T00:{number % 60:02}:00Z",
        **more,
    }


def comment(number: int, login: str, body: str = "hm", **more: Any) -> dict[str, Any]:
    """Return a comment; the higher its number, the later it is."""
    at = f"2026-01-03T{number // 60 % 24:02}:{number % 60:02}:00Z"
    return {"id": number, "user": person(login), "body": body, "created_at": at, **more}


def run(number: int, name: str, conclusion: str | None, **more: Any) -> dict[str, Any]:
    """Return a check run of GitHub Actions, which is still going on unless it has a conclusion."""
    return {
        "id": number,
        "name": name,
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "details_url": f"https://github.com/o/r/actions/runs/1/job/{number}",
        "app": {"id": 15368, "slug": "github-actions"},
        "output": {"title": None, "summary": None},
        **more,
    }


def status(context: str, state: str, **more: Any) -> dict[str, Any]:
    """Return a commit status."""
    return {"context": context, "state": state, "description": "said", "target_url": "https://ci/1", **more}


def tell_of(host: Host, raw: dict[str, Any], **parts: list[Any]) -> None:
    """Let the host tell of a pull request and its parts: reviews, lines, comments, runs, statuses."""
    number, commit = raw["number"], raw["head"]["sha"]
    runs, statuses = parts.get("runs", []), parts.get("statuses", [])
    host.say("GET /repos/o/r/pulls", [raw])
    host.say(f"GET /repos/o/r/pulls/{number}", raw)
    host.say(f"GET /repos/o/r/pulls/{number}/reviews", parts.get("reviews", []))
    host.say(f"GET /repos/o/r/pulls/{number}/comments", parts.get("lines", []))
    host.say(f"GET /repos/o/r/issues/{number}/comments", parts.get("comments", []))
    host.say(f"GET /repos/o/r/commits/{commit}/check-runs", {"total_count": len(runs), "check_runs": runs})
    host.say(f"GET /repos/o/r/commits/{commit}/status", {"state": "pending", "statuses": statuses})
