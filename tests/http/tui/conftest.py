"""The application at a terminal that is none, before a server that is in memory."""

import pytest
from ennio_in_memory import EnnioInMemory


@pytest.fixture
def server() -> EnnioInMemory:
    return EnnioInMemory()
