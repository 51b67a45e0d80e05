from collections.abc import AsyncIterator

import pytest
from canned_gitlab import OPTIONS, Host

from ennio.supervisor.forges.gitlab import GitLabMergeRequests
from ennio.supervisor.options import Options


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def scm(host: Host) -> AsyncIterator[GitLabMergeRequests]:
    given = {**OPTIONS, "webhook_secret": "hush", "ignore_authors": ["@Noisy"]}
    scm = GitLabMergeRequests(Options(given, "scm_config.config"), transport=host.transport)
    yield scm
    await scm.aclose()
