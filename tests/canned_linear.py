"""A Linear that answers its questions one after the other, in the shapes of its documentation."""

import json
from typing import Any

import httpx2

API = "https://linear.example/graphql"
KEY = "lin_api_very_secret"
OPTIONS = {"team": "ENG", "token": KEY, "api_url": API}


class Host:
    """Gives its answers in turn, each to one question; the last of them again and again."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.transport = httpx2.MockTransport(self._answer)

    def say(self, *answers: Any) -> None:
        """Answer with these data from now on, or with these whole responses."""
        self.answers = list(answers)

    def variables(self) -> list[dict[str, Any]]:
        """What it was asked with, without the questions."""
        return [one["variables"] for one in self.asked]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        assert request.headers["Authorization"] == KEY
        assert str(request.url) == API
        self.asked.append(json.loads(request.content))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json={"data": answer})


def issue(number: int = 12, **more: Any) -> dict[str, Any]:
    return {
        "identifier": f"ENG-{number}",
        "title": "It breaks",
        "description": "Often.",
        "url": f"https://linear.app/acme/issue/ENG-{number}/it-breaks",
        "state": {"type": "unstarted"},
        "labels": {"nodes": [{"name": "bug"}, {"name": "p1"}]},
        **more,
    }


def page(*numbers: int, after: str | None = None) -> dict[str, Any]:
    """A page of these issues; `after`: there are more behind it."""
    info = {"hasNextPage": after is not None, "endCursor": after}
    return {"issues": {"nodes": [issue(number) for number in numbers], "pageInfo": info}}


def wrong(
    message: str, code: str, kind: str, *, http: int = 200, shown: str | None = None
) -> httpx2.Response:
    """An answer that tells of an error."""
    extensions = {"code": code, "type": kind, "userError": True, "userPresentableMessage": shown}
    error = {"message": message, "path": ["issue"], "extensions": extensions}
    return httpx2.Response(http, json={"errors": [error], "data": None})
