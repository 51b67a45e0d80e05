"""A server in memory for clients under asyncio: sessions, events and output as a test has them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from ennio.http.client import Client

EVENTS, OUTPUT = "/api/v1/events", re.compile(r"/api/v1/sessions/([^/]+)/output/stream")
OF_A_SESSION = re.compile(r"/api/v1/sessions/([^/]+)(?:/(.*))?")


class Streamed(httpx2.AsyncByteStream):
    """What is put into its queue, until None."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (text := await self.queue.get()) is not None:
            yield text.encode()


class EnnioInMemory:
    """Answers as an ennio server does; what was asked of it is in `done`."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.waiting: dict[str, list[dict[str, Any]]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.told: dict[str, str] = {}
        self.projects = ["app", "lib"]
        self.done: list[tuple[str, str, Any]] = []
        self.keys: list[str | None] = []
        self.asked: list[str] = []
        """The paths that were looked at."""
        self.refusals: dict[str, tuple[int, str]] = {}
        self.away = self.silent = False
        """Nobody is there; or requests are taken, and not answered."""
        self.streams: list[Streamed] = []
        self.outputs: dict[str, list[Streamed]] = {}
        self.said: dict[str, str] = {}
        self.now = 1000.0

    def client(self) -> Client:
        return Client("http://127.0.0.1:3000", transport=httpx2.MockTransport(self.answer))

    def put(self, id: str, **fields: Any) -> dict[str, Any]:
        """Have a session, or change one."""
        before = self.sessions.get(id) or {
            "id": id, "project_id": id.partition("-")[0], "status": "Working", "activity": "Active",
            "branch": f"feat/{id}", "pr_url": None, "agent_name": "demo", "pid": 1, "approvals": 0,
            "cost_usd": "0", "reason": None, "created_at": "2026-01-02T03:04:05Z",
        }  # fmt: skip
        self.sessions[id] = {**before, **fields}
        return self.sessions[id]

    def ask(self, id: str, approval: str = "a1", summary: str = "npm publish", **more: Any) -> None:
        """Have an agent ask for a permission."""
        asked = {"id": approval, "session_id": id, "project_id": "app", "tool": "Bash", "summary": summary}
        asked |= {"input": {"command": summary}, "deadline": "2026-01-02T03:09:05Z", **more}
        self.waiting.setdefault(id, []).append(asked)
        self.put(id, approvals=len(self.waiting[id]), activity="WaitingInput")

    def happens(self, id: str, kind: str = "StatusChanged", message: str = "", **data: Any) -> None:
        """Tell all who follow that something happened to a session."""
        number = sum(map(len, self.history.values())) + 1
        event = {"id": f"e{number}", "event_type": kind, "priority": "info", "session_id": id}
        event |= {"project_id": "app", "timestamp": "2026-01-02T03:04:06Z", "message": message, "data": data}
        self.history.setdefault(id, []).append(event)
        self.tell(f"id: {event['id']}\nevent: {kind}\ndata: {json.dumps(event)}\n\n")

    def tell(self, text: str | None) -> None:
        """Send this to all who follow what happens; None cuts them off."""
        for stream in self.streams:
            stream.queue.put_nowait(text)
        if text is None:
            self.streams.clear()

    def says(self, id: str, text: str) -> None:
        """Have an agent say something."""
        self.said[id] = self.said.get(id, "") + text
        for stream in self.outputs.get(id, []):
            stream.queue.put_nowait(self._output(id, text))

    def _output(self, id: str, text: str) -> str:
        cursor = f"t{len(self.said[id])}"
        data = json.dumps({"text": text, "cursor": cursor, "truncated": False})
        return f"id: {cursor}\ndata: {data}\n\n"

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        method, path = request.method, request.url.path
        if self.away:
            raise httpx2.ConnectError("Connection refused")
        if f"{method} {path}" in self.refusals:
            status, words = self.refusals[f"{method} {path}"]
            return httpx2.Response(status, json={"error": words, "code": status})
        if method != "GET":
            self.keys.append(request.headers.get("Idempotency-Key"))
            if self.silent:
                raise httpx2.ReadError("Connection reset by peer")
            body = json.loads(request.content) if request.content else None
            self.done.append((method, path.removeprefix("/api/v1/"), body))
            return self._changed(method, path, body)
        self.asked.append(path.removeprefix("/api/v1/"))
        if path == EVENTS or OUTPUT.fullmatch(path):
            return self._stream(path)
        return self._found(path, dict(request.url.params))

    def _changed(self, method: str, path: str, body: Any) -> httpx2.Response:
        if path == "/api/v1/sessions":
            return _data(self.put(f"{body['project_id']}-new", status="Spawning"))
        [id, rest] = OF_A_SESSION.fullmatch(path).groups()  # type: ignore[union-attr]
        if method == "DELETE":
            self.put(id, status="Killed", activity="Exited", pid=None)
        elif rest == "restore":
            self.put(id, status="Working", pid=2, activity="Active")
        elif rest.startswith("approvals/"):
            self.waiting[id] = [each for each in self.waiting[id] if each["id"] != rest.split("/")[1]]
            self.put(id, approvals=len(self.waiting[id]), activity="Active")
        return _data(self.sessions[id] if rest == "restore" else "done")

    def _found(self, path: str, params: dict[str, str]) -> httpx2.Response:
        if path == "/api/v1/sessions":
            over = {"Merged", "Done", "Killed"}
            every = [s for s in self.sessions.values() if "all" in params or s["status"] not in over]
            return _data(every)
        if path == "/api/v1/approvals":
            return _data([each for waiting in self.waiting.values() for each in waiting])
        if path == "/api/v1/projects":
            return _data([{"id": each} for each in self.projects])
        [id, rest] = OF_A_SESSION.fullmatch(path).groups()  # type: ignore[union-attr]
        if id not in self.sessions:
            return httpx2.Response(404, json={"error": f"there is no session {id}", "code": 404})
        session = self.sessions[id]
        why = {"status": session["status"], "status_reason": None, "activity": session["activity"]}
        why |= {
            "activity_reason": None,
            "evidence": [{"at": session["created_at"], "what": "it was started"}],
        }
        messages = [{"id": "m1", "text": self.told[id]}] if id in self.told else []
        answers = {None: session, "approvals": self.waiting.get(id, []), "why": why}
        return _data((answers | {"events": self.history.get(id, []), "messages": messages})[rest])

    def _stream(self, path: str) -> httpx2.Response:
        stream = Streamed()
        stream.queue.put_nowait("retry: 1000\n\n")
        if found := OUTPUT.fullmatch(path):
            self.outputs.setdefault(found[1], []).append(stream)
            if self.said.get(found[1]):
                stream.queue.put_nowait(self._output(found[1], self.said[found[1]]))
        else:
            self.streams.append(stream)
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=stream)


def _data(data: Any) -> httpx2.Response:
    return httpx2.Response(200, content=json.dumps({"data": data}))  # half a surrogate pair is ASCII in it
