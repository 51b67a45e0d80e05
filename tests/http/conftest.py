from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from quart.typing import TestClientProtocol
from raw_http import Served

from ennio.http.app import create_app
from ennio.http.connections import front as connections
from ennio.http.connections.front import Connections
from ennio.supervisor import Config, Project, ProjectId, Supervisor, Timeouts


@pytest.fixture
def config(tmp_path: Path, timeouts: Timeouts, projects: dict[ProjectId, Project]) -> Config:
    """A configuration with every default, for the two projects of the fakes."""
    return Config(
        file=tmp_path / "ennio.toml",
        host="127.0.0.1",
        port=0,
        api_token=None,
        cors_origins=(),
        data_dir=tmp_path / "state",
        allowed_hosts=(),
        on_shutdown="stop",
        orphan_timeout=600,
        idle_after=60,
        tls_cert=None,
        tls_key=None,
        timeouts=timeouts,
        agents={},
        projects=tuple(project.config for project in projects.values()),
        secret_variables=frozenset(),
        warnings=(),
    )


@pytest.fixture
def client(supervisor: Supervisor, config: Config) -> TestClientProtocol:
    """A client of the API over a supervisor of fakes."""
    return create_app(supervisor, config).test_client()


@pytest.fixture
def client_of(supervisor: Supervisor) -> Callable[[Config], TestClientProtocol]:
    """The same over another configuration."""
    return lambda config: create_app(supervisor, config).test_client()


@pytest.fixture
def serve(nursery: trio.Nursery, supervisor: Supervisor, config: Config) -> Callable[..., Awaitable[Served]]:
    """Serve the API; `wrap` makes the listeners what they are to be."""

    async def start(most: int = connections.MOST, wrap: Callable[..., Any] = list) -> Served:
        front = Connections(create_app(supervisor, config), most)
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        served = Served(front, listeners[0].socket.getsockname()[1], trio.Event())

        async def run(*, task_status: trio.TaskStatus[None]) -> None:
            await front.serve(wrap(listeners), served.closing, task_status=task_status)
            served.ended.set()

        await nursery.start(run)
        return served

    return start
