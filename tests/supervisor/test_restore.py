"""An agent that ends by itself, and the session that is restored after it."""

import pytest
import trio
from asking import settle, spawn, types
from fakes import World

from ennio.supervisor.errors import AgentMissing, Conflict, DeadlineExceeded
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.records import Activity
from ennio.supervisor.supervisor import Supervisor


@pytest.mark.parametrize(
    ("code", "word", "reason"),
    [
        (0, "Done", None),
        (3, "Exited", "it ended with exit code 3"),
        (-11, "Exited", "it was ended by SIGSEGV"),
        (-99, "Exited", "it was ended by signal 99"),
    ],
)
async def test_an_agent_that_ends_takes_what_it_left_running_with_it(
    supervisor: Supervisor,
    world: World,
    code: int,
    word: str,
    reason: str | None,
    autojump_clock: trio.abc.Clock,
) -> None:
    record = await spawn(supervisor)
    world.terminals[0].die(code)
    await settle()
    ended = supervisor.get(record.id)
    assert (status(ended), ended.exit_code, ended.reason) == (word, code, reason)
    assert (ended.activity, ended.handle) == (Activity.EXITED, None)
    assert world.terminals[0].graces
    assert world.terminals[0].released


async def test_a_restored_session_goes_on_in_its_workspace_without_the_first_prompt(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    world.terminals[0].die(1)
    await settle()
    again = await supervisor.restore(record.id)
    await supervisor.send(record.id, Letter("go on"))
    assert (status(again), again.incarnation, again.tree) == ("Working", 2, record.tree)
    assert (again.exit_code, again.reason) == (None, None)
    assert world.terminals[1].heard == [b"go on\n"]
    assert (await types(supervisor, record.id))[-1] == "SessionRestored"


async def test_a_restore_may_bring_a_prompt(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    world.terminals[0].die(0)
    await settle()
    await supervisor.restore(record.id, prompt="once more")
    await settle()
    assert world.terminals[1].heard == [b"once more\n"]


async def test_a_running_or_killed_session_cannot_be_restored_and_goes_on_as_it_is(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    with pytest.raises(Conflict, match="Working"):
        await supervisor.restore(record.id)
    await settle()
    assert status(supervisor.get(record.id)) == "Working"
    await supervisor.kill(record.id)
    await settle()
    with pytest.raises(Conflict):
        await supervisor.restore(record.id)


async def test_a_restore_that_fails_leaves_the_session_restorable(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    world.terminals[0].die(1)
    await settle()
    world.launch_fails = AgentMissing("it was uninstalled")
    with pytest.raises(AgentMissing):
        await supervisor.restore(record.id)
    assert status(supervisor.get(record.id)) == "Exited"
    assert "uninstalled" in (supervisor.get(record.id).reason or "")
    world.launch_fails, world.launch_takes = None, 60.0
    with pytest.raises(DeadlineExceeded):
        await supervisor.restore(record.id)
    assert status(supervisor.get(record.id)) == "Exited"
    world.launch_takes = 0.0
    assert status(await supervisor.restore(record.id)) == "Working"


async def test_a_session_can_be_killed_while_it_is_being_restored(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    world.terminals[0].die(1)
    await settle()
    world.launch_takes = 5.0

    async def restorer() -> None:
        with pytest.raises(Conflict, match="killed while"):
            await supervisor.restore(record.id)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(restorer)
        await trio.sleep(1)
        await supervisor.kill(record.id)
    assert status(supervisor.get(record.id)) == "Killed"
    assert len(world.terminals) == 1


async def test_killing_an_exited_session_makes_it_killed_and_a_done_one_only_loses_its_workspace(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    for code, word in ((1, "Killed"), (0, "Done")):
        record = await spawn(supervisor)
        world.terminals[-1].die(code)
        await settle()
        await supervisor.kill(record.id)
        await settle()
        assert status(supervisor.get(record.id)) == word
        assert supervisor.get(record.id).tree is None
    with pytest.raises(Conflict, match="workspace"):
        await supervisor.restore(record.id)
