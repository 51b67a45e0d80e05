"""Clients of the Model Context Protocol before a server of fakes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from ennio.http.app import create_app
from ennio.supervisor import Config, Supervisor

Connect = Callable[..., AbstractAsyncContextManager[Client]]
URL = "http://localhost/mcp"


@pytest.fixture
def connect(supervisor: Supervisor, config: Config) -> Connect:
    """Connect to `/mcp` with these headers; `mode` is how the protocol's version is settled."""

    @asynccontextmanager
    async def by_http(mode: str = "auto", config: Config = config, **headers: str) -> AsyncIterator[Client]:
        transport = httpx2.ASGITransport(create_app(supervisor, config))  # type: ignore[arg-type]
        given = {name: value.encode() for name, value in headers.items()}
        async with (
            httpx2.AsyncClient(transport=transport, headers=given, timeout=None) as http,
            Client(streamable_http_client(URL, http_client=http), mode=mode) as client,
        ):
            yield client

    return by_http


@pytest.fixture
async def client(connect: Connect) -> AsyncIterator[Client]:
    """One that is connected already."""
    async with connect() as client:
        yield client
