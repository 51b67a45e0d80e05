from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from fake_forges import DyingStore, FakeNotifier, FakeScm, FakeTracker, oversee
from turn_taking import TurnWorld

from ennio.supervisor.config import Timeouts
from ennio.supervisor.ids import ProjectId
from ennio.supervisor.project import Project
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]


@pytest.fixture
def scm() -> FakeScm:
    return FakeScm()


@pytest.fixture
def tracker() -> FakeTracker:
    return FakeTracker()


@pytest.fixture
def notifier() -> FakeNotifier:
    return FakeNotifier()


@pytest.fixture
def kept() -> DyingStore:
    return DyingStore()


@pytest.fixture
def begin(
    nursery: trio.Nursery,
    projects: dict[ProjectId, Project],
    timeouts: Timeouts,
    kept: DyingStore,
    scm: FakeScm,
    tracker: FakeTracker,
    notifier: FakeNotifier,
) -> Begin:
    """Start a server that has all of these; in a nursery of its own, `life`, where it is to end."""

    async def start(life: trio.Nursery = nursery, **config: Any) -> Supervisor:
        links = {"scm": scm, "tracker": tracker, "notifiers": {"ops": notifier}}
        return await oversee(life, projects, kept, timeouts, **{**links, **config})

    return start


@pytest.fixture
def live(begin: Begin, world: TurnWorld, kept: DyingStore) -> Callable[..., Awaitable[None]]:
    """Let a server live while a story goes on, until the end of that or until its store has it die."""

    async def tell(story: Callable[[Supervisor], Awaitable[object]], **config: Any) -> None:
        async with trio.open_nursery() as life:

            def die() -> None:
                if isinstance(world, TurnWorld):
                    world.server_dies()
                life.cancel_scope.cancel()

            kept.die = die
            await story(await begin(life, **config))
            die()

    return tell
