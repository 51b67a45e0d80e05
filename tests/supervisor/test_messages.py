"""The mailbox of a session whose agent takes turns: stored, in order, each once, and with receipts."""

import pytest
import trio
from asking import P, settle, spawn
from fakes import FakeDialogue
from structlog.testing import capture_logs
from turn_taking import Mute, TurnWorld, serve, until

from ennio.supervisor.config import Restart, Timeouts
from ennio.supervisor.errors import Conflict, DeadlineExceeded, Invalid, TooMany
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.records import Activity, MessageState, Mode, Order, Phase
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

Clock = trio.abc.Clock
QUEUED, WRITTEN, ACCEPTED, FAILED = MessageState


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: object) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


async def states(supervisor: Supervisor, session: SessionId) -> list[MessageState]:
    return [message.state for message in await supervisor.messages(session)]


async def test_a_message_is_stored_then_written_then_accepted(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.write_takes = 0.05
    session = (await spawn(supervisor, prompt="sleep 10")).id
    message = await supervisor.send(session, Letter("then this"))
    assert (message.id, message.state) == ("m2", QUEUED)
    await trio.sleep(5)
    assert await states(supervisor, session) == [ACCEPTED, QUEUED]
    await until(lambda: world.told["then this"])
    await trio.sleep(0.07)
    assert await states(supervisor, session) == [ACCEPTED, WRITTEN]
    await trio.sleep(0.1)
    assert await states(supervisor, session) == [ACCEPTED, ACCEPTED]
    assert world.agents[0].lines[:3] == ["hello", "server ennio", "tell sleep 10"]


async def test_messages_for_a_busy_agent_are_given_in_order_each_after_the_turn_before(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor)).id
    wanted = [f"number {n}" for n in range(40)]
    for text in wanted:
        await supervisor.send(session, Letter(text))
    await trio.sleep(60)
    assert world.agents[0].told == ["do it", *wanted]
    assert set(await states(supervisor, session)) == {ACCEPTED}
    assert supervisor.get(session).turns == 41


async def test_a_sender_may_wait_until_it_is_accepted_and_a_late_one_is_told_what_will_become_of_it(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="sleep 20")).id
    with pytest.raises(
        DeadlineExceeded, match="not taken the message up; it is queued as m2, and will be given"
    ):
        await supervisor.send(session, Letter("later"), accepted=True)
    message = await supervisor.send(session, Letter("last"), accepted=True, seconds=60)
    assert message.state is ACCEPTED
    assert world.agents[0].told == ["sleep 20", "later", "last"]


async def test_a_sender_that_waits_is_told_when_its_message_fails(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="sleep 5")).id
    refused: list[str] = []

    async def send() -> None:
        with pytest.raises(Conflict) as caught:
            await supervisor.send(session, Letter("never"), accepted=True)
        refused.append(str(caught.value))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await trio.sleep(1)
        await supervisor.kill(session)
    assert refused == [f"{session} did not get the message: the agent of {session} has ended"]
    assert await states(supervisor, session) == [ACCEPTED, FAILED]
    assert world.told["never"] == 0


async def test_a_turn_that_fails_before_it_begins_is_told_to_who_waits(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor)).id
    await trio.sleep(10)
    agent = world.agents[0]
    agent._inlet.close()  # it takes nothing up any more
    world.agents[0].give = lambda data: agent.say("over failed no such model")
    with pytest.raises(Conflict, match="m2 has failed: no such model"):
        await supervisor.send(session, Letter("hopeless"), accepted=True)


async def test_only_so_many_messages_wait_for_one_agent(
    supervisor: Supervisor, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="sleep 1000")).id
    await settle()
    for number in range(256):
        await supervisor.send(session, Letter(str(number)))
    with pytest.raises(TooMany, match="256 messages waiting"):
        await supervisor.send(session, Letter("one too many"))


# In the middle of a turn.


async def test_a_message_can_be_given_within_the_turn(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="sleep 20")).id
    await settle()
    await supervisor.send(session, Letter("queued"))
    message = await supervisor.send(session, Letter("by the way", Mode.STEER), accepted=True)
    assert message.state is ACCEPTED
    assert world.agents[0].steered == ["by the way"]
    assert world.agents[0].told == ["sleep 20"]
    assert supervisor.get(session).turns == 1
    await trio.sleep(30)
    assert world.agents[0].told == ["sleep 20", "queued"]
    assert set(await states(supervisor, session)) == {ACCEPTED}


async def test_where_no_turn_is_under_way_what_would_steer_it_begins_one(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor)).id
    await trio.sleep(10)
    await supervisor.send(session, Letter("do that", Mode.STEER), accepted=True)
    assert world.agents[0].told == ["do it", "do that"]


async def test_what_steers_while_a_message_is_not_taken_up_yet_waits_for_the_turn_and_costs_no_place(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    """Between a message that was told and its turn, there is nothing to steer."""
    session = (await spawn(supervisor, prompt="sleep 5")).id
    await until(lambda: world.agents[0].told)
    await supervisor.send(session, Letter("by the way", Mode.STEER))
    assert world.agents[0].steered == []
    await settle()
    assert world.agents[0].steered == ["by the way"]
    placed = [message.place for message in await supervisor.messages(session)]
    assert placed == [3, 4]
    assert await states(supervisor, session) == [ACCEPTED, ACCEPTED]


async def test_an_interruption_ends_the_turn_and_comes_before_what_waits(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="sleep 1000")).id
    await settle()
    await supervisor.send(session, Letter("queued"))
    await supervisor.send(session, Letter("stop that", Mode.INTERRUPT), accepted=True)
    await trio.sleep(20)
    assert world.agents[0].told == ["sleep 1000", "stop that", "queued"]
    assert world.agents[0].lines.count("stop") == 1


async def test_an_interruption_while_nothing_runs_is_a_message_like_any_other(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor)).id
    await trio.sleep(10)
    await supervisor.send(session, Letter("now this", Mode.INTERRUPT), accepted=True)
    assert "stop" not in world.agents[0].lines


@pytest.mark.parametrize("mode", [Mode.STEER, Mode.INTERRUPT])
async def test_an_agent_that_cannot_be_disturbed_is_not(
    mode: Mode, supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.speaks = FakeDialogue
    session = (await spawn(supervisor)).id
    with pytest.raises(Invalid, match="send with mode queue"):
        await supervisor.send(session, Letter("hey", mode))
    assert len(await supervisor.messages(session)) == 1


# When the agent ends.


async def test_what_was_not_given_to_an_agent_that_ended_is_given_to_the_next_one_in_order(
    nursery: trio.Nursery,
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    world: TurnWorld,
    autojump_clock: Clock,
) -> None:
    supervisor = await serve(nursery, projects, store, timeouts, restart=Restart("always"))
    session = (await spawn(supervisor, prompt="sleep 5")).id
    for text in ("die 1", "second", "die 1 again", "third", "fourth"):
        await supervisor.send(session, Letter(text))
    await trio.sleep(60)
    assert [agent.told for agent in world.agents] == [
        ["sleep 5", "die 1"],
        ["second", "die 1 again"],
        ["third", "fourth"],
    ]
    assert set(await states(supervisor, session)) == {ACCEPTED}


async def test_a_message_that_the_agent_had_and_did_not_take_up_before_it_ended_is_not_given_again(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="sleep 5")).id
    await supervisor.send(session, Letter("second"))
    await supervisor.send(session, Letter("third"))
    await until(lambda: world.told["second"])
    world.agents[0].die(1)
    await settle()
    second, third = (await supervisor.messages(session))[1:]
    assert (second.state, second.reason) == (FAILED, f"delivery unknown: the agent of {session} has ended")
    assert third.state is QUEUED
    await supervisor.restore(session, prompt="go on")
    await trio.sleep(20)
    assert world.agents[1].told == ["third", "go on"]


async def test_what_waits_at_a_kill_has_failed_for_good(
    supervisor: Supervisor, store: MemoryStore, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="sleep 1000")).id
    for number in range(3):
        await supervisor.send(session, Letter(str(number)))
    await settle()
    await supervisor.kill(session)
    assert await states(supervisor, session) == [ACCEPTED, FAILED, FAILED, FAILED]
    assert await store.undelivered() == []


async def test_a_prompt_that_an_agent_without_turns_never_read_has_failed_once_it_is_killed(
    supervisor: Supervisor, store: MemoryStore, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.speaks = FakeDialogue
    world.reads = False
    session = (await spawn(supervisor)).id
    await settle()
    await supervisor.kill(session)
    assert await states(supervisor, session) == [FAILED]
    assert await store.undelivered() == []


async def test_what_waits_when_a_sessions_task_fails_is_given_after_a_restore(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    async def bug(*_: object) -> None:
        raise ZeroDivisionError

    session = (await spawn(supervisor, prompt="sleep 5")).id
    await supervisor.send(session, Letter("second"))
    await settle()
    world.terminals[0].read = bug
    world.agents[0].say("said hello")
    await settle()
    assert supervisor.get(session).phase is Phase.FAILED
    assert await states(supervisor, session) == [ACCEPTED, QUEUED]
    await supervisor.restore(session)
    await trio.sleep(10)
    assert world.agents[1].told == ["second"]


# An agent that is odd.


async def test_an_agent_that_is_never_ready_is_blocked_in_time_and_its_messages_wait(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.speaks = Mute
    record = await spawn(supervisor)
    assert status(record) == "Working"
    assert (await supervisor.send(record.id, Letter("hello?"))).state is QUEUED
    await trio.sleep(100)
    record = supervisor.get(record.id)
    assert (record.activity, record.activity_reason) == (Activity.BLOCKED, "has said nothing for 60 s yet")
    assert await states(supervisor, record.id) == [QUEUED, QUEUED]
    assert world.agents[0].told == []
    await supervisor.kill(record.id)


async def test_a_line_over_which_its_dialogue_fails_is_passed_over_and_told_once(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    with capture_logs() as logs:
        session = (await spawn(supervisor, prompt="print boom")).id
        await supervisor.send(session, Letter("print boom again"))
        message = await supervisor.send(session, Letter("still there?"), accepted=True)
        await settle()
    assert message.state is ACCEPTED
    assert status(supervisor.get(session)) == "Working"
    told = [line for line in logs if line["log_level"] == "error"]
    assert [(line["session_id"], "dialogue failed" in line["event"]) for line in told] == [(session, True)]
    assert any("bug of ennio" in seen.what for seen in supervisor.evidence(session))


async def test_an_agent_that_wants_an_answer_after_its_input_was_closed_still_ends(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="sleep 1000")).id
    await settle()
    agent, close = world.agents[0], world.terminals[0].close_input

    async def ask_again() -> None:
        await close()
        agent.say("who")
        agent.say("used 100")

    world.terminals[0].close_input = ask_again
    await supervisor.kill(session)
    assert status(supervisor.get(session)) == "Killed"
    assert supervisor.get(session).tokens.output == 100, "what it said last counts too"


@pytest.mark.parametrize(
    "line", ["over ok", "over failed odd", "turn", "unask q9", "spent NaN", "spent 1E+999", "ready"]
)
async def test_words_out_of_place_do_no_harm(
    supervisor: Supervisor, world: TurnWorld, line: str, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor)).id
    await trio.sleep(10)
    for _ in range(3):
        world.agents[0].say(line)
    world.agents[0].say("over ok")
    await settle()
    assert (await supervisor.send(session, Letter("go on"), accepted=True)).state is ACCEPTED
    assert status(supervisor.get(session)) == "Working"


async def test_nothing_is_kept_of_messages_that_are_done(
    supervisor: Supervisor, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor)).id
    for number in range(200):
        await supervisor.send(session, Letter(f"number {number}"), accepted=True)
    await trio.sleep(10)
    actor = supervisor._roster.find(session)
    assert (actor._told, len(actor._outbox), actor._timers, actor._deciding) == ([], 0, {}, {})
    assert len(actor._nursery.child_tasks) == 1, "the one that serves its agent"


@pytest.mark.parametrize("wait", [0, 0.05, 0.3, 1.05, 1.15, 3, 100])
async def test_kills_in_every_state_and_two_at_once_end_it(
    supervisor: Supervisor, world: TurnWorld, wait: float, autojump_clock: Clock
) -> None:
    """While its workspace is made, while it is started, told, in its turn, and after that."""
    world.checkout_takes, world.launch_takes, world.write_begins_after = 0.1, 0.9, 0.1

    async def start() -> None:
        try:
            await supervisor.spawn(Order(P, prompt="do it"))
        except Conflict:
            return

    async with trio.open_nursery() as nursery:
        nursery.start_soon(start)
        await trio.lowlevel.checkpoint()
        await until(lambda: supervisor.list(ended=True))
        (record,) = supervisor.list(ended=True)
        await trio.sleep(wait)
        for _ in range(3):
            nursery.start_soon(supervisor.kill, record.id)
    assert {status(record) for record in supervisor.list(ended=True)} <= {"Killed"}
    await trio.sleep(10)
    assert all(agent.tree_gone.is_set() for agent in world.agents)
