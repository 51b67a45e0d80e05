"""The agent's own conversation: known by its name, gone on with after a restore, and lost with a word."""

import pytest
import trio
from asking import settle, spawn, types
from fakes import FakeDialogue
from turn_taking import TurnWorld, serve

from ennio.supervisor.config import Restart, Timeouts
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.records import MessageState
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

Clock = trio.abc.Clock


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: object) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


async def ended(supervisor: Supervisor, world: TurnWorld) -> SessionId:
    """Return a session whose agent has ended after its first turn."""
    session = (await spawn(supervisor)).id
    await trio.sleep(10)
    world.agents[-1].die(1)
    await settle()
    return session


async def test_who_the_agent_is_and_what_it_calls_the_conversation_is_known(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor)).id
    await settle()
    record = supervisor.get(session)
    assert (record.conversation, record.model) == ("c1", "claude-opus-4-5")
    assert [job.conversation for job in world.jobs] == [None]


async def test_a_restore_goes_on_with_it_and_does_not_say_the_first_prompt_again(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = await ended(supervisor, world)
    await supervisor.restore(session)
    await supervisor.send(session, Letter("go on"), accepted=True)
    assert world.jobs[-1].conversation == "c1"
    assert world.agents[1].told == ["go on"]
    assert supervisor.get(session).conversation == "c1"
    assert "ConversationLost" not in await types(supervisor, session)


async def test_what_is_counted_of_a_run_begins_anew_with_the_next_one(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = await ended(supervisor, world)
    assert supervisor.get(session).turns == 1
    await supervisor.restore(session)
    await settle()
    record = supervisor.get(session)
    assert (record.turns, record.in_turn) == (0, False)
    assert record.tokens.output == world.agents[0].used


async def test_an_agent_that_cannot_go_on_is_told_nothing_of_it(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.resumes = False
    session = await ended(supervisor, world)
    await supervisor.restore(session)
    assert world.jobs[-1].conversation is None


async def test_a_conversation_that_the_agent_knows_no_more_is_lost_with_a_word_and_the_next_is_new(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = await ended(supervisor, world)
    world.forgets = True
    await supervisor.restore(session, prompt="go on")
    await trio.sleep(10)
    record = supervisor.get(session)
    assert status(record) == "Exited"
    assert record.reason == "it cannot be talked to: no such conversation"
    assert record.conversation is None
    lost, exited, told = (await supervisor.history(session))[-3:]
    assert lost.event_type == "ConversationLost"
    assert lost.message() == f"{session} cannot go on with its conversation: no such conversation"
    assert (exited.event_type, told.event_type) == ("SessionExited", "ReactionTriggered")
    await supervisor.restore(session)
    await trio.sleep(10)
    record = supervisor.get(session)
    assert (status(record), record.conversation) == ("Working", "c3")
    assert world.agents[2].told == ["go on"], "which waited"


async def test_an_agent_that_cannot_be_talked_to_at_all_is_ended_and_does_not_come_back(
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
    world: TurnWorld,
    autojump_clock: Clock,
) -> None:
    supervisor = await serve(nursery, projects, store, timeouts, restart=Restart("always"))
    session = (await spawn(supervisor)).id
    await trio.sleep(10)
    world.agents[0].say("refuse log in first")
    world.agents[0].say("refuse log in first")
    await trio.sleep(10)
    record = supervisor.get(session)
    assert (status(record), record.reason) == ("Exited", "it cannot be talked to: log in first")
    assert len(world.agents) == 1


async def test_an_agent_that_comes_back_by_policy_goes_on_with_it_too(
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
    world: TurnWorld,
    autojump_clock: Clock,
) -> None:
    supervisor = await serve(nursery, projects, store, timeouts, restart=Restart("on-failure"))
    session = await ended(supervisor, world)
    assert (status(supervisor.get(session)), world.jobs[-1].conversation) == ("Working", "c1")


async def test_a_new_server_takes_the_conversation_over_in_the_middle_of_a_turn(
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
    world: TurnWorld,
    autojump_clock: Clock,
) -> None:
    async with trio.open_nursery() as life:
        first = await serve(life, projects, store, timeouts)
        session = (await spawn(first, prompt="sleep 100")).id
        await first.send(session, Letter("second"))
        await first.send(session, Letter("third"))
        await trio.sleep(10)
        world.server_dies()
        life.cancel_scope.cancel()
    second = await serve(nursery, projects, store, timeouts)
    await settle()
    assert world.agents[0].lines == ["hello", "server ennio", "tell sleep 100"], "it is not greeted again"
    await trio.sleep(200)
    assert world.agents[0].told == ["sleep 100", "second", "third"]
    assert second.get(session).tokens.output == world.agents[0].used
    assert {m.state for m in await second.messages(session)} == {MessageState.ACCEPTED}
    assert second.get(session).turns == 3


async def test_a_language_without_turns_has_no_conversation(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.speaks = FakeDialogue
    session = (await spawn(supervisor)).id
    await settle()
    record = supervisor.get(session)
    assert (record.conversation, record.turns, record.in_turn) == (None, 0, False)
