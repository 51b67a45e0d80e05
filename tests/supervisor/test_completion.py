"""All of a project is complete: told once, with what has come of it, and again after more work."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import trio
from asking import P, spawn, types
from fake_forges import NOW, FakeNotifier, FakeScm, pull_request, react
from fakes import World
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor import events as e
from ennio.supervisor.completion import since_last
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.records import Order, Phase, PullState, Reacted, SessionRecord
from ennio.supervisor.review import digest
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Live = Callable[..., Awaitable[None]]
Clock = trio.abc.Clock
PULL = digest(pull_request(), None, NOW)


def record(name: str, minutes: int = 0, phase: Phase = Phase.DONE, **known: Any) -> SessionRecord:
    end = NOW + timedelta(minutes=minutes)
    usual = {"agent_name": "fake", "created_at": NOW, "ended_at": end, "incarnation": 1}
    return SessionRecord(id=SessionId(name), project_id=P, phase=phase, **{**usual, **known})


def told(minutes: int) -> dict[str, Reacted]:
    return {"all-complete": Reacted("p-1", NOW + timedelta(minutes=minutes))}


def ids(*records: SessionRecord) -> list[str]:
    return [one.id for one in since_last(records)]


def test_those_that_are_done_or_merged_count_the_oldest_end_first() -> None:
    merged = replace(PULL, state=PullState.MERGED)
    closed = replace(PULL, state=PullState.CLOSED)
    done = [record("b", 2), record("a", 1), record("m", 3, pull=merged), record("c", 4, pull=closed)]
    others = [
        record("k", 1, Phase.KILLED),
        record("x", 1, Phase.EXITED),
        record("o", 1, pull=PULL),
        record("n", 1, incarnation=0),
        record("r", 1, Phase.RUNNING, pull=merged),
    ]
    assert ids(*done, *others) == ["a", "b", "m", "c"]
    assert ids(*others) == []
    assert ids() == []


def test_only_those_count_that_ended_after_it_was_told_last() -> None:
    assert ids(record("a", 1, reacted=told(5)), record("b", 2), record("c", 6)) == ["c"]
    assert ids(record("a", 1, reacted=told(5)), record("b", 6, reacted=told(9)), record("c", 8)) == []
    assert ids(record("a", 6, reacted=told(5))) == ["a"], "it was begun again"


@given(st.lists(st.integers(0, 20), max_size=6), st.integers(0, 20))
def test_once_told_nothing_is_told_until_something_ends_later(ends: list[int], at: int) -> None:
    records = [record(f"s{number}", minutes) for number, minutes in enumerate(ends)]
    teller = record("t", 0, Phase.KILLED, reacted=told(at))
    assert len(since_last([*records, teller])) == sum(end > at for end in ends)


# Sessions.


async def completions(supervisor: Supervisor, project: ProjectId = P) -> list[int]:
    """Return how many sessions were complete, each time that this was told."""
    found = [
        event
        for one in supervisor.list(project_id=project, ended=True)
        for event in await supervisor.history(one.id)
        if isinstance(event, e.AllComplete)
    ]
    return [event.complete for event in sorted(found, key=lambda event: event.timestamp)]


async def end(world: World, code: int = 0) -> None:
    world.terminals[-1].die(code)
    await trio.sleep(2)


async def test_the_last_of_a_project_tells_once_what_has_come_of_all(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    first = await spawn(supervisor, prompt="do this\nand that")
    second = await spawn(supervisor, prompt="do that")
    await end(world)
    assert await completions(supervisor) == []
    world.terminals[0].die(0)
    await trio.sleep(100)
    assert await completions(supervisor) == [2]
    assert (await types(supervisor, first.id))[-2:] == ["AllComplete", "ReactionTriggered"]
    (notice,) = notifier.given
    assert (notice.reaction, notice.priority) == ("all-complete", "info")
    assert notice.text == (
        f"Complete since the last time: 2.\n{second.id} is Done: do that\n{first.id} is Done: do this"
    )


async def test_it_is_told_again_only_after_more_work(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(all_complete={"include_summary": False, "message": "Tea!"}))
    session = (await spawn(supervisor)).id
    await end(world)
    await supervisor.restore(session)
    await end(world)
    await spawn(supervisor)
    await end(world)
    await trio.sleep(1000)
    assert await completions(supervisor) == [1, 1, 1]
    assert [one.text for one in notifier.given] == ["Tea!\n\nComplete since the last time: 1."] * 3


async def test_projects_are_complete_by_themselves(begin: Begin, world: World, autojump_clock: Clock) -> None:
    supervisor = await begin()
    await spawn(supervisor)
    other = await supervisor.spawn(Order(ProjectId("q"), prompt="do it"))
    await end(world)
    assert await completions(supervisor, ProjectId("q")) == [1]
    assert await completions(supervisor) == []
    assert status(supervisor.get(other.id)) == "Done"


async def test_an_exited_session_holds_it_up_until_it_is_killed_which_is_nothing_to_tell_by_itself(
    begin: Begin, world: World, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    broken = (await spawn(supervisor)).id
    await end(world, 1)
    await supervisor.kill(broken)
    await trio.sleep(2)
    assert await completions(supervisor) == []
    done, broken = (await spawn(supervisor)).id, (await spawn(supervisor)).id
    await end(world, 1)
    world.terminals[1].die(0)
    await trio.sleep(2)
    assert status(supervisor.get(done)) == "Done"
    assert await completions(supervisor) == []
    await supervisor.kill(broken)
    await trio.sleep(2)
    assert await completions(supervisor) == [1]


async def test_an_open_pull_request_holds_it_up_until_it_is_decided_on(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await spawn(supervisor, branch="feat", prompt="do it")
    scm.pulls.append(pull_request())
    await trio.sleep(31)
    await end(world)
    assert await completions(supervisor) == []
    scm.is_now(state=PullState.MERGED)
    await trio.sleep(100)
    assert await completions(supervisor) == [1]
    assert f"{session.id} is Merged: do it https://forge/o/r/pull/1" in notifier.given[-1].text


async def test_it_is_not_told_again_by_the_next_server_and_told_where_the_first_did_not(
    live: Live, world: World, autojump_clock: Clock
) -> None:
    async def work(supervisor: Supervisor) -> None:
        await spawn(supervisor)
        await end(world)
        await trio.sleep(5)

    async def die_early(supervisor: Supervisor) -> None:
        await spawn(supervisor)
        world.terminals[-1].die(0)
        await trio.sleep(0.3)
        assert await completions(supervisor) == [1]

    async def look(supervisor: Supervisor) -> None:
        await trio.sleep(100)
        seen.append(await completions(supervisor))

    seen: list[list[int]] = []
    for story in (work, look, die_early, look, look):
        await live(story)
    assert seen == [[1], [1, 1], [1, 1]]


async def test_where_it_is_not_enabled_it_is_an_event_and_nobody_is_told(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(all_complete={"enabled": False}))
    for _ in range(2):
        await spawn(supervisor)
        await end(world)
    assert await completions(supervisor) == [1, 1]
    assert notifier.given == []
