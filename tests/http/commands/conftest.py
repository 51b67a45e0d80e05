"""A command line at a prompt, and a server that answers it as a test says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from canned import Canned, Prompt, canned, configure


@pytest.fixture
def server() -> Iterator[Canned]:
    with canned() as server:
        yield server


@pytest.fixture
def ennio(
    server: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Prompt:
    configure(server, tmp_path)
    monkeypatch.chdir(tmp_path)
    return Prompt(monkeypatch, capsys)
