from pathlib import Path

import pytest
import trio
from fakes import World, supervise

from ennio.supervisor.config import ProjectConfig, Timeouts
from ennio.supervisor.ids import ProjectId
from ennio.supervisor.project import Project
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(folder=str(tmp_path))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def timeouts() -> Timeouts:
    return Timeouts(spawn=30, send=10, kill=15, kill_grace=5)


@pytest.fixture
def projects(world: World, tmp_path: Path) -> dict[ProjectId, Project]:
    """Two projects over the same world: `p`, and `q` with room for two sessions and rules for its agents."""

    def project(name: str, most: int | None, rules: tuple[str, ...]) -> Project:
        config = ProjectConfig(
            id=ProjectId(name),
            name=name,
            path=tmp_path,
            repo=None,
            default_branch="main",
            session_prefix=name,
            max_sessions=most,
            agent="fake",
            runtime="fake",
            workspace="fake",
            agent_rules=rules,
            model=None,
            symlinks=(),
            post_create=(),
            output_bytes=1 << 20,
        )
        return Project(
            config=config,
            agent=world,
            runtime=world,
            runtimes=lambda _: world,
            workspace=world,
            env={"PATH": "/usr/bin:/bin", "HOME": "/home/x"},
            folder=tmp_path / "sessions",
            idle_after=60,
            kill_grace=5,
            orphan_timeout=600,
        )

    return {ProjectId("p"): project("p", None, ()), ProjectId("q"): project("q", 2, ("Be kind", "Test"))}


@pytest.fixture
async def supervisor(
    nursery: trio.Nursery, projects: dict[ProjectId, Project], store: MemoryStore, timeouts: Timeouts
) -> Supervisor:
    """A supervisor over fakes that has nothing to take over; its tasks end with the test."""
    supervisor = supervise(nursery, projects, store, timeouts)
    await supervisor.recover()
    return supervisor
