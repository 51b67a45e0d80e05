"""A server that only pretends: the page's own files, and an API with whatever content a test gives it."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import trio
from e2e.hosts.serving import Served
from quart import Response, request, websocket
from quart_trio import QuartTrio

from ennio.http.routes.page import page
from ennio.http.streaming import framed

Json = dict[str, Any]
NOW = datetime.now(UTC)


def ago(**span: float) -> str:
    """Return a moment so long ago as the API writes it."""
    return (NOW - timedelta(**span)).isoformat().replace("+00:00", "Z")


def session(id: str, project: str = "shop", **more: Any) -> Json:
    """Return a session as the API shows it, at work unless `more` says otherwise."""
    return {
        "id": id, "project_id": project, "status": "Working", "activity": "Active",
        "branch": f"ennio/{id}", "pr_url": None, "agent_name": "claude-code", "pr_number": None,
        "pull_request": None, "issue_id": None, "issue_title": None, "issue_url": None, "role": None,
        "parent": None, "workspace_path": f"/srv/ennio/workspaces/{id}",
        "base_commit": "1f0c9a3d5f0e2b7c8d6e4f3a2b1c0d9e8f7a6b5c", "base_ref": "refs/heads/main",
        "base_warning": None, "pid": 4242, "attach": None, "activity_reason": None,
        "model": "claude-opus-4-5", "conversation": None, "turns": 3, "tokens_in": 48210, "tokens_out": 1893,
        "cost_usd": "0.214350000", "cost_is_estimated": False, "cost_is_complete": True, "approvals": 0,
        "held_until": None, "host_trouble": None, "notices_waiting": 0, "starts": 1, "restarts": 0,
        "exit_code": None, "reason": None, "created_at": ago(hours=1), "started_at": ago(hours=1),
        "last_activity_at": ago(seconds=9), "ended_at": None, **more,
    }  # fmt: skip


def pull(number: int, title: str, **more: Any) -> Json:
    """Return an open pull request as the API shows it."""
    url = f"https://github.com/acme/shop/pull/{number}"
    return {
        "number": number, "url": url, "title": title, "state": "open", "draft": False,
        "head": "9b1d4c7e2f3a5b6c8d0e1f2a3b4c5d6e7f8a9b0c", "conflicts": False, "ci": "pending",
        "failing": [], "review": None, "review_asked": False, **more,
    }  # fmt: skip


def happened(number: int, kind: str, session_id: str, words: str, **data: Any) -> Json:
    """Return an event as the API shows it."""
    return {
        "id": f"event-{number}", "event_type": kind, "priority": "info", "session_id": session_id,
        "project_id": "shop", "timestamp": ago(minutes=max(0, 60 - number)), "message": words, "data": data,
    }  # fmt: skip


class Pretended:
    """An API over plain data. What is asked is in `asked`; `tell` sends an event to whoever listens."""

    def __init__(self) -> None:
        self.sessions: dict[str, Json] = {}
        self.approvals: list[Json] = []
        self.projects: list[Json] = []
        self.budgets: list[Json] = []
        self.spend: list[Json] = []
        self.issues: list[Json] = []
        self.events: dict[str, list[Json]] = defaultdict(list)
        self.messages: dict[str, list[Json]] = defaultdict(list)
        self.output: dict[str, str] = defaultdict(str)
        self.refusals: dict[str, tuple[int, str]] = {}
        """What is refused, by `METHOD path`: the status and the words."""
        self.screens: list[Json] = []
        self.typed: list[Json] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.resumed: list[str] = []
        """After which event each stream of events went on; empty for one that began."""
        self._listeners: set[trio.MemorySendChannel[bytes]] = set()
        self._numbers = 1000
        self._served = Served(self._app())
        self.url = self._served.url

    def put(self, *sessions: Json) -> None:
        """Have these sessions, as they are given."""
        self.sessions.update({one["id"]: one for one in sessions})

    def tell(self, kind: str, session_id: str, words: str = "", **data: Any) -> None:
        """Let an event happen."""
        self._numbers += 1
        event = happened(self._numbers, kind, session_id, words or f"{session_id}: {kind}", **data)
        self.events[session_id].append(event)
        self._send(framed(json.dumps(event), id=event["id"], event=kind))

    def lose(self) -> None:
        """Tell whoever listens that its place is lost."""
        self._send(framed("{}", event="resync"))

    def away(self) -> None:
        """Be gone for a moment."""
        self._listeners.clear()
        self._served.down()
        self._served.up()

    def _send(self, piece: bytes) -> None:
        self._served._tell(lambda: [listener.send_nowait(piece) for listener in self._listeners] and None)

    def close(self) -> None:
        """End it."""
        self._served.close()

    def _app(self) -> QuartTrio:
        app = QuartTrio(__name__, static_folder=None)
        app.register_blueprint(page(None, None))  # type: ignore[arg-type]
        app.before_request(self._note)
        for path, found in {
            "projects": lambda: self.projects,
            "budgets": lambda: self.budgets,
            "spend": lambda: self.spend,
            "approvals": lambda: self.approvals,
        }.items():
            app.add_url_rule(f"/api/v1/{path}", path, _answering(found))
        self._add_sessions(app)
        self._add_streams(app)
        return app

    async def _note(self) -> Response | None:
        body = await request.get_json(silent=True) if request.method == "POST" else None
        path = request.path.removeprefix("/api/v1")
        self.asked.append((request.method, path, body))
        refused = self.refusals.get(f"{request.method} {path}")
        return _json({"error": refused[1], "code": refused[0]}, refused[0]) if refused else None

    def _add_sessions(self, app: QuartTrio) -> None:
        @app.get("/api/v1/sessions")
        async def listed() -> Response:
            ended = request.args.get("all") == "true"
            shown = [
                one
                for one in self.sessions.values()
                if ended or one["status"] not in {"Merged", "Done", "Killed"}
            ]
            return _data(sorted(shown, key=lambda one: one["created_at"], reverse=True))

        @app.get("/api/v1/sessions/<id>")
        async def one(id: str) -> Response:
            return _data(self.sessions[id]) if id in self.sessions else _none(id)

        @app.post("/api/v1/sessions")
        async def spawn() -> Response:
            project = (await request.get_json())["project_id"]
            self.put(session(f"{project}-new", project))
            return _data(self.sessions[f"{project}-new"])

        @app.delete("/api/v1/sessions/<id>")
        async def kill(id: str) -> Response:
            self.sessions[id] |= {"status": "Killed", "activity": "Exited", "pid": None, "attach": None}
            return _data("killed")

        @app.get("/api/v1/sessions/<id>/<what>")
        async def of_one(id: str, what: str) -> Response:
            asked = [one for one in self.approvals if one["session_id"] == id]
            if id not in self.sessions:
                return _none(id)
            session = self.sessions[id]
            evidence = [{"at": one["timestamp"], "what": one["message"]} for one in self.events[id]]
            found = {
                "approvals": asked,
                "events": self.events[id],
                "messages": self.messages[id],
                "why": {
                    "status": session["status"], "status_reason": session["reason"],
                    "activity": session["activity"], "activity_reason": session["activity_reason"],
                    "evidence": evidence,
                },
            }  # fmt: skip
            return _data(found[what])

        @app.post("/api/v1/sessions/<id>/approvals/<approval>")
        async def decide(id: str, approval: str) -> Response:
            self.approvals = [
                one for one in self.approvals if (one["session_id"], one["id"]) != (id, approval)
            ]
            self.sessions[id]["approvals"] = 0
            return _data("allowed")

        @app.post("/api/v1/sessions/<id>/send")
        async def send(id: str) -> Response:
            return _data("sent")

        @app.get("/api/v1/projects/<id>/issues")
        async def issues(id: str) -> Response:
            return _data(self.issues)

    def _add_streams(self, app: QuartTrio) -> None:
        @app.get("/api/v1/events")
        async def events() -> Response:
            self.resumed.append(request.headers.get("Last-Event-ID", ""))
            send, receive = trio.open_memory_channel[bytes](10_000)
            self._listeners.add(send)
            return _stream(_pieces(receive))

        @app.get("/api/v1/sessions/<id>/output/stream")
        async def output(id: str) -> Response:
            said = json.dumps({"text": self.output[id], "cursor": "t1", "truncated": False})
            return _stream(_once(framed(said, id="t1")))

        @app.websocket("/api/v1/sessions/<id>/screen")
        async def screen(id: str) -> None:
            await websocket.accept(subprotocol="ennio")
            for shown in self.screens:
                await websocket.send(json.dumps(shown))
            while True:
                self.typed.append(json.loads(await websocket.receive()))


async def _pieces(receive: trio.MemoryReceiveChannel[bytes]) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    async for piece in receive:
        yield piece


async def _once(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
    await trio.sleep_forever()


def _answering(found: Any) -> Any:
    async def answer() -> Response:
        return _data(found())

    return answer


def _stream(pieces: AsyncIterator[bytes]) -> Response:
    response = Response(pieces, content_type="text/event-stream")
    response.timeout = None
    return response


def _none(id: str) -> Response:
    return _json({"error": f"there is no session {id}", "code": 404}, 404)


def _data(content: Any) -> Response:
    return _json({"data": content}, 200)


def _json(content: Any, status: int) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
