"""A code host that sends word by itself: what it is about is looked at at once."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import pytest
import trio
from asking import settle, spawn, types
from fake_forges import PASSING, FakeScm, pull_request

from ennio.supervisor.errors import ForgeFailed, Invalid
from ennio.supervisor.lifecycle import status
from ennio.supervisor.records import Hint
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Clock = trio.abc.Clock


@dataclass
class Hooked(FakeScm):
    """A repository whose host signs its word with the name of that."""

    kind: str = "fake"
    listens: bool = True

    def hear(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        if headers.get("signed") != self.name:
            return None
        if not body:
            raise Invalid("there is nothing in it")
        words = body.decode().split()
        numbers = [int(one) for one in words if one.isdigit()]
        return Hint(frozenset(words), frozenset(numbers), frozenset(words))


@pytest.fixture
def scm() -> FakeScm:
    return Hooked()


@pytest.mark.parametrize("word", ["feat", "1", "c1"])
async def test_its_word_has_what_it_is_about_looked_at_at_once_and_in_full(
    begin: Begin, scm: Hooked, word: str, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=1000.0)
    session = (await spawn(supervisor, branch="feat")).id
    await spawn(supervisor, branch="other")
    scm.pulls.append(pull_request())
    assert supervisor.hear("fake", {"signed": "fake o/r"}, b"feat")
    await settle()
    assert status(supervisor.get(session)) == "PrOpen"
    scm.is_now(checks=PASSING)
    looks = len(scm.looks)
    assert supervisor.hear("fake", {"signed": "fake o/r"}, word.encode())
    await settle()
    assert status(supervisor.get(session)) == "CiPassing"
    (one,) = scm.looks[looks:]
    assert (one[1].branch, one[2]) == ("feat", True)


async def test_many_words_of_one_change_are_one_look_and_words_of_nothing_are_none(
    begin: Begin, scm: Hooked, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=1000.0)
    await spawn(supervisor, branch="feat")
    await settle()
    looks = len(scm.looks)
    for _ in range(5):
        supervisor.hear("fake", {"signed": "fake o/r"}, b"feat")
        supervisor.hear("fake", {"signed": "fake o/r"}, b"main 77")
        await trio.sleep(0.01)
    await settle()
    assert len(scm.looks) == looks + 1


async def test_a_word_that_comes_while_it_is_looked_at_is_not_missed(
    begin: Begin, scm: Hooked, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=1000.0)
    session = (await spawn(supervisor, branch="feat")).id
    scm.takes = 5.0
    supervisor.hear("fake", {"signed": "fake o/r"}, b"feat")
    await trio.sleep(2)
    scm.pulls.append(pull_request())
    supervisor.hear("fake", {"signed": "fake o/r"}, b"feat")
    await trio.sleep(12)
    assert status(supervisor.get(session)) == "PrOpen"


async def test_it_is_heard_while_the_host_is_let_rest(
    begin: Begin, scm: Hooked, autojump_clock: Clock
) -> None:
    scm.wait = 500.0
    supervisor = await begin()
    session = (await spawn(supervisor, branch="feat")).id
    await spawn(supervisor, branch="other")
    scm.pulls.append(pull_request())
    supervisor.hear("fake", {"signed": "fake o/r"}, b"feat")
    await trio.sleep(100)
    assert status(supervisor.get(session)) == "PrOpen"
    assert [sought.branch for _, sought, _ in scm.looks] == ["feat"]


async def test_a_look_for_its_word_that_fails_is_no_trouble_of_others(
    begin: Begin, scm: Hooked, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=1000.0)
    session, other = [(await spawn(supervisor, branch=branch)).id for branch in ("feat", "other")]
    supervisor.hear("fake", {"signed": "fake o/r"}, b"other")
    await settle()
    scm.fails = lambda sought: ForgeFailed("no") if sought.branch == "feat" else None
    supervisor.hear("fake", {"signed": "fake o/r"}, b"feat")
    await trio.sleep(100)
    assert "CodeHostLost" in await types(supervisor, session)
    assert "CodeHostLost" not in await types(supervisor, other)


async def test_a_word_that_nobody_proved_is_none_and_one_without_sense_is_refused(
    begin: Begin, scm: Hooked, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=1000.0)
    await spawn(supervisor, branch="feat")
    await settle()
    looks = len(scm.looks)
    assert not supervisor.hear("fake", {}, b"feat")
    assert not supervisor.hear("other", {"signed": "fake o/r"}, b"feat")
    with pytest.raises(Invalid):
        supervisor.hear("fake", {"signed": "fake o/r"}, b"")
    await settle()
    assert len(scm.looks) == looks
    assert supervisor.hooked("fake")
    assert not supervisor.hooked("other")
