"""Agents near their limits, past them, and far from them; in virtual time."""

import math
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from fakes import FakeTerminal, World, supervise
from structlog.testing import capture_logs
from trio.testing import MockClock

from ennio.supervisor import events as e
from ennio.supervisor.config import Limits, Restart, Timeouts
from ennio.supervisor.errors import Unavailable
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.messages import Observed
from ennio.supervisor.outbox import Letter
from ennio.supervisor.output import OutputLog
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Step
from ennio.supervisor.records import Activity, Order, Usage
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

P, Q = ProjectId("p"), ProjectId("q")
MIB = 1 << 20

Begin = Callable[..., Awaitable[Supervisor]]
Clock = trio.abc.Clock


@pytest.fixture
async def begin(
    nursery: trio.Nursery,
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
) -> Begin:
    """Start a server whose project `p` has these limits, and whose agents always come back."""

    async def start(life: trio.Nursery = nursery, **limits: Any) -> Supervisor:
        held = replace(projects[P].config, limits=Limits(**limits), restart=Restart("always"))
        supervisor = supervise(life, {**projects, P: replace(projects[P], config=held)}, store, timeouts)
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, MockClock)
        clock.autojump_threshold = math.inf  # recovery uses a thread, during which no time shall pass
        await supervisor.recover()
        clock.autojump_threshold = 0
        life.start_soon(supervisor.guard_forever)
        return supervisor

    return start


async def spawn(supervisor: Supervisor, project: ProjectId = P) -> SessionId:
    return (await supervisor.spawn(Order(project, prompt="do it"))).id


async def told(supervisor: Supervisor, session: SessionId) -> list[str]:
    """What was said about limits."""
    history = await supervisor.history(session)
    return [
        f"{one.event_type} {one.limit}" for one in history if isinstance(one, e.LimitNear | e.LimitExceeded)
    ]


async def silence(seconds: float) -> None:
    await trio.sleep(seconds)


async def chatter(terminal: FakeTerminal, seconds: float) -> None:
    for _ in range(int(seconds)):
        terminal.say(b"x")
        await trio.sleep(1)


async def test_an_agent_may_use_all_of_its_time_and_is_ended_past_it(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin(wall_clock=100)
    session = await spawn(supervisor)
    await trio.sleep(79)
    assert await told(supervisor, session) == []
    await trio.sleep(2)
    assert await told(supervisor, session) == ["LimitNear wall_clock"]
    await trio.sleep(18)
    assert status(supervisor.get(session)) == "Working"
    await trio.sleep(4)
    record = supervisor.get(session)
    assert await told(supervisor, session) == ["LimitNear wall_clock", "LimitExceeded wall_clock"]
    assert status(record) == "Exited"
    assert (record.reason or "").startswith("it went past its limit wall_clock: 10")
    assert (record.reason or "").endswith(" of 100 s")
    assert world.terminals[0].graces[0] == 5


async def test_whoever_went_past_a_limit_comes_back_by_an_operator_alone_and_starts_afresh(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin(wall_clock=100)
    session = await spawn(supervisor)
    await trio.sleep(200)
    assert (status(supervisor.get(session)), len(world.terminals)) == ("Exited", 1)
    await supervisor.restore(session)
    await trio.sleep(79)
    assert status(supervisor.get(session)) == "Working"
    await trio.sleep(30)
    assert await told(supervisor, session) == ["LimitNear wall_clock", "LimitExceeded wall_clock"] * 2


async def test_silence_counts_from_the_last_word_and_each_stretch_is_told_once(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin(idle=20)
    session = await spawn(supervisor)
    await chatter(world.terminals[0], 100)
    assert await told(supervisor, session) == []
    for stretch in (1, 2):
        await silence(18)
        assert await told(supervisor, session) == ["LimitNear idle"] * stretch
        await chatter(world.terminals[0], 5)
    await silence(22)
    assert await told(supervisor, session) == ["LimitNear idle"] * 3 + ["LimitExceeded idle"]
    assert status(supervisor.get(session)) == "Exited"


async def test_an_agent_that_never_says_a_word_is_idle_from_its_start(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin(idle=20)
    session = await spawn(supervisor)
    await silence(22)
    assert status(supervisor.get(session)) == "Exited"


@pytest.mark.parametrize(
    ("limits", "below", "near", "over", "said"),
    [
        (
            {"memory_bytes": 100 * MIB},
            Usage(1, 79 * MIB),
            Usage(1, 100 * MIB),
            Usage(1, 130 * MIB + 1000),
            "memory_mb: 130.1 of 100 MiB",
        ),
        ({"processes": 10}, Usage(7, 0), Usage(10, 0), Usage(11, 0), "processes: 11 of 10"),
    ],
)
async def test_what_a_survey_finds_is_held_to_the_limit(
    begin: Begin,
    autojump_clock: Clock,
    world: World,
    limits: dict[str, int],
    below: Usage,
    near: Usage,
    over: Usage,
    said: str,
) -> None:
    supervisor = await begin(**limits)
    session = await spawn(supervisor)
    (name, _, _) = said.partition(":")
    for usage, expected in (
        (None, []),
        (below, []),
        (near, [f"LimitNear {name}"]),
        (below, [f"LimitNear {name}"]),
        (near, [f"LimitNear {name}"]),
        (Usage(1, MIB), [f"LimitNear {name}"]),
        (near, [f"LimitNear {name}"] * 2),
    ):
        world.terminals[0].usage_now = usage
        await trio.sleep(3)
        assert await told(supervisor, session) == expected
    world.terminals[0].usage_now = over
    await trio.sleep(3)
    record = supervisor.get(session)
    assert (status(record), record.reason) == ("Exited", f"it went past its limit {said}")
    (exceeded,) = [one for one in await supervisor.history(session) if isinstance(one, e.LimitExceeded)]
    assert exceeded.data()["limit"] == name
    assert exceeded.priority is e.Priority.URGENT


@pytest.mark.parametrize("in_command", [False, True])
async def test_an_agent_may_be_told_so_much_its_prompt_included(
    begin: Begin, autojump_clock: Clock, world: World, in_command: bool
) -> None:
    world.holds_prompt = in_command
    supervisor = await begin(turns=3)
    session = await spawn(supervisor)
    for _ in range(2):
        await supervisor.send(session, Letter("go on"))
    await trio.sleep(5)
    assert status(supervisor.get(session)) == "Working"
    assert await told(supervisor, session) == ["LimitNear turns"]
    await supervisor.send(session, Letter("once more"))
    await trio.sleep(5)
    record = supervisor.get(session)
    assert (status(record), record.reason) == ("Exited", "it went past its limit turns: 4 of 3")


async def test_a_project_without_limits_is_left_alone_and_surveyed_seldom(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    surveys = count_surveys(world)
    supervisor = await begin()
    await trio.sleep(60)
    assert surveys == []
    session = await spawn(supervisor)
    world.terminals[0].usage_now = Usage(10**6, 1 << 60)
    await trio.sleep(100)
    assert status(supervisor.get(session)) == "Working"
    assert 9 <= len(surveys) <= 11


async def test_all_agents_of_a_runtime_share_one_survey_a_second(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    surveys = count_surveys(world)
    supervisor = await begin(processes=5)
    for _ in range(3):
        await spawn(supervisor)
    await spawn(supervisor, Q)
    await trio.sleep(20)
    assert 18 <= len(surveys) <= 21


@pytest.mark.parametrize("error", [Unavailable("/proc is not there"), ZeroDivisionError("a bug")])
async def test_a_survey_that_fails_is_told_once_and_the_other_limits_hold(
    begin: Begin, autojump_clock: Clock, world: World, error: Exception
) -> None:
    async def fail() -> None:
        raise error

    world.survey = fail
    supervisor = await begin(processes=5, wall_clock=30)
    session = await spawn(supervisor)
    with capture_logs() as logs:
        await trio.sleep(35)
    assert status(supervisor.get(session)) == "Exited"
    assert [log["error"] for log in logs if "surveyed" in log["event"]] == [str(error)]


async def test_a_survey_that_hangs_is_not_begun_again_and_the_other_limits_hold(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    surveys = count_surveys(world, takes=1000)
    supervisor = await begin(processes=5, wall_clock=30)
    session = await spawn(supervisor)
    await trio.sleep(35)
    assert status(supervisor.get(session)) == "Exited"
    assert len(surveys) == 1


async def test_a_session_that_cannot_be_looked_at_leaves_the_others_guarded(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    def bug() -> Usage:
        raise ZeroDivisionError

    supervisor = await begin(wall_clock=30)
    broken, other = await spawn(supervisor), await spawn(supervisor)
    world.terminals[0].usage = bug
    with capture_logs() as logs:
        await trio.sleep(35)
    assert (status(supervisor.get(broken)), status(supervisor.get(other))) == ("Working", "Exited")
    assert [log["session_id"] for log in logs if "cannot be held to its limits" in log["event"]] == [broken]


async def test_a_session_that_hears_nothing_holds_up_no_other_and_is_told_later(
    begin: Begin, autojump_clock: Clock, world: World, store: MemoryStore
) -> None:
    supervisor = await begin(wall_clock=30)
    deaf = await spawn(supervisor)
    append, go_on = store.append, trio.Event()

    async def wait_first(step: Step) -> None:
        if step.record.id == deaf:
            await go_on.wait()
        await append(step)

    store.append = wait_first
    async with trio.open_nursery() as nursery:
        world.terminals[0].say(b"x")
        for _ in range(80):  # more than a mailbox takes
            nursery.start_soon(supervisor.send, deaf, Letter("hello"))
        await trio.sleep(5)
        other = await spawn(supervisor)
        nursery.cancel_scope.cancel()
    await trio.sleep(35)
    assert status(supervisor.get(other)) == "Exited"
    assert world.terminals[0].graces == []
    go_on.set()
    await trio.sleep(5)
    assert status(supervisor.get(deaf)) == "Exited"
    assert (await told(supervisor, deaf))[-1] == "LimitExceeded wall_clock"


@pytest.mark.parametrize("full", [False, True])
async def test_while_nothing_can_be_stored_a_runaway_is_ended_all_the_same_and_that_is_told_later(
    begin: Begin, autojump_clock: Clock, world: World, store: MemoryStore, full: bool
) -> None:
    supervisor = await begin(wall_clock=30)
    session = await spawn(supervisor)
    append, stored_again = store.append, trio.Event()

    async def wait_first(*what: Any) -> None:
        await stored_again.wait()
        await append(*what)

    store.append, store.trouble = wait_first, "the disk is full"
    world.terminals[0].say(b"x")
    await trio.sleep(1)
    mailbox = supervisor._roster.find(session).mailbox
    while full and mailbox.hint(Observed(Activity.ACTIVE)):
        pass
    await trio.sleep(35)
    assert world.terminals[0].graces[0] == 5
    assert world.terminals[0].survivors() == ()
    store.trouble = None
    stored_again.set()
    await trio.sleep(5)
    record = supervisor.get(session)
    assert status(record) == "Exited"
    assert "limit wall_clock" in (record.reason or "")
    assert len(world.terminals) == 1


async def test_the_kernels_own_limits_leave_room_for_the_guard_to_see_that_one_was_passed(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    supervisor = await begin(memory_bytes=100 * MIB, processes=10)
    await spawn(supervisor)
    await spawn(supervisor, Q)
    limited, free = (terminal.launch for terminal in world.terminals)
    assert (limited.memory_bytes, limited.processes) == (125 * MIB, 320)
    assert (free.memory_bytes, free.processes) == (None, None)


async def test_a_limit_and_a_kill_at_once_end_in_a_kill(
    begin: Begin, autojump_clock: Clock, world: World
) -> None:
    world.dies_after = 5
    supervisor = await begin(wall_clock=30)
    session = await spawn(supervisor)
    await trio.sleep(32)
    await supervisor.kill(session)
    assert status(supervisor.get(session)) == "Killed"
    assert (await told(supervisor, session))[-1] == "LimitExceeded wall_clock"


# After a restart of the server.


async def test_time_and_silence_count_on_in_the_next_server(
    begin: Begin, autojump_clock: Clock, world: World, store: MemoryStore, projects: dict[ProjectId, Project]
) -> None:
    async with trio.open_nursery() as life:
        session = await spawn(await begin(life))
        await trio.sleep(1)
        life.cancel_scope.cancel()
    began_earlier(store, session, 70)
    world.held[session] = world.terminals[0]
    second = await begin(wall_clock=100, idle=1000)
    await trio.sleep(5)
    assert await told(second, session) == []
    await trio.sleep(6)
    assert await told(second, session) == ["LimitNear wall_clock"]
    await trio.sleep(25)
    assert status(second.get(session)) == "Exited"


async def test_what_was_said_before_the_next_server_is_no_news(
    begin: Begin, autojump_clock: Clock, world: World, store: MemoryStore, projects: dict[ProjectId, Project]
) -> None:
    async with trio.open_nursery() as life:
        session = await spawn(await begin(life))
        await trio.sleep(1)
        life.cancel_scope.cancel()
    log = OutputLog(projects[P].output(session), 1 << 20)
    log.append(b"old words")
    log.close()
    terminal = world.held[session] = world.terminals[0]
    terminal.say(b"old words")
    began_earlier(store, session, 500)
    age(projects[P].output(session), 70)
    second = await begin(idle=100)
    await trio.sleep(11)
    assert await told(second, session) == ["LimitNear idle"]
    last = second.get(session).last_activity_at
    assert last is not None
    assert (e.now() - last).total_seconds() == pytest.approx(70, abs=5)
    terminal.say(b"new")
    await trio.sleep(50)
    assert status(second.get(session)) == "Working"


def began_earlier(store: MemoryStore, session: SessionId, seconds: float) -> None:
    """Let the agent of a session have been started so much earlier."""
    record = store._records[session]
    assert record.started_at is not None
    store._records[session] = replace(record, started_at=record.started_at - timedelta(seconds=seconds))


def age(folder: Path, seconds: float) -> None:
    """Let the output in a folder have been written so long ago."""
    for file in folder.iterdir():
        os.utime(file, (time.time() - seconds,) * 2)


def count_surveys(world: World, takes: float = 0) -> list[float]:
    """Note the times at which surveys begin."""
    surveys: list[float] = []

    async def survey() -> None:
        surveys.append(trio.current_time())
        await trio.sleep(takes)

    world.survey = survey
    return surveys
