"""Waiting for a session, in virtual time, over a client that is told what to see."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast, get_args

import pytest
import trio
from trio.testing import MockClock

from ennio.http.client import Client, Refused
from ennio.http.mcp.waiting import LOOK, settled
from ennio.http.states import Activity, Status
from ennio.supervisor import Activity as ActivityOfTheCore
from ennio.supervisor import Phase, ProjectId, SessionId, SessionRecord, status
from ennio.supervisor.review import RULES


class Seen:
    """A session that looks each time like the next of these; in the end it stays as it is."""

    def __init__(self, *looks: str) -> None:
        self.looks = list(looks)
        self.count = 0

    async def get(self, session_id: str) -> Any:
        await trio.lowlevel.checkpoint()
        self.count += 1
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if look == "gone":
            raise Refused(404, f"there is no session {session_id}")
        status, _, activity = look.partition(" ")
        return {"id": session_id, "status": status, "activity": activity or None}


async def wait(seen: Seen, words: list[str] | None = None, seconds: float = 60) -> tuple[bool, str, float]:
    """Wait, and return whether it was reached, how it looks, and how long that took."""
    began = trio.current_time()
    reached, session = await settled(cast(Client, seen), "p-1", words, seconds)
    return reached, f"{session['status']} {session['activity']}", trio.current_time() - began


AT_WORK = ["Spawning", "Working", "Working Active", "PrOpen Active", "CiFixSent Active"]


@pytest.mark.parametrize("look", AT_WORK)
async def test_an_agent_at_work_is_waited_for(look: str, autojump_clock: MockClock) -> None:
    reached, _, took = await wait(Seen(look), seconds=10)

    assert (reached, took) == (False, 10)


@pytest.mark.parametrize(
    "look", ["Working Ready", "Working Idle", "Working WaitingInput", "Working Blocked", "PrOpen Exited"]
)
async def test_an_agent_that_waits_for_something_is_at_rest(look: str, autojump_clock: MockClock) -> None:
    assert await wait(Seen(*AT_WORK, look)) == (True, look, (len(AT_WORK) + 1) * LOOK)


@pytest.mark.parametrize("look", ["Merged Active", "Done Exited", "Exited Exited", "Killed Exited"])
async def test_what_has_ended_is_not_waited_for_any_longer(look: str, autojump_clock: MockClock) -> None:
    assert await wait(Seen(look)) == (True, look, 0)


async def test_an_agent_that_was_told_something_a_moment_ago_is_not_taken_for_one_at_rest(
    autojump_clock: MockClock,
) -> None:
    seen = Seen("Working Ready", "Working Active", "Working Active", "Working Ready")

    assert await wait(seen) == (True, "Working Ready", 4 * LOOK)


@pytest.mark.parametrize(
    ("words", "look"),
    [
        (["Active"], "Working Active"),
        (["CiFailed", "Approved"], "Approved Idle"),
        (["Exited"], "PrOpen Exited"),
        (["Exited"], "Exited Exited"),
    ],
)
async def test_words_are_of_the_status_or_the_activity(
    words: list[str], look: str, autojump_clock: MockClock
) -> None:
    assert await wait(Seen("Working Ready", look), words) == (True, look, LOOK)


async def test_words_that_do_not_come_are_waited_for_no_longer_than_was_asked(
    autojump_clock: MockClock,
) -> None:
    seen = Seen("Working Ready")

    assert await wait(seen, ["Merged"], seconds=2.5) == (False, "Working Ready", 2.5)
    assert seen.count == 4


async def test_a_session_that_is_forgotten_meanwhile_is_told_of(autojump_clock: MockClock) -> None:
    with pytest.raises(Refused, match="there is no session"):
        await wait(Seen("Spawning", "gone"))


def test_all_words_that_a_session_may_have_can_be_waited_for() -> None:
    born = SessionRecord(SessionId("p-1"), ProjectId("p"), "demo", datetime(2026, 1, 2, tzinfo=UTC))
    of_sessions = {status(replace(born, phase=phase)) for phase in Phase}

    assert set(get_args(Activity)) == set(ActivityOfTheCore)
    assert set(get_args(Status)) == {*of_sessions, *(stage for stage, _ in RULES)}
