"""What is told of agents with turns: permissions they ask for, and silences in which they seem stuck."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
import trio
from asking import settle, spawn, types
from fake_forges import FakeNotifier, FakeScm, pull_request, react
from turn_taking import TurnWorld, until

from ennio.supervisor import events as e
from ennio.supervisor.config import Approvals
from ennio.supervisor.events import now
from ennio.supervisor.ids import SessionId
from ennio.supervisor.outbox import Letter
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Live = Callable[..., Awaitable[None]]
Clock = trio.abc.Clock


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: object) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


def given(notifier: FakeNotifier) -> list[str]:
    return [notice.reaction for notice in notifier.given]


async def test_a_permission_that_only_an_operator_can_give_is_told_with_what_it_is(
    begin: Begin, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(approvals=Approvals("ask", 60))
    session = (await spawn(supervisor, prompt="ask 2")).id
    await until(lambda: len(supervisor.get(session).approvals) == 2)
    await settle()
    assert [one.text for one in notifier.given] == [
        "It asks for Bash: rm -rf q1-0",
        "It asks for Bash: rm -rf q1-1",
    ]
    for approval in supervisor.get(session).approvals:
        await supervisor.decide(session, approval.id, allow=True)
    await supervisor.send(session, Letter("ask"))
    await until(lambda: supervisor.get(session).approvals)
    await trio.sleep(5)
    assert given(notifier) == ["agent-needs-input"] * 3, "and that it waits is not told beside it"


@pytest.mark.parametrize("policy", ["allow", "deny"])
async def test_one_that_a_rule_gives_or_denies_is_nothing_to_tell(
    begin: Begin, notifier: FakeNotifier, policy: str, autojump_clock: Clock
) -> None:
    supervisor = await begin(approvals=Approvals(policy, 60))
    await spawn(supervisor, prompt="ask")
    await trio.sleep(20)
    assert given(notifier) == []


# Stuck.


async def test_a_silence_in_a_turn_is_told_once_with_what_was_seen_last(
    begin: Begin, notifier: FakeNotifier, monkeypatch: pytest.MonkeyPatch, autojump_clock: Clock
) -> None:
    then = now()
    virtual = lambda: then + timedelta(seconds=trio.current_time())  # noqa: E731
    monkeypatch.setattr("ennio.supervisor.hearing.now", virtual)
    supervisor = await begin()
    session = (await spawn(supervisor, prompt="sleep 3000")).id
    await trio.sleep(590)
    assert given(notifier) == []
    await trio.sleep(20)
    (notice,) = notifier.given
    assert notice.reaction == "agent-stuck"
    assert notice.text.startswith("Nothing was heard of it for 60")
    assert "What was seen last:\n" in notice.text
    await trio.sleep(2000)
    assert given(notifier) == ["agent-stuck"]
    await trio.sleep(1000)
    await supervisor.send(session, Letter("sleep 1000"))
    await trio.sleep(900)
    assert given(notifier) == ["agent-stuck"] * 2, "it is another silence"


async def test_who_waits_for_a_message_or_a_permission_is_not_stuck(
    begin: Begin, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(approvals=Approvals("ask", 5000))
    await spawn(supervisor, prompt="hello")
    await spawn(supervisor, prompt="ask")
    await trio.sleep(3000)
    assert given(notifier) == ["agent-needs-input"]


async def test_who_waits_for_a_reviewer_is_not_stuck(
    begin: Begin, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    await spawn(supervisor, prompt="sleep 5000", branch="feat")
    scm.pulls.append(pull_request())
    await trio.sleep(2000)
    assert given(notifier) == []
    scm.is_now(draft=True)
    await trio.sleep(100)
    assert given(notifier) == ["agent-stuck"]


async def test_the_next_server_does_not_tell_of_the_same_silence(
    live: Live, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    async def begun(supervisor: Supervisor) -> None:
        await spawn(supervisor, prompt="sleep 9000")
        await trio.sleep(700)

    async def wait(supervisor: Supervisor) -> None:
        await trio.sleep(700)

    await live(begun)
    await live(wait)
    assert given(notifier) == ["agent-stuck"]


async def test_it_may_be_told_to_go_on_instead_and_an_operator_if_that_is_no_use(
    begin: Begin, world: TurnWorld, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    rules = react(agent_stuck={"action": "send_to_agent", "message": "Go on.", "escalate_after": 120.0})
    supervisor = await begin(reactions=rules)
    session: SessionId = (await spawn(supervisor, prompt="sleep 3000")).id
    await trio.sleep(650)
    assert [one.text for one in await supervisor.messages(session)] == ["sleep 3000", "Go on."]
    assert given(notifier) == []
    await trio.sleep(100)
    (notice,) = notifier.given
    assert (notice.reaction, notice.escalated) == ("agent-stuck", True)
    await trio.sleep(2000)
    assert given(notifier) == ["agent-stuck"]
    history = await supervisor.history(session)
    assert sum(isinstance(one, e.ReactionTriggered) for one in history) == 1
    await trio.sleep(400)
    assert world.told["Go on."] == 1


async def test_where_it_is_not_enabled_nobody_is_told(
    begin: Begin, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(agent_stuck={"enabled": False}))
    session = (await spawn(supervisor, prompt="sleep 3000")).id
    await trio.sleep(2000)
    assert given(notifier) == []
    assert "ReactionTriggered" not in await types(supervisor, session)
