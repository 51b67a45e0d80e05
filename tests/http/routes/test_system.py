import os
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import trio
from fakes import World
from quart.typing import TestClientProtocol as HttpClient

from ennio.http.routes import programs
from ennio.http.routes.programs import FoundPrograms
from ennio.supervisor import Config
from ennio.supervisor.config import Limits
from ennio.supervisor.stores.memory import MemoryStore

OWN = {"Host": "localhost"}


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


async def test_the_system_says_what_it_is(client: HttpClient, world: World, tmp_path: Path) -> None:
    world.program = script(tmp_path / "agent", "echo 'agent version 1.2.3 (build 9)'")

    answer = await (await client.get("/api/v1/system", headers=OWN)).get_json()

    system = answer["data"]
    assert list(system) == ["version", "containment", "trouble", "agents", "limits"]
    assert system["version"] == version("ennio")
    assert system["containment"] == "best-effort"
    assert system["agents"] == [{"name": "fake", "version": "1.2.3"}]
    assert system["limits"]["timeouts"] == {"spawn": 30, "send": 10, "kill": 15, "kill_grace": 5}
    assert str(tmp_path) not in str(system)


async def test_the_system_says_what_each_project_is_held_to(
    client_of: Callable[[Config], HttpClient], config: Config
) -> None:
    held = Limits(wall_clock=3600.0, memory_bytes=1 << 30, turns=7)
    projects = (config.projects[0], replace(config.projects[1], limits=held))
    client = client_of(replace(config, projects=projects))
    answer = await (await client.get("/api/v1/system", headers=OWN)).get_json()
    assert answer["data"]["limits"]["projects"]["q"] == {
        "max_sessions": 2,
        "output_bytes": 1 << 20,
        "wall_clock": 3600,
        "idle": None,
        "memory_bytes": 1 << 30,
        "processes": None,
        "turns": 7,
    }


async def test_the_system_says_why_nothing_can_be_stored(client: HttpClient, store: MemoryStore) -> None:
    for trouble in (None, "the database is locked", None):
        store.trouble = trouble
        answer = await (await client.get("/api/v1/system", headers=OWN)).get_json()
        assert answer["data"]["trouble"] == trouble


async def test_an_agent_that_is_not_there_is_not_listed(client: HttpClient, world: World) -> None:
    world.program = "no-such-program"
    answer = await (await client.get("/api/v1/system", headers=OWN)).get_json()
    assert answer["data"]["agents"] == []


async def test_a_program_that_is_not_to_be_asked_is_found_and_not_run(
    found: FoundPrograms, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    program = script(tmp_path / "agent", f"touch {ran}; echo 1.2.3")

    assert await found.versions({"a": program}, unasked={"a"}) == {"a": None}
    assert not ran.exists()


@pytest.fixture
def found() -> FoundPrograms:
    return FoundPrograms({"PATH": os.environ["PATH"]})


async def test_a_program_is_asked_once_until_it_changes(found: FoundPrograms, tmp_path: Path) -> None:
    counter = tmp_path / "asked"
    program = script(tmp_path / "agent", f"echo x >> {counter}; echo v2.0.1-beta")

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(found.versions, {"a": program, "b": program})
    assert await found.versions({"a": program}) == {"a": "2.0.1-beta"}
    assert counter.read_text() == "x\n"

    script(tmp_path / "agent", "echo 3.0")
    os.utime(program, (1, 1))
    assert await found.versions({"a": program}) == {"a": "3.0"}


@pytest.mark.parametrize(
    "text",
    ["exec sleep 100", "echo hello", "exit 3", "(setsid sleep 3 &) ; exec sleep 100", "exec yes | cat"],
)
async def test_a_program_that_tells_no_version_is_there_all_the_same(
    found: FoundPrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(programs, "PATIENCE", 0.3)
    program = script(tmp_path / "agent", text)
    with trio.fail_after(2):
        assert await found.versions({"a": program}) == {"a": None}


async def test_a_program_that_cannot_be_run_is_there_all_the_same(
    found: FoundPrograms, tmp_path: Path
) -> None:
    (tmp_path / "agent").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "agent").chmod(0o755)
    assert await found.versions({"a": str(tmp_path / "agent")}) == {"a": None}


async def test_a_program_is_asked_with_nothing_but_the_given_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "9.9.9")
    program = script(tmp_path / "agent", 'echo "${TOKEN-1.1.1}"')
    assert await FoundPrograms({"PATH": os.environ["PATH"]}).versions({"a": program}) == {"a": "1.1.1"}


async def test_the_projects_are_listed(client: HttpClient) -> None:
    answer = await (await client.get("/api/v1/projects", headers=OWN)).get_json()
    assert [project["id"] for project in answer["data"]] == ["p", "q"]
    assert answer["data"][1]["max_sessions"] == 2
