import pytest
import trio
from fakes import World
from trio.testing import wait_all_tasks_blocked

from ennio.supervisor.errors import (
    AgentMissing,
    Conflict,
    DeadlineExceeded,
    EnnioError,
    HookFailed,
    Invalid,
    NotFound,
    Survived,
    TooMany,
    Unavailable,
)
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.journal import Journal, JournalFailed
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.protocols import Removal
from ennio.supervisor.records import Activity, Order, Phase, SessionRecord
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

P, Q = ProjectId("p"), ProjectId("q")


async def spawn(supervisor: Supervisor, **wishes: str) -> SessionRecord:
    return await supervisor.spawn(Order(P, **{"prompt": "do it", **wishes}))


async def types(supervisor: Supervisor, session_id: SessionId) -> list[str]:
    return [event.event_type for event in await supervisor.history(session_id)]


async def settle() -> None:
    await trio.sleep(1)


def only(supervisor: Supervisor) -> SessionRecord:
    (record,) = supervisor.list(ended=True)
    return record


# Spawning.


async def test_a_spawned_session_works_and_its_agent_hears_the_prompt_first(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await supervisor.send(record.id, Letter("more"))
    assert status(record) == "Working"
    assert record.branch == f"ennio/{record.id}"
    assert world.terminals[0].heard == [b"do it\n", b"more\n"]
    assert await types(supervisor, record.id) == ["SessionSpawned", "SessionWorking"]


async def test_the_agent_is_given_the_session_and_the_rules_of_its_project(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await supervisor.spawn(Order(Q, prompt="do it", branch="feat", role="critic"))
    await settle()
    env = world.terminals[0].launch.env
    assert env["ENNIO_SESSION_ID"] == record.id
    assert (env["ENNIO_PROJECT_ID"], env["ENNIO_BRANCH"], env["ENNIO_ROLE"]) == ("q", "feat", "critic")
    assert (env["HOME"], env["AGENT"], env["ENNIO_ISSUE_ID"]) == ("/home/x", "fake", "")
    assert world.terminals[0].heard == [b"Be kind\nTest\n\ndo it\n"]


async def test_a_prompt_that_the_command_holds_is_not_sent_again(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.holds_prompt = True
    await spawn(supervisor)
    await settle()
    assert world.terminals[0].launch.argv == ("agent", "do it")
    assert world.terminals[0].heard == []


@pytest.mark.parametrize("error", [Conflict("checked out"), HookFailed("npm: no"), AgentMissing("no agent")])
@pytest.mark.parametrize("where", ["checkout_fails", "launch_fails"])
async def test_a_spawn_that_fails_leaves_nothing_and_says_why(
    supervisor: Supervisor,
    world: World,
    store: MemoryStore,
    error: EnnioError,
    where: str,
    autojump_clock: trio.abc.Clock,
) -> None:
    setattr(world, where, error)
    with pytest.raises(type(error)) as raised:
        await spawn(supervisor)
    assert raised.value is error
    assert supervisor.list(ended=True) == []
    assert world.trees == {}
    await settle()
    assert store._records == store._events == {}


@pytest.mark.parametrize("slow", ["checkout_takes", "launch_takes"])
async def test_a_slow_spawn_is_undone_and_the_error_says_what_was_waited_for(
    supervisor: Supervisor, world: World, slow: str, autojump_clock: trio.abc.Clock
) -> None:
    setattr(world, slow, 60.0)
    waited_for = {"checkout_takes": "workspace", "launch_takes": "agent's start"}[slow]
    with pytest.raises(DeadlineExceeded, match=f"longer than 30 s.*{waited_for}"):
        await spawn(supervisor)
    assert supervisor.list(ended=True) == []
    assert (world.trees, world.terminals) == ({}, [])


@pytest.mark.parametrize("gone_after", [0, 0.5, 1, 1.5, 2, 2.01])
async def test_a_spawner_that_goes_away_leaves_nothing_or_a_whole_session(
    supervisor: Supervisor, world: World, gone_after: float, autojump_clock: trio.abc.Clock
) -> None:
    world.checkout_takes = world.launch_takes = 1.0
    with trio.move_on_after(gone_after) as scope:
        await spawn(supervisor)
    if scope.cancelled_caught:
        await settle()
        assert supervisor.list(ended=True) == []
        assert world.trees == {}
        assert all(terminal.released for terminal in world.terminals)
    else:
        assert status(only(supervisor)) == "Working"


async def test_orders_that_cannot_be_served_are_refused_before_anything_is_made(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    with pytest.raises(NotFound, match="nope"):
        await supervisor.spawn(Order(ProjectId("nope"), prompt="x"))
    with pytest.raises(Invalid, match="tracker"):
        await spawn(supervisor, issue_id="7")
    world.program = "no-such-program"
    with pytest.raises(AgentMissing, match="no-such-program"):
        await spawn(supervisor)
    assert supervisor.list(ended=True) == []


async def test_a_full_project_refuses_and_others_do_not(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    first, _ = [await supervisor.spawn(Order(Q, prompt="x")) for _ in range(2)]
    with pytest.raises(TooMany, match="2 sessions"):
        await supervisor.spawn(Order(Q, prompt="x"))
    await spawn(supervisor)
    await supervisor.kill(first.id)
    await supervisor.spawn(Order(Q, prompt="x"))


async def test_many_spawns_at_once_count_against_the_limit_while_they_are_spawning(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.checkout_takes, refused = 1.0, []

    async def one() -> None:
        try:
            await supervisor.spawn(Order(Q, prompt="x"))
        except TooMany as error:
            refused.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(one)
    assert len(refused) == 3
    assert len(supervisor.list(project_id=Q)) == 2


# Killing.


async def test_a_killed_session_is_gone_with_its_clean_workspace_and_stays_known(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await supervisor.kill(record.id)
    assert world.terminals[0].graces[0] == 5
    assert status(supervisor.get(record.id)) == "Killed"
    assert supervisor.list() == []
    await settle()
    assert supervisor.get(record.id).tree is None
    assert await types(supervisor, record.id) == [
        "SessionSpawned", "SessionWorking", "SessionKilled", "SessionCleaned",
    ]  # fmt: skip
    await supervisor.kill(record.id)


@pytest.mark.parametrize("removal", [Removal(kept="2 files are uncommitted"), Conflict("git is busy")])
async def test_a_workspace_with_work_in_it_stays_until_a_kill_finds_it_clean(
    supervisor: Supervisor,
    world: World,
    removal: Removal | EnnioError,
    autojump_clock: trio.abc.Clock,
) -> None:
    world.removal = removal
    record = await spawn(supervisor)
    await supervisor.kill(record.id)
    await settle()
    kept = supervisor.get(record.id).tree
    assert kept is not None
    assert kept.path == world.folder
    world.removal = Removal(kept=None)
    await supervisor.kill(record.id)
    await settle()
    assert supervisor.get(record.id).tree is None


async def test_a_second_kill_joins_the_first(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.dies_after = 2
    record, began = await spawn(supervisor), trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(supervisor.kill, record.id)
    assert trio.current_time() - began < 5
    assert (await types(supervisor, record.id)).count("SessionKilled") == 1


async def test_a_killer_that_goes_away_does_not_stop_the_kill(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.dies_after = 2
    record = await spawn(supervisor)
    with trio.move_on_after(0.5):
        await supervisor.kill(record.id)
    assert status(supervisor.get(record.id)) == "Working"
    await trio.sleep(3)
    assert status(supervisor.get(record.id)) == "Killed"


async def test_a_kill_that_outruns_its_time_names_the_survivors_and_goes_on(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.dies_after = 20
    record = await spawn(supervisor)
    with pytest.raises(Survived, match=r"longer than 15 s.*pid 4242 \(agent, state S, uid 0\)") as raised:
        await supervisor.kill(record.id)
    assert raised.value.survivors[0].pid == 4242
    with pytest.raises(Conflict):
        await supervisor.send(record.id, Letter("are you there?"))
    await trio.sleep(10)
    assert status(supervisor.get(record.id)) == "Killed"


async def test_a_spawning_session_can_be_killed_and_vanishes(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.checkout_takes = 5.0

    async def spawner() -> None:
        with pytest.raises(Conflict, match="killed while"):
            await spawn(supervisor)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(spawner)
        await trio.sleep(1)
        record = only(supervisor)
        assert status(record) == "Spawning"
        await supervisor.kill(record.id)
        assert supervisor.list(ended=True) == []
    assert world.trees == {}
    with pytest.raises(NotFound):
        await supervisor.kill(record.id)


async def test_a_kill_comes_before_queued_messages(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.reads = False
    record, refused = await spawn(supervisor), []

    async def sender(text: str) -> None:
        try:
            await supervisor.send(record.id, Letter(text))
        except Conflict as error:
            refused.append(error)

    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon(sender, str(number))
        await wait_all_tasks_blocked()
        began = trio.current_time()
        await supervisor.kill(record.id)
        assert trio.current_time() - began < 1
    assert len(refused) == 40
    assert world.terminals[0].heard == []


# Sending.


async def test_messages_of_one_sender_arrive_in_order(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    for number in range(50):
        await supervisor.send(record.id, Letter(str(number)))
    assert world.terminals[0].heard[1:] == [b"%d\n" % number for number in range(50)]


async def test_a_message_that_is_not_read_in_time_is_withdrawn(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await settle()
    world.reads = False
    with pytest.raises(DeadlineExceeded, match=r"longer than 2 s.*does not read.*withdrawn"):
        await supervisor.send(record.id, Letter("lost"), seconds=2)
    world.reads = True
    await supervisor.send(record.id, Letter("found"))
    assert world.terminals[0].heard == [b"do it\n", b"found\n"]


async def test_a_message_that_was_begun_is_completed_before_any_other(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await settle()
    world.reads, world.takes_first = False, True
    with pytest.raises(DeadlineExceeded, match=r"will be completed"):
        await supervisor.send(record.id, Letter("long"))
    with pytest.raises(DeadlineExceeded, match="withdrawn"):
        await supervisor.send(record.id, Letter("queued"), seconds=3)
    world.reads = True
    world.read_again.set()
    await supervisor.send(record.id, Letter("last"))
    assert world.terminals[0].heard == [b"do it\n", b"long\n", b"last\n"]


async def test_senders_beyond_the_outbox_wait_and_get_their_turn(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await settle()
    world.reads, world.takes_first = False, True
    async with trio.open_nursery() as nursery:
        for number in range(60):
            nursery.start_soon(supervisor.send, record.id, Letter(str(number)))
        await trio.sleep(5)
        world.reads = True
        world.read_again.set()
    assert sorted(world.terminals[0].heard[1:]) == sorted(b"%d\n" % number for number in range(60))


@pytest.mark.parametrize("code", [0, 1])
async def test_a_session_whose_agent_does_not_run_takes_no_message(
    supervisor: Supervisor, world: World, code: int, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    world.terminals[0].die(code)
    await settle()
    with pytest.raises(Conflict, match="restore"):
        await supervisor.send(record.id, Letter("hello?"))


# Ending by itself, and being restored.


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


# What it seems to be doing.


async def test_activity_follows_the_output_and_becomes_idle_in_silence(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    seen = [supervisor.get(record.id).activity]
    for word in (b"working", b"still", b"may I?"):
        world.terminals[0].say(word)
        await settle()
        seen.append(supervisor.get(record.id).activity)
    await trio.sleep(61)
    seen.append(supervisor.get(record.id).activity)
    assert seen == [None, Activity.ACTIVE, Activity.ACTIVE, Activity.WAITING_INPUT, Activity.IDLE]
    assert (await types(supervisor, record.id)).count("ActivityChanged") == 3
    assert supervisor.get(record.id).last_activity_at is not None


# Listing.


async def test_sessions_are_listed_newest_first_by_project_and_page_by_page(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    a, b, c = [await spawn(supervisor) for _ in range(3)]
    q = await supervisor.spawn(Order(Q, prompt="x"))
    await supervisor.kill(b.id)

    def ids(**wishes: object) -> list[str]:
        return [record.id for record in supervisor.list(**wishes)]

    assert ids() == [q.id, c.id, a.id]
    assert ids(ended=True) == [q.id, c.id, b.id, a.id]
    assert ids(project_id=P) == [c.id, a.id]
    assert ids(limit=2) == [q.id, c.id]
    assert ids(after=c.id, ended=True) == [b.id, a.id]
    assert ids(after=b.id) == [a.id]
    with pytest.raises(NotFound):
        ids(project_id=ProjectId("nope"))
    with pytest.raises(NotFound):
        ids(after=SessionId("nope"))


# One for one, and the end of everything.


@pytest.mark.parametrize("broken", ["read", "write"])
async def test_a_session_that_crashes_ends_its_agent_and_leaves_its_siblings_alone(
    supervisor: Supervisor, world: World, broken: str, autojump_clock: trio.abc.Clock
) -> None:
    async def bug(*_: object) -> None:
        raise ZeroDivisionError

    unlucky, lucky = await spawn(supervisor), await spawn(supervisor)
    await settle()
    setattr(world.terminals[0], broken, bug)
    world.terminals[0].say(b"x")
    if broken == "write":
        with pytest.raises((Conflict, ExceptionGroup)):
            await supervisor.send(unlucky.id, Letter("x"))
    await settle()
    crashed = supervisor.get(unlucky.id)
    assert (status(crashed), crashed.phase) == ("Exited", Phase.FAILED)
    assert "ZeroDivisionError" in (crashed.reason or "")
    assert world.terminals[0].graces
    assert status(supervisor.get(lucky.id)) == "Working"
    assert status(await supervisor.restore(unlucky.id)) == "Working"
    await supervisor.kill(unlucky.id)


async def test_a_bug_while_spawning_reaches_the_spawner_and_leaves_nothing(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.checkout_fails = ZeroDivisionError("bug")
    with pytest.raises(ExceptionGroup):
        await spawn(supervisor)
    await settle()
    assert supervisor.list(ended=True) == []
    assert world.trees == {}


async def test_a_journal_that_fails_stops_the_server(
    projects: dict, store: MemoryStore, timeouts: object, autojump_clock: trio.abc.Clock
) -> None:
    async def full(*_: object) -> None:
        raise OSError("no space left on device")

    store.append = full
    with pytest.RaisesGroup(JournalFailed, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            blind = Supervisor(nursery, projects, Journal(store), timeouts)
            try:
                await spawn(blind)
            except* JournalFailed:
                await trio.sleep_forever()


async def test_closing_stops_every_agent_to_be_restored_later_and_refuses_new_work(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    running = await spawn(supervisor)
    ended = await spawn(supervisor)
    world.terminals[1].die(0)
    await settle()
    world.checkout_takes = 5.0

    async def spawner() -> None:
        with pytest.raises(Unavailable):
            await spawn(supervisor)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(spawner)
        await trio.sleep(1)
        await supervisor.close(4)
    stopped = supervisor.get(running.id)
    assert (status(stopped), stopped.reason) == ("Exited", "the server was shut down")
    assert world.terminals[0].graces[0] == 2
    assert status(supervisor.get(ended.id)) == "Done"
    assert [record.id for record in supervisor.list(ended=True)] == [ended.id, running.id]
    with pytest.raises(Unavailable):
        await spawn(supervisor)


async def test_closing_ends_in_time_even_if_agents_do_not(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.dies_after = 60
    await spawn(supervisor)
    began = trio.current_time()
    await supervisor.close(4)
    assert trio.current_time() - began == pytest.approx(4, abs=0.1)
