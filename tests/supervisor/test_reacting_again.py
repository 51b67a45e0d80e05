"""A server that dies at any step of a reaction, and the next one: nobody is told twice, and somebody is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
import trio
from asking import settle, spawn
from fake_forges import FAILING, DyingStore, FakeNotifier, FakeScm, oversee, pull_request
from fakes import FakeTerminal, World
from turn_taking import TurnWorld

from ennio.supervisor import events as e
from ennio.supervisor.config import Timeouts
from ennio.supervisor.ids import ProjectId
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Step
from ennio.supervisor.supervisor import Supervisor

Clock = trio.abc.Clock
Projects = Mapping[ProjectId, Project]
OPENING = "The checks of your pull request fail."


@dataclass
class Case:
    """Two servers over one world and one journal. The first dies at a step after the checks have failed."""

    projects: Projects
    timeouts: Timeouts
    world: World
    exits: bool
    at: int
    after: bool
    scm: FakeScm = field(default_factory=FakeScm)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    store: DyingStore = field(default_factory=DyingStore)
    steps: int = 0
    agents: dict[int, FakeTerminal] = field(default_factory=dict)

    async def live(self, story: Callable[[Supervisor], Awaitable[None]]) -> None:
        async with trio.open_nursery() as life:

            def die() -> None:
                if isinstance(self.world, TurnWorld):
                    self.world.server_dies()
                life.cancel_scope.cancel()

            self.store.die = die
            links = {"scm": self.scm, "notifiers": {"ops": self.notifier}}
            await story(await oversee(life, self.projects, self.store, self.timeouts, **links))
            die()

    def dies_at(self, step: Step) -> bool:
        self.steps += step.record.pull is not None and bool(step.record.pull.failing)
        return self.steps == self.at

    async def begin(self, supervisor: Supervisor) -> None:
        await spawn(supervisor, branch="feat")
        await trio.sleep(5)
        self.scm.pulls = [pull_request()]
        await trio.sleep(31)
        if self.exits:
            agent = self.world.terminals[-1]
            (agent.agent if isinstance(self.world, TurnWorld) else agent).die(3)
            await settle()
        self.store.dies_at, self.store.after = self.dies_at, self.after
        self.scm.is_now(checks=FAILING)
        await trio.sleep(40)

    def outlive(self) -> None:
        """Let agents outlive their server; those with turns do by themselves."""
        latest = self.world.terminals[-1]
        if not isinstance(self.world, TurnWorld) and latest.survivors() and latest._exit is None:
            self.world.held[latest.launch.hold.session_id] = latest

    def told(self) -> list[str]:
        """Return what any agent was told of the checks."""
        if isinstance(self.world, TurnWorld):
            return [one for one in self.world.told.elements() if one.startswith(OPENING)]
        heard = [one.decode() for agent in set(self.world.terminals) for one in agent.heard]
        return [one for one in heard if one.startswith(OPENING)]

    async def go_on(self, supervisor: Supervisor) -> None:
        await trio.sleep(400)
        (record,) = supervisor.list()
        history = await supervisor.history(record.id)
        escalated = any(isinstance(one, e.ReactionEscalated) for one in history)
        assert len(self.told()) + escalated >= 1, "the agent is told, or an operator"
        assert len(self.told()) <= 1, "and the agent once"
        if not self.exits:
            assert len(self.told()) == 1, "for what was not written is still given to it"
        escalations = [one for one in self.notifier.given if one.escalated]
        assert len(escalations) == escalated

    async def run(self) -> bool:
        """Let it all happen; return whether the first server died before its story was told."""
        await self.live(self.begin)
        died = self.steps >= self.at
        self.store.dies_at = lambda _: False
        self.outlive()
        await self.live(self.go_on)
        return died


@pytest.mark.parametrize("turns", [False, True])
@pytest.mark.parametrize("exits", [False, True])
async def test_whenever_the_server_dies_the_agent_is_told_once_or_else_an_operator_is(
    nursery: trio.Nursery,
    projects: Projects,
    timeouts: Timeouts,
    tmp_path: object,
    turns: bool,
    exits: bool,
    autojump_clock: Clock,
) -> None:
    make = partial(TurnWorld, life=nursery) if turns else World
    for at in range(1, 40):
        died = False
        for after in (False, True):
            world = make(folder=str(tmp_path))
            ports = {"agent": world, "runtime": world, "workspace": world}
            wired = {
                name: replace(one, **ports, runtimes=lambda _, w=world: w) for name, one in projects.items()
            }
            died = await Case(wired, timeouts, world, exits, at, after).run()
        if not died:
            break
    assert 4 <= at < 39
