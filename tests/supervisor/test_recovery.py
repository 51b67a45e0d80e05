"""A new server over the journal of one that died: whatever was going on is taken over, undone or finished."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from fakes import FakeTerminal, World, supervise
from structlog.testing import capture_logs

from ennio.supervisor import events as e
from ennio.supervisor.config import Timeouts
from ennio.supervisor.errors import CommandFailed, NotFound, Unavailable
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import advance, status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Removal, Step, Stray
from ennio.supervisor.records import Handle, Hold, Launch, Message, MessageState, Order, SessionRecord, Tree
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

P = ProjectId("p")
WHO = SessionId("p-1")
HANDLE = Handle(pid=4242, start=1, boot_id="boot", incarnation=1, holder=4241, holder_start=1)


@pytest.fixture
def tree(world: World) -> Tree:
    return Tree(world.folder, "ennio/p-1", "c0ffee", branch_made=True)


@pytest.fixture
def lived(store: MemoryStore, tree: Tree) -> Callable[..., Awaitable[SessionRecord]]:
    """Put a session into the journal to which these things had happened when its server died."""

    async def live(
        *kinds: type[e.Event], who: SessionId = WHO, project: ProjectId = P, heard: bool = True
    ) -> SessionRecord:
        record = SessionRecord(id=who, project_id=project, agent_name="fake", created_at=e.now())
        particulars = {
            e.SessionSpawned: {"agent_name": "fake", "opening": "hello"},
            e.SessionWorking: {"tree": tree, "handle": HANDLE, "incarnation": 1},
            e.StopRequested: {"reason": "the server was shut down"},
            e.SessionExited: {"exit_code": 3, "reason": "it ended with exit code 3"},
            e.RestoreRequested: {"opening": "again"},
        }
        for kind in kinds:
            event = kind(session_id=who, project_id=project, **particulars.get(kind, {}))
            record = advance(record, event)
            told = (Message(who, 1, "hello", e.now()),) if kind is e.SessionSpawned else ()
            if kind is e.SessionWorking and heard:
                told = (Message(who, 1, "hello", e.now(), state=MessageState.WRITTEN),)
            await store.append(Step((event,), record, told))
        return record

    return live


@pytest.fixture
def outlived(world: World) -> Callable[[], FakeTerminal]:
    """Let the agent of the session have outlived the server."""

    def live_on() -> FakeTerminal:
        terminal = FakeTerminal(world, Launch(Hold(WHO, 1, world.folder, 1, 5, 600), (), {}, "."))
        terminal.taken = 1
        world.held[WHO] = terminal
        return terminal

    return live_on


@pytest.fixture
async def begin(
    nursery: trio.Nursery,
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
) -> Callable[[], Awaitable[Supervisor]]:
    """Start the next server."""

    async def start() -> Supervisor:
        supervisor = supervise(nursery, projects, store, timeouts)
        await supervisor.recover()
        return supervisor

    return start


Live = Callable[..., Awaitable[SessionRecord]]
Begin = Callable[[], Awaitable[Supervisor]]
Outlive = Callable[[], FakeTerminal]
RUNNING = (e.SessionSpawned, e.SessionWorking)


async def test_an_agent_that_lives_is_owned_again_and_hears_what_is_sent(
    lived: Live, outlived: Outlive, begin: Begin, autojump_clock: trio.abc.Clock
) -> None:
    terminal = outlived()
    await lived(*RUNNING)
    supervisor = await begin()
    assert status(supervisor.get(WHO)) == "Working"
    await supervisor.send(WHO, Letter("still there?"))
    assert terminal.heard == [b"still there?\n"]
    await supervisor.kill(WHO)
    assert status(supervisor.get(WHO)) == "Killed"
    assert not terminal.survivors()


async def test_an_agent_that_had_not_heard_its_prompt_hears_it_now(
    lived: Live, outlived: Outlive, begin: Begin, autojump_clock: trio.abc.Clock
) -> None:
    terminal = outlived()
    terminal.taken = 0
    await lived(*RUNNING, heard=False)
    await begin()
    await trio.sleep(1)
    assert terminal.heard == [b"hello\n"]


async def test_an_agent_whose_command_holds_the_prompt_is_not_told_it_again(
    lived: Live, outlived: Outlive, begin: Begin, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.holds_prompt = True
    terminal = outlived()
    terminal.taken = 0
    await lived(*RUNNING)
    await begin()
    await trio.sleep(1)
    assert terminal.heard == []


@pytest.mark.parametrize(("code", "expected"), [(0, "Done"), (3, "Exited"), (None, "Exited")])
async def test_an_agent_that_ended_meanwhile_is_accounted_for(
    code: int | None,
    expected: str,
    lived: Live,
    outlived: Outlive,
    begin: Begin,
    autojump_clock: trio.abc.Clock,
) -> None:
    outlived().die(code)
    await lived(*RUNNING)
    supervisor = await begin()
    await trio.sleep(1)
    record = supervisor.get(WHO)
    assert (status(record), record.exit_code) == (expected, code)
    assert record.handle is None
    assert bool(record.reason) is (expected == "Exited")


async def test_of_an_agent_that_is_gone_whatever_is_left_is_ended_and_it_can_be_restored(
    lived: Live, begin: Begin, world: World, autojump_clock: trio.abc.Clock
) -> None:
    await lived(*RUNNING)
    supervisor = await begin()
    await trio.sleep(1)
    assert world.terminals[0].graces
    assert world.terminals[0].released
    assert "ended" in (supervisor.get(WHO).reason or "")
    assert status(await supervisor.restore(WHO)) == "Working"


async def test_a_kill_that_was_cut_short_is_finished(
    lived: Live, outlived: Outlive, begin: Begin, world: World, autojump_clock: trio.abc.Clock
) -> None:
    terminal = outlived()
    await lived(*RUNNING, e.KillRequested)
    supervisor = await begin()
    await trio.sleep(10)
    assert status(supervisor.get(WHO)) == "Killed"
    assert not terminal.survivors()
    assert world.removed, "its workspace"


async def test_a_stop_that_was_cut_short_is_finished_and_the_session_can_be_restored(
    lived: Live, outlived: Outlive, begin: Begin, autojump_clock: trio.abc.Clock
) -> None:
    terminal = outlived()
    await lived(*RUNNING, e.StopRequested)
    supervisor = await begin()
    await trio.sleep(10)
    record = supervisor.get(WHO)
    assert (status(record), record.reason) == ("Exited", "the server was shut down")
    assert not terminal.survivors()


@pytest.mark.parametrize("kinds", [[e.SessionSpawned], [e.SessionSpawned, e.KillRequested]])
async def test_a_spawn_that_nobody_was_told_of_is_undone(
    kinds: list[type[e.Event]],
    lived: Live,
    begin: Begin,
    world: World,
    store: MemoryStore,
    tmp_path: Path,
    autojump_clock: trio.abc.Clock,
) -> None:
    await lived(*kinds)
    output = tmp_path / "sessions" / WHO / "output"
    output.mkdir(parents=True)
    with capture_logs() as logs:
        supervisor = await begin()
        await trio.sleep(1)
    assert world.terminals[0].graces == [0], "what may run of it is ended at once"
    assert world.undone == [WHO]
    assert "not settled" not in str(logs)
    with pytest.raises(NotFound):
        supervisor.get(WHO)
    assert await store.load() == []
    while output.parent.exists():  # a thread does that, which no virtual clock waits for
        await trio.to_thread.run_sync(time.sleep, 0.01)


async def test_a_spawn_that_cannot_be_undone_is_told_of_and_is_no_obstacle(
    lived: Live, begin: Begin, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.undo_fails = CommandFailed(("git",), 128, "a lock is in the way")
    await lived(e.SessionSpawned)
    with capture_logs() as logs:
        supervisor = await begin()
        await trio.sleep(1)
    assert any("a lock is in the way" in str(line) for line in logs)
    assert supervisor.list(ended=True) == []
    assert await supervisor.spawn(Order(P, prompt="x"))


async def test_a_restore_that_was_cut_short_leaves_a_session_that_can_be_restored(
    lived: Live, begin: Begin, world: World, autojump_clock: trio.abc.Clock
) -> None:
    await lived(*RUNNING, e.SessionExited, e.RestoreRequested)
    supervisor = await begin()
    await trio.sleep(1)
    record = supervisor.get(WHO)
    assert status(record) == "Exited"
    assert "could not be restored" in (record.reason or "")
    assert world.undone == [], "its workspace is older than the restore"
    assert status(await supervisor.restore(WHO)) == "Working"


async def test_a_removal_that_was_cut_short_is_finished(
    lived: Live, begin: Begin, world: World, autojump_clock: trio.abc.Clock
) -> None:
    await lived(*RUNNING, e.KillRequested, e.SessionKilled)
    supervisor = await begin()
    await trio.sleep(1)
    assert len(world.removed) == 1
    assert supervisor.get(WHO).tree is None


async def test_a_workspace_with_work_stays_at_every_start(
    lived: Live, begin: Begin, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.removal = Removal(kept="it holds work")
    await lived(*RUNNING, e.KillRequested, e.SessionKilled)
    supervisor = await begin()
    await trio.sleep(1)
    assert supervisor.get(WHO).tree is not None


async def test_ended_sessions_are_known_and_left_alone(
    lived: Live, begin: Begin, world: World, autojump_clock: trio.abc.Clock
) -> None:
    await lived(*RUNNING, e.SessionFinished)
    await lived(*RUNNING, e.SessionExited, who=SessionId("p-2"))
    supervisor = await begin()
    assert [status(r) for r in supervisor.list(ended=True)] == ["Exited", "Done"]
    assert world.terminals == []
    assert (await supervisor.history(WHO))[0].event_type == "SessionSpawned"


async def test_a_session_of_a_project_that_is_no_longer_configured_is_owned_all_the_same(
    lived: Live, outlived: Outlive, begin: Begin, autojump_clock: trio.abc.Clock
) -> None:
    outlived()
    await lived(*RUNNING, project=ProjectId("gone"))
    supervisor = await begin()
    assert status(supervisor.get(WHO)) == "Working"
    await supervisor.kill(WHO)
    with pytest.raises(NotFound, match="gone"):
        await supervisor.spawn(Order(ProjectId("gone"), prompt="x"))


async def test_what_belongs_to_no_session_is_ended_and_told(
    begin: Begin, world: World, tmp_path: Path, autojump_clock: trio.abc.Clock
) -> None:
    (tmp_path / "sessions" / "p-lost").mkdir(parents=True)
    world.left = [Stray("/w/p-old", kept="it holds work"), Stray("/w/p-older", kept=None)]
    with capture_logs() as logs:
        await begin()
    assert [terminal.launch.hold.session_id for terminal in world.terminals] == ["p-lost"]
    assert world.terminals[0].graces
    told = [line.get("workspace") for line in logs]
    assert {"p-old", "p-older"} <= set(told)


async def test_nothing_is_spawned_before_everything_is_taken_over(
    nursery: trio.Nursery,
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    autojump_clock: trio.abc.Clock,
) -> None:
    supervisor = supervise(nursery, projects, store, timeouts)
    with pytest.raises(Unavailable, match="taking over"):
        await supervisor.spawn(Order(P, prompt="x"))
    await supervisor.recover()
    assert await supervisor.spawn(Order(P, prompt="x"))


async def test_a_server_that_detaches_leaves_agents_running_and_calls_off_what_is_being_started(
    supervisor: Supervisor, world: World, nursery: trio.Nursery, autojump_clock: trio.abc.Clock
) -> None:
    record = await supervisor.spawn(Order(P, prompt="x"))
    world.checkout_takes = 5.0
    refused: list[Exception] = []

    async def late() -> None:
        try:
            await supervisor.spawn(Order(P, prompt="y"))
        except Unavailable as error:
            refused.append(error)

    nursery.start_soon(late)
    await trio.sleep(1)
    await supervisor.close(6, detach=True)
    await trio.sleep(1)
    assert refused
    assert world.terminals[0].graces == []
    assert status(supervisor.get(record.id)) == "Working"
