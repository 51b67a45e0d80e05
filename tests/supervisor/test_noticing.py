"""What operators are told: delivered once, kept until it was, and an event where that cannot be."""

from collections.abc import Awaitable, Callable

import trio
from asking import settle, spawn, types
from fake_forges import DyingStore, FakeNotifier, react
from fakes import World

from ennio.supervisor import events as e
from ennio.supervisor.config import Approvals, Limits, Restart
from ennio.supervisor.config.reactions import DEFAULTS
from ennio.supervisor.errors import AgentMissing, NotifierFailed
from ennio.supervisor.ids import SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Live = Callable[..., Awaitable[None]]
Clock = trio.abc.Clock


async def exited(supervisor: Supervisor, world: World, code: int = 3) -> SessionId:
    """Spawn a session whose agent ends at once."""
    session = (await spawn(supervisor)).id
    world.terminals[-1].die(code)
    await settle()
    return session


def given(notifier: FakeNotifier) -> list[str]:
    return [notice.reaction for notice in notifier.given]


# How they get there.


async def test_a_notice_is_delivered_once_with_all_that_it_is_about(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(agent_exited={"priority": "critical", "message": "Look!"}))
    session = await exited(supervisor, world)
    await trio.sleep(1000)
    (notice,) = notifier.given
    assert (notice.session_id, notice.project_id, notice.reaction) == (session, "p", "agent-exited")
    assert (notice.priority, notice.escalated, notice.url) == ("critical", False, None)
    assert (notice.title, notice.text) == ("The agent is gone", "Look!\n\nit ended with exit code 3")
    assert supervisor.get(session).notices == ()
    assert (await types(supervisor, session))[-2:] == ["SessionExited", "ReactionTriggered"]


async def test_it_goes_to_those_it_is_routed_to_and_to_nobody_else(
    begin: Begin, world: World, autojump_clock: Clock
) -> None:
    notifiers = {name: FakeNotifier() for name in ("ops", "chat", "other")}
    rules = react(agent_exited={"notifiers": ("ops", "chat")}, all_complete={"notifiers": ()})
    supervisor = await begin(notifiers=notifiers, reactions=rules)
    await exited(supervisor, world)
    assert [len(one.given) for one in notifiers.values()] == [1, 1, 0]
    assert notifiers["ops"].given[0].id == notifiers["chat"].given[0].id
    session = (await spawn(supervisor)).id
    await supervisor.kill(supervisor.list()[-1].id)
    world.terminals[-1].die(0)
    await trio.sleep(5)
    assert (await types(supervisor, session))[-1] == "ReactionTriggered"
    assert [len(one.given) for one in notifiers.values()] == [1, 1, 0]


async def test_a_slow_notifier_holds_up_no_other_and_no_session(
    begin: Begin, world: World, autojump_clock: Clock
) -> None:
    slow, quick = FakeNotifier(takes=25.0), FakeNotifier()
    rules = react(agent_exited={"notifiers": ("slow", "quick")})
    supervisor = await begin(notifiers={"slow": slow, "quick": quick}, reactions=rules)
    session = await exited(supervisor, world)
    assert (len(slow.given), len(quick.given)) == (0, 1)
    assert [one.waiting for one in supervisor.get(session).notices] == [("slow",)]
    assert status(await supervisor.restore(session)) == "Working"
    await trio.sleep(30)
    assert (len(slow.given), supervisor.get(session).notices) == (1, ())


async def test_a_dead_notifier_is_an_event_and_is_not_tried_for_ever(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    notifier.fails = NotifierFailed("ops does not answer")
    supervisor = await begin()
    session = await exited(supervisor, world)
    await trio.sleep(1000)
    failed = [one for one in await supervisor.history(session) if isinstance(one, e.NotificationFailed)]
    assert [(one.notifier, one.reaction, one.words) for one in failed] == [
        ("ops", "agent-exited", "ops does not answer")
    ]
    assert supervisor.get(session).notices == ()


async def test_what_was_not_given_is_kept_for_the_next_server_and_keeps_its_id(
    live: Live, world: World, notifier: FakeNotifier, kept: DyingStore, autojump_clock: Clock
) -> None:
    async def begun(supervisor: Supervisor) -> None:
        await exited(supervisor, world)
        await trio.sleep(20)

    async def wait(supervisor: Supervisor) -> None:
        await trio.sleep(100)

    notifier.fails = NotifierFailed("ops does not answer")
    await live(begun)
    (record,) = await kept.load()
    (notice,) = record.notices
    notifier.fails = None
    for _ in range(3):
        await live(wait)
    assert [one.id for one in notifier.given] == [notice.id]
    assert (await kept.load())[0].notices == ()


async def test_a_notice_that_is_stored_is_given_whenever_the_server_dies(
    live: Live, world: World, notifier: FakeNotifier, kept: DyingStore, autojump_clock: Clock
) -> None:
    async def begun(supervisor: Supervisor) -> None:
        kept.dies_at = lambda step: any(isinstance(one, e.ReactionTriggered) for one in step.events)
        kept.after = True
        await exited(supervisor, world)

    async def wait(supervisor: Supervisor) -> None:
        await trio.sleep(100)

    await live(begun)
    assert notifier.given == []
    for _ in range(2):
        await live(wait)
    assert given(notifier) == ["agent-exited"]


async def test_a_notice_of_a_session_that_was_killed_meanwhile_is_not_given_at_every_start(
    live: Live, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    async def begun(supervisor: Supervisor) -> None:
        await supervisor.kill(await exited(supervisor, world))
        await trio.sleep(30)

    async def wait(supervisor: Supervisor) -> None:
        await trio.sleep(100)

    notifier.takes = 10.0
    for story in (begun, wait, wait):
        await live(story)
    assert given(notifier) == ["agent-exited"]


async def test_one_that_nobody_hears_any_more_is_an_event(
    live: Live, world: World, notifier: FakeNotifier, kept: DyingStore, autojump_clock: Clock
) -> None:
    async def begun(supervisor: Supervisor) -> None:
        await exited(supervisor, world)

    async def wait(supervisor: Supervisor) -> None:
        await trio.sleep(100)
        (record,) = supervisor.list()
        (failed,) = [
            one for one in await supervisor.history(record.id) if isinstance(one, e.NotificationFailed)
        ]
        assert "the notifier ops is not configured any more" in failed.words

    notifier.takes = 10.0
    await live(begun)
    await live(wait, notifiers={})


# The agent is gone.


async def test_a_kill_a_shutdown_and_a_restart_by_the_policy_are_nothing_to_tell(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(restart=Restart("on-failure", intensity=2, period=300))
    await supervisor.kill((await spawn(supervisor)).id)
    session = await exited(supervisor, world)
    assert status(supervisor.get(session)) == "Working"
    assert given(notifier) == []
    world.terminals[-1].die(3)
    await settle()
    assert given(notifier) == []
    world.terminals[-1].die(3)
    await settle()
    assert status(supervisor.get(session)) == "Exited"
    assert given(notifier) == ["agent-exited"]
    assert "it was started again 2 times" in notifier.given[0].text
    await spawn(supervisor)
    await supervisor.close(10)
    await trio.sleep(30)
    assert given(notifier) == ["agent-exited"]


async def test_one_that_ended_at_a_limit_is_told_and_each_end_once(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(limits=Limits(wall_clock=10.0))
    session = (await spawn(supervisor)).id
    await trio.sleep(20)
    assert "its limit wall_clock" in notifier.given[0].text
    await supervisor.restore(session)
    await trio.sleep(20)
    assert given(notifier) == ["agent-exited"] * 2


async def test_a_start_after_it_that_fails_is_told_too(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(restart=Restart("on-failure", intensity=1, period=300))
    session = (await spawn(supervisor)).id
    world.launch_fails = AgentMissing("it was uninstalled")
    world.terminals[-1].die(3)
    await trio.sleep(60)
    assert status(supervisor.get(session)) == "Exited"
    assert given(notifier) == ["agent-exited"]
    assert "uninstalled" in notifier.given[0].text


# The agent waits for somebody.


async def test_each_question_of_an_agent_is_told_and_once(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = (await spawn(supervisor)).id
    await settle()
    for _ in range(2):
        world.terminals[0].say(b"shall I?\n")
        await settle()
        world.terminals[0].say(b"shall I really?\n")
        await settle()
        await supervisor.send(session, Letter("yes"))
        world.terminals[0].say(b"fine\n")
        await settle()
    assert given(notifier) == ["agent-needs-input"] * 2
    assert notifier.given[0].text == "a question"
    assert notifier.given[0].priority == "urgent"


async def test_nobody_is_told_where_that_is_not_enabled(
    begin: Begin, world: World, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    off = {name.replace("-", "_"): {"enabled": False} for name in DEFAULTS}
    supervisor = await begin(reactions=react(**off), approvals=Approvals("ask", 60))
    session = (await spawn(supervisor)).id
    world.terminals[0].say(b"shall I?\n")
    await settle()
    world.terminals[0].die(1)
    await trio.sleep(1000)
    assert "ReactionTriggered" not in await types(supervisor, session)
    assert notifier.given == []
