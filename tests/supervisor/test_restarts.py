"""An agent that ended unasked: whether it is started again, and how often."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import trio
from fakes import World, supervise
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from ennio.supervisor import events as e
from ennio.supervisor.config import Restart, Timeouts
from ennio.supervisor.errors import AgentMissing, Survived, TooMany
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Step
from ennio.supervisor.records import Order, Phase
from ennio.supervisor.restarts import STAYS, judge
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

P, Q = ProjectId("p"), ProjectId("q")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def ago(*seconds: float) -> tuple[datetime, ...]:
    return tuple(NOW - timedelta(seconds=one) for one in seconds)


@pytest.mark.parametrize("exit_code", [0, 1, -9, None])
@pytest.mark.parametrize("policy", ["never", "on-failure", "always"])
def test_a_policy_takes_failures_back_or_all_or_nothing(policy: str, exit_code: int | None) -> None:
    comes_back = policy == "always" or (policy == "on-failure" and exit_code != 0)
    verdict = judge(Restart(policy), (), exit_code, NOW)
    assert verdict.restarts == ((NOW,) if comes_back else None)
    assert verdict.so == ""


def test_the_intensity_is_reached_and_never_passed() -> None:
    policy = Restart("always", intensity=3, period=60)
    assert judge(policy, ago(50, 40), 1, NOW).restarts == (*ago(50, 40), NOW)
    verdict = judge(policy, ago(50, 40, 30), 1, NOW)
    assert verdict.restarts is None
    assert "3 times within 60 s" in verdict.so


def test_what_lies_before_the_period_does_not_count_and_is_forgotten() -> None:
    policy = Restart("on-failure", intensity=2, period=60)
    assert judge(policy, ago(61, 60.001, 60), 1, NOW).restarts == (*ago(60), NOW)
    assert judge(policy, ago(60, 59), 1, NOW).restarts is None


def test_a_clock_that_was_set_back_holds_nobody_for_longer_than_the_period() -> None:
    policy = Restart("on-failure", intensity=1, period=60)
    assert judge(policy, ago(-30), 1, NOW).restarts is None
    assert judge(policy, ago(-3600), 1, NOW).restarts == (NOW,)


@given(
    ends=st.lists(st.tuples(st.floats(0, 100), st.sampled_from([0, 1, None])), max_size=40),
    intensity=st.integers(1, 5),
    period=st.floats(1, 200),
)
def test_no_period_ever_holds_more_restarts_than_the_intensity(
    ends: list[tuple[float, int | None]], intensity: int, period: float
) -> None:
    policy, now = Restart("always", intensity, period), NOW
    kept: tuple[datetime, ...] = ()
    made: list[datetime] = []
    for later, code in ends:
        now += timedelta(seconds=later)
        verdict = judge(policy, kept, code, now)
        assert (verdict.restarts is None) == bool(verdict.so)
        if verdict.restarts is not None:
            kept = verdict.restarts
            made.append(now)
        window = [one for one in made if (now - one).total_seconds() <= period]
        assert len(window) <= intensity
        assert (verdict.restarts is None) <= (len(window) == intensity)


def test_an_operator_has_the_last_word_where_there_is_no_policy() -> None:
    assert judge(Restart(), (), None, NOW) == STAYS


# Sessions.

Begin = Callable[..., Awaitable[Supervisor]]
Clock = trio.abc.Clock


@pytest.fixture
async def begin(
    nursery: trio.Nursery,
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
) -> Begin:
    """Start a server whose projects have this restart policy."""

    async def start(
        policy: str, intensity: int = 3, period: float = 300, life: trio.Nursery = nursery
    ) -> Supervisor:
        restart = Restart(policy, intensity, period)
        same = {
            name: replace(project, config=replace(project.config, restart=restart), start_within=30)
            for name, project in projects.items()
        }
        supervisor = supervise(life, same, store, timeouts)
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, MockClock)
        clock.autojump_threshold = math.inf  # recovery uses a thread, during which no time shall pass
        await supervisor.recover()
        clock.autojump_threshold = 0
        return supervisor

    return start


async def spawn(supervisor: Supervisor, project: ProjectId = P) -> SessionId:
    return (await supervisor.spawn(Order(project, prompt="do it"))).id


async def types(supervisor: Supervisor, session_id: SessionId) -> list[str]:
    return [event.event_type for event in await supervisor.history(session_id)]


async def end(world: World, code: int | None) -> None:
    world.terminals[-1].die(code)
    await trio.sleep(1)


@pytest.mark.parametrize(
    ("policy", "code", "word"),
    [
        ("never", 1, "Exited"),
        ("never", 0, "Done"),
        ("on-failure", 1, "Working"),
        ("on-failure", None, "Working"),
        ("on-failure", 0, "Done"),
        ("always", -9, "Working"),
        ("always", 0, "Working"),
    ],
)
async def test_an_agent_that_ended_is_started_again_as_the_policy_says(
    begin: Begin, autojump_clock: Clock, world: World, policy: str, code: int | None, word: str
) -> None:
    supervisor = await begin(policy)
    session = await spawn(supervisor)
    await end(world, code)
    record = supervisor.get(session)
    again = word == "Working"
    assert (status(record), record.incarnation) == (word, 1 + again)
    so = {"Working": ["SessionRestored"], "Exited": ["ReactionTriggered"]}
    so["Done"] = ["AllComplete", "ReactionTriggered"]
    assert (await types(supervisor, session))[2:] == ["SessionExited", *so[word]]
    if again:
        assert world.terminals[1].heard == []
        await supervisor.send(session, Letter("go on"))
        assert world.terminals[1].heard == [b"go on\n"]


@pytest.mark.parametrize("code", [0, 1])
async def test_one_end_more_than_the_intensity_is_the_last_and_urgent(
    begin: Begin, autojump_clock: Clock, world: World, code: int
) -> None:
    supervisor = await begin("always", intensity=2)
    session = await spawn(supervisor)
    for _ in range(2):
        await end(world, code)
        assert status(supervisor.get(session)) == "Working"
    await end(world, code)
    record = supervisor.get(session)
    assert (status(record), record.exit_code, len(world.terminals)) == ("Exited", code, 3)
    assert record.reason == (
        f"it ended with exit code {code}; it was started again 2 times within 300 s, so it is not any more"
    )
    exited, told = (await supervisor.history(session))[-2:]
    assert isinstance(exited, e.SessionExited)
    assert exited.priority is e.Priority.URGENT
    assert isinstance(told, e.ReactionTriggered)
    assert told.reaction == "agent-exited"


async def test_a_start_that_fails_counts_and_is_tried_again(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin("on-failure", intensity=3)
    session = await spawn(supervisor)
    world.launch_fails = AgentMissing("it was uninstalled")
    await end(world, 1)
    record = supervisor.get(session)
    assert status(record) == "Exited"
    assert "uninstalled; it was started again 3 times" in (record.reason or "")
    assert (await types(supervisor, session)).count("SessionExited") == 4


async def test_a_start_that_takes_for_ever_counts_as_one_that_fails(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin("on-failure", intensity=1)
    session = await spawn(supervisor)
    world.launch_takes = 1000
    await end(world, 1)
    assert status(supervisor.get(session)) == "Spawning"
    await trio.sleep(30)
    record = supervisor.get(session)
    assert status(record) == "Exited"
    assert "longer than 30 s; it was waiting for the agent's start; it was started again once" in (
        record.reason or ""
    )


async def test_an_agent_that_is_just_being_started_again_can_be_killed(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin("always")
    session = await spawn(supervisor)
    world.launch_takes = 5
    await end(world, 1)
    assert status(supervisor.get(session)) == "Spawning"
    await supervisor.kill(session)
    await trio.sleep(10)
    assert status(supervisor.get(session)) == "Killed"
    assert len(world.terminals) == 1


@pytest.mark.parametrize("detach", [False, True])
async def test_nothing_is_started_again_while_the_server_closes(
    begin: Begin, autojump_clock: Clock, world: World, detach: bool
) -> None:
    supervisor = await begin("always")
    session, other = await spawn(supervisor), await spawn(supervisor)
    world.launch_takes = 5
    await end(world, 1)
    assert status(supervisor.get(other)) == "Spawning"
    async with trio.open_nursery() as closing:
        closing.start_soon(partial(supervisor.close, 4, detach=detach))
        await trio.lowlevel.checkpoint()
        world.terminals[0].die(1)
    await trio.sleep(10)
    assert status(supervisor.get(other)) == "Exited"
    assert status(supervisor.get(session)) == "Exited"
    assert len(world.terminals) == 2


async def test_a_kill_is_not_followed_by_a_restart(begin: Begin, autojump_clock: Clock, world: World) -> None:
    supervisor = await begin("always")
    session = await spawn(supervisor)
    await supervisor.kill(session)
    await trio.sleep(1)
    assert (status(supervisor.get(session)), len(world.terminals)) == ("Killed", 1)


async def test_an_agent_that_a_kill_has_struck_while_nothing_could_be_stored_stays_ended(
    begin: Begin, autojump_clock: Clock, world: World, store: MemoryStore
) -> None:
    supervisor = await begin("always")
    session = await spawn(supervisor)
    store.trouble, append, stored_again = "the disk is full", store.append, trio.Event()

    async def wait_first(*what: Any) -> None:
        await stored_again.wait()
        await append(*what)

    store.append = wait_first
    with pytest.raises(Survived):
        await supervisor.kill(session, seconds=1)
    store.trouble = None
    stored_again.set()
    await trio.sleep(1)
    assert (status(supervisor.get(session)), len(world.terminals)) == ("Killed", 1)


async def test_a_session_whose_task_crashed_waits_for_an_operator(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    async def bug(*_: object) -> None:
        raise ZeroDivisionError

    supervisor = await begin("always")
    session = await spawn(supervisor)
    await trio.sleep(1)
    world.terminals[0].read = bug  # after the read that is under way
    world.terminals[0].say(b"x")
    await trio.sleep(1)
    assert supervisor.get(session).phase is Phase.FAILED
    assert len(world.terminals) == 1


async def test_a_restore_by_an_operator_leaves_the_count_as_it_is(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin("on-failure", intensity=1)
    session = await spawn(supervisor)
    for _ in range(2):
        await end(world, 1)
    counted = supervisor.get(session).restarts
    assert len(counted) == 1
    assert status(await supervisor.restore(session)) == "Working"
    assert supervisor.get(session).restarts == counted
    await end(world, 1)
    assert status(supervisor.get(session)) == "Exited"


async def test_a_restore_by_an_operator_that_fails_is_not_tried_again(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin("on-failure", intensity=2)
    session = await spawn(supervisor)
    for _ in range(3):
        await end(world, 1)
    world.launch_fails = AgentMissing("it was uninstalled")
    with pytest.raises(AgentMissing):
        await supervisor.restore(session)
    assert supervisor.get(session).reason == "it could not be restored: it was uninstalled"


async def test_the_count_goes_on_after_a_restart_of_the_server(
    begin: Begin, autojump_clock: Clock, world: World, store: MemoryStore
) -> None:
    async with trio.open_nursery() as life:
        session = await spawn(await begin("on-failure", intensity=2, life=life))
        await end(world, 1)
        life.cancel_scope.cancel()
    world.held[session] = world.terminals[-1]
    second = await begin("on-failure", intensity=2)
    await end(world, 1)
    assert (status(second.get(session)), len(second.get(session).restarts)) == ("Working", 2)
    await end(world, 1)
    assert status(second.get(session)) == "Exited"


async def test_an_agent_that_did_not_outlive_the_server_comes_back_if_the_policy_wants_it(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    async with trio.open_nursery() as life:
        session = await spawn(await begin("never", life=life))
        life.cancel_scope.cancel()
    second = await begin("on-failure")
    await trio.sleep(1)
    assert (status(second.get(session)), second.get(session).incarnation) == ("Working", 2)


async def test_a_session_that_comes_back_has_kept_its_place(
    begin: Begin, autojump_clock: Clock, world: World, store: MemoryStore
) -> None:
    supervisor = await begin("always")
    await spawn(supervisor, Q)
    second = await spawn(supervisor, Q)
    append, finished, go_on = store.append, trio.Event(), trio.Event()

    async def slow(step: Step) -> None:
        if any(isinstance(event, e.RestoreRequested) for event in step.events):
            finished.set()
            await go_on.wait()
        await append(step)

    store.append = slow
    world.terminals[-1].die(0)
    await finished.wait()
    assert status(supervisor.get(second)) == "Done"
    with pytest.raises(TooMany):
        await spawn(supervisor, Q)
    go_on.set()
    await trio.sleep(1)
    assert status(supervisor.get(second)) == "Working"
    assert len(supervisor.list(project_id=Q)) == 2


async def test_an_agent_that_its_holder_ended_for_want_of_a_server_is_not_done_whatever_it_answered(
    supervisor: Supervisor, world: World
) -> None:
    record = await supervisor.spawn(Order(P, prompt="hello"))
    terminal = world.terminals[0]
    terminal.alone = 600.0
    terminal.die(0)
    await trio.sleep(1)
    assert supervisor.get(record.id).reason == "no server came for 600 s, so its holder ended it"
