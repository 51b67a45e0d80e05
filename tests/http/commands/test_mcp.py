"""`ennio mcp` before anything is said to it: what it needs, and which server it is for."""

import sys
from pathlib import Path

import pytest
from canned import Canned, Prompt

from ennio.http.commands.ask_server import Options
from ennio.http.commands.mcp import _client


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENNIO_URL", "ENNIO_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_without_the_extra_it_says_how_to_get_it(ennio: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("mcp.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)

    code, out, err = ennio("mcp")
    assert (code, out) == (1, "")
    assert "pip install 'ennio[mcp]'" in err


def test_without_a_configuration_it_ends_as_every_command_does(
    ennio: Prompt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = ennio("--config", str(tmp_path / "none.toml"), "mcp")

    assert (code, out) == (2, "")
    assert "none.toml" in err


@pytest.mark.usefixtures("ennio")
def test_it_asks_the_configured_server(server: Canned) -> None:
    assert _client(Options()).url == f"http://127.0.0.1:{server.server_port}"


def test_an_agent_needs_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENNIO_URL", "http://127.0.0.1:3999/")
    monkeypatch.setenv("ENNIO_TOKEN", "ennio-p-1.0")

    assert _client(Options(tmp_path / "none.toml")).url == "http://127.0.0.1:3999"
