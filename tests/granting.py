"""Agents that may supervise others, over fakes, and what their tokens are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import trio
from asking import P
from fakes import FakeTerminal, World, supervise
from quart.typing import TestClientProtocol as HttpClient
from quart.wrappers import Response

from ennio.supervisor.config import Timeouts
from ennio.supervisor.grants import Grants
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Store
from ennio.supervisor.records import Order, SessionRecord
from ennio.supervisor.supervisor import Supervisor

KEY = b"k" * 32
URL = "http://127.0.0.1:3000"
OWN = {"Host": "localhost"}


def granting(projects: Mapping[ProjectId, Project], *, may: bool = True) -> dict[ProjectId, Project]:
    """Return these projects with agents that may supervise others."""
    return {
        name: replace(one, config=replace(one.config, may_supervise=may), grants=Grants(KEY), url=URL)
        for name, one in projects.items()
    }


async def begin(
    nursery: trio.Nursery, projects: dict[ProjectId, Project], store: Store, timeouts: Timeouts
) -> Supervisor:
    """Start a server whose agents may supervise others."""
    supervisor = supervise(nursery, projects, store, timeouts, grants=Grants(KEY))
    await supervisor.recover()
    return supervisor


async def end(terminal: FakeTerminal, code: int) -> None:
    """Let an agent end by itself, in virtual time."""
    terminal.die(code)
    await terminal.stop(0)
    await trio.sleep(1)


@dataclass
class Holder:
    """An agent with a token of its own, and what it asks for."""

    record: SessionRecord
    token: str
    client: HttpClient

    @property
    def id(self) -> SessionId:
        return self.record.id

    async def asks(self, method: str, path: str, **more: Any) -> Response:
        headers = {**OWN, "Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.client.open(path, method=method, headers=headers, **more)

    async def gets(self, status: int, method: str, path: str, **more: Any) -> Any:
        """Ask below the API's path, insist on the status, and return the data or the words."""
        answer = await self.asks(method, f"/api/v1{path}", **more)
        if method == "HEAD":
            assert answer.status_code == status, (method, path)
            return None
        content = await answer.get_json()
        assert answer.status_code == status, (method, path, content)
        return content.get("data", content.get("error"))

    async def spawns(self, **wishes: str) -> str:
        """Spawn a session, and return its path."""
        wanted = {"project_id": self.record.project_id, "prompt": "help", **wishes}
        return f"/sessions/{(await self.gets(200, 'POST', '/sessions', json=wanted))['id']}"


async def hold(supervisor: Supervisor, world: World, client: HttpClient, project: ProjectId = P) -> Holder:
    """Have an operator spawn an agent, and return it with the token that it finds in its environment."""
    record = await supervisor.spawn(Order(project, prompt="lead"))
    env = world.terminals[-1].launch.env
    assert env["ENNIO_URL"] == URL
    return Holder(record, env["ENNIO_TOKEN"], client)
