from collections.abc import AsyncIterator

import pytest
from canned_linear import OPTIONS, Host

from ennio.supervisor.forges.linear import LinearIssues
from ennio.supervisor.options import Options


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def issues(host: Host) -> AsyncIterator[LinearIssues]:
    given = {**OPTIONS, "on_spawn_comment": True, "on_spawn_state": "In Progress"}
    issues = LinearIssues(Options(given, "tracker_config.config"), transport=host.transport)
    yield issues
    await issues.aclose()
