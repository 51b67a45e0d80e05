from collections.abc import Awaitable, Callable

import pytest
from quart.typing import TestClientProtocol as HttpClient
from sampled import Samples, read
from talk import OWN

Scrape = Callable[[], Awaitable[Samples]]


@pytest.fixture
def scrape(client: HttpClient) -> Scrape:
    """Ask for the metrics as Prometheus does."""

    async def ask() -> Samples:
        answer = await client.get("/metrics", headers=OWN)
        assert answer.status_code == 200
        return read(await answer.get_data(as_text=True))

    return ask
