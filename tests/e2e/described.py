"""A server with something of everything, and requests made of its description that find it there."""

import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from accounts import until
from installed import Server, running
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

from ennio.supervisor import Timeouts

from .hosts import GitHub, GitLab
from .hosts.at_work import configuration, project
from .hosts.inbox import Inbox

TOKEN, SECRET = "s3cret-for-the-description", "s3cret-of-webhooks"
LIMITS = Timeouts(spawn=20, send=3, kill=15, kill_grace=2)
ASKER = """
import json, sys
for line in sys.stdin:
    if json.loads(line)["type"] == "user":
        request = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "npm publish"}}
        print(json.dumps({"type": "control_request", "request_id": "1", "request": request}), flush=True)
"""
"""An agent that asks for one permission, and waits."""
_MOST = 6
"""Sessions that are there at the same time; what a server may spend would be held for more of them."""


@dataclass
class Place:
    """A server, and what a request can name there; what has ended of that is made anew."""

    server: Server
    numbers: Iterator[int] = field(default_factory=count)

    def session(self, project: str = "cat") -> str:
        """Return the id of a session whose agent runs."""
        there = self.server.data("GET", "/sessions", params={"project_id": project})
        running_there = [one["id"] for one in there if one["pid"]]
        return running_there[0] if running_there else self._spawn(project)

    def ended(self) -> str:
        """Return the id of a session that can be restored."""
        if not self._done():
            self._spawn("fine")
            until(self._done)
        return self._done()[0]

    def approval(self) -> tuple[str, str]:
        """Return the ids of a permission that is waited for, and of the session that does."""
        if not self.server.data("GET", "/approvals"):
            self._spawn("asker")
            until(lambda: self.server.data("GET", "/approvals"))
        waiting = self.server.data("GET", "/approvals")[0]
        return waiting["session_id"], waiting["id"]

    def event(self) -> str:
        """Return the id of an event that others have followed."""
        happened = self.server.data("GET", f"/sessions/{self.session()}/events")
        return str(happened[0]["id"])

    def code(self) -> str:
        """Return a code that lets a browser in."""
        return str(self.server.data("POST", "/login-codes")["code"])

    def _done(self) -> list[str]:
        everything = self.server.data("GET", "/sessions", params={"project_id": "fine", "all": "true"})
        return [one["id"] for one in everything if one["status"] == "Done"]

    def _spawn(self, project: str) -> str:
        self._make_room()
        return str(self.server.spawn(project)["id"])

    def _knows(self, session: str | None) -> bool:
        return session is not None and self.server.http.get(f"/sessions/{session}").is_success

    def put(self, case: Case) -> dict[str, str]:
        """Have a request that keeps to the description name what is there; return the headers it needs."""
        if _keeps(case, ParameterLocation.PATH):
            self._put_path(case)
        if _keeps(case, ParameterLocation.QUERY):
            self._put_query(case)
        if _keeps(case, ParameterLocation.HEADER):
            self._put_headers(case)
        if _keeps(case, ParameterLocation.BODY) and isinstance(case.body, dict):
            self._put_body(case)
        return {"Authorization": f"Bearer {TOKEN}", **self._proof(case)}

    def _make_room(self) -> None:
        for one in self.server.data("GET", "/sessions")[_MOST:]:
            self.server.data("DELETE", f"/sessions/{one['id']}")

    def _put_path(self, case: Case) -> None:
        path = case.path_parameters or {}
        if self._knows(path.get("session")):
            return
        if "approval_id" in path:
            path["session"], path["approval_id"] = self.approval()
        elif "session" in path:
            path["session"] = self.ended() if case.path.endswith("/restore") else self.session()
        if "project" in path:
            path["project"] = "app"
        if "name" in path:
            path["name"] = "ops"

    def _put_query(self, case: Case) -> None:
        query = case.query or {}
        if "project_id" in query:
            query["project_id"] = "cat"
        if "after" in query and case.path == "/api/v1/sessions":
            query["after"] = self.session()
        elif "after" in query:
            query["after"] = _cursor(case)

    def _put_headers(self, case: Case) -> None:
        if "Last-Event-ID" in (case.headers or {}):
            of_output = case.path.endswith("/output/stream")
            case.headers["Last-Event-ID"] = _cursor(case) if of_output else self.event()

    def _put_body(self, case: Case) -> None:
        body: Any = case.body
        if case.path.startswith("/api/v1/webhooks/"):
            body |= {"object_kind": "note", "project": {"path_with_namespace": "o/r"}}
            body |= {"repository": {"full_name": "o/r"}, "commit": None, "merge_request": None}
            return
        if "role" in body:  # of categories of characters they know just a part
            body["role"] = "".join(filter(str.isprintable, body["role"])).strip() or "r"
        if "project_id" in body:
            self._make_room()
            body["project_id"] = "app" if "issue_id" in body else "cat"
        if "issue_id" in body:
            body["issue_id"] = "1"
        if "branch" in body:
            body["branch"] = f"{body['branch'][:100]}{next(self.numbers)}"
        if "mode" in body:
            body["mode"] = "queue"  # an agent of plain lines knows no other
        if "code" in body:
            body["code"] = self.code()

    def _proof(self, case: Case) -> dict[str, str]:
        if not case.path.startswith("/api/v1/webhooks/") or not _keeps(case, ParameterLocation.HEADER):
            return {}
        sent = case.as_transport_kwargs(base_url=self.server.url)
        content = sent.get("data") or json.dumps(sent.get("json")).encode()
        signature = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
        return {"X-Hub-Signature-256": f"sha256={signature}", "X-Gitlab-Token": SECRET}


def _cursor(case: Case) -> str:
    """Return where output begins, of the kind that is asked for."""
    return "r0" if str((case.query or {}).get("raw")).lower() == "true" else "t0"


def _keeps(case: Case, location: ParameterLocation) -> bool:
    """Tell whether a part of a request is as it should be."""
    part = case.meta.components.get(location) if case.meta else None
    return part is None or part.mode.is_positive


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Run a server with agents of either kind, a tracker, a code host, a budget and a notifier."""
    (folder / "asker.py").write_text(ASKER)
    command = json.dumps([sys.executable, str(folder / "asker.py")])
    top = f"""
api_token = "{TOKEN}"

[timeouts]
spawn = {LIMITS.spawn}
send = {LIMITS.send}
kill = {LIMITS.kill}
kill_grace = {LIMITS.kill_grace}

[agents.asker]
command = {command}
protocol = "stream-json"

[retention]
days = 30

[[budgets]]
scope = "global"
period = "daily"
limit_usd = 20.0

[[projects]]
name = "asker"
path = "repo"
agent = "asker"
"""
    with GitHub() as host, GitLab() as lab, Inbox() as inbox:
        host.issue("The login page is broken")
        hooked = [project(one, name, webhook_secret=SECRET) for one, name in ((host, "app"), (lab, "lab"))]
        with running(folder, configuration(*hooked, inbox=inbox, top=top, poll=5)) as server:
            server.http.headers["Authorization"] = f"Bearer {TOKEN}"
            yield Place(server)
