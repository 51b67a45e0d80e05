from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import Server, running, settings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a module: each leaves it as it was."""
    with running(tmp_path_factory.mktemp("server"), settings()) as one:
        yield one


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder for a server of a test's own."""
    return tmp_path
