"""An Idempotency-Key, over the API and by itself, in virtual time."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from fakes import World
from quart.typing import TestClientProtocol as HttpClient
from structlog.testing import capture_logs
from trio.testing import MockClock

from ennio.http.requests import idempotency
from ennio.http.requests.idempotency import KEPT, PATIENCE, GivenAnswers
from ennio.supervisor import Answer, Conflict, DeadlineExceeded, EnnioError, Supervisor
from ennio.supervisor.stores.database import DatabaseStore
from ennio.supervisor.stores.memory import MemoryStore


def clock() -> datetime:
    """The time of day, as it goes by in virtual time."""
    return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=trio.current_time())


class Answers(MemoryStore):
    """A store that can be in trouble, and that may refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.works, self.refuses = trio.Event(), False
        self.works.set()

    async def recall(self, target: str, key: str) -> Answer | None:
        await self._try()
        return await super().recall(target, key)

    async def remember(self, answer: Answer) -> None:
        await self._try()
        await super().remember(answer)

    async def dismiss(self, target: str, key: str) -> None:
        await self._try()
        await super().dismiss(target, key)

    async def _try(self) -> None:
        await trio.lowlevel.checkpoint()
        await self.works.wait()
        if self.refuses:
            raise EnnioError("no")


@pytest.fixture
def kept() -> Answers:
    """What outlives a server."""
    return Answers()


@pytest.fixture
def given(kept: Answers) -> GivenAnswers:
    return GivenAnswers(kept, clock)


class Deed:
    """Something that may be done once: counts how often it was, and fails as it is told to."""

    def __init__(self, seconds: float = 1, fails: int = 0) -> None:
        self.begun = self.done = 0
        self._seconds, self._fails = seconds, fails

    async def __call__(self) -> bytes:
        self.begun += 1
        number = self.begun
        await trio.sleep(self._seconds)
        if number <= self._fails:
            raise ValueError("it failed")
        self.done += 1
        return b"answer %d" % number


async def once(given: GivenAnswers, deed: Deed, *, target: str = "/x", key: str | None = "k",
               body: bytes = b"b", seconds: float = 10) -> bytes:  # fmt: skip
    return await given.once(target, key, body, seconds, deed)


async def test_the_second_time_the_first_answer_is_given(
    given: GivenAnswers, autojump_clock: MockClock
) -> None:
    deed = Deed()
    assert [await once(given, deed) for _ in range(3)] == [b"answer 1"] * 3
    assert deed.done == 1


async def test_without_a_key_it_is_done_each_time(given: GivenAnswers, autojump_clock: MockClock) -> None:
    deed = Deed()
    assert await once(given, deed, key=None) != await once(given, deed, key=None)


async def test_a_concurrent_one_waits_for_the_first(given: GivenAnswers, autojump_clock: MockClock) -> None:
    deed, answers = Deed(), list[bytes]()

    async def another() -> None:
        answers.append(await once(given, deed))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(another)
    assert answers == [b"answer 1"] * 5
    assert deed.begun == 1


async def test_another_body_is_a_conflict_at_once(given: GivenAnswers, autojump_clock: MockClock) -> None:
    deed = Deed(seconds=5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(once, given, deed)
        await trio.sleep(1)
        with pytest.raises(Conflict, match="another body"):
            await once(given, deed, body=b"c")
        assert deed.done == 0
    with pytest.raises(Conflict):
        await once(given, deed, body=b"c")
    assert deed.begun == 1


async def test_the_same_key_elsewhere_is_another_key(given: GivenAnswers, autojump_clock: MockClock) -> None:
    deed = Deed()
    assert await once(given, deed) == b"answer 1"
    assert await once(given, deed, target="/y", body=b"c") == b"answer 2"


async def test_a_failure_is_not_kept(given: GivenAnswers, autojump_clock: MockClock) -> None:
    deed = Deed(fails=1)
    with pytest.raises(ValueError, match="failed"):
        await once(given, deed)
    assert await once(given, deed, body=b"another one") == b"answer 2"


async def test_what_was_begun_and_will_be_completed_is_waited_for_and_not_done_again(
    given: GivenAnswers,
    autojump_clock: MockClock,
) -> None:
    deed, completed = Deed(fails=1), trio.Event()

    async def rest() -> bytes:
        await completed.wait()
        return b"in the end"

    async def again() -> bytes:
        return await given.once("/x", "k", b"b", 10, deed, lambda: True, rest)

    with pytest.raises(ValueError, match="it failed"):
        await again()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(again)
        await trio.sleep(1)
        completed.set()
    assert await again() == b"in the end"
    assert deed.begun == 1


@pytest.mark.parametrize("how", ["fails", "is cancelled"])
async def test_when_the_first_comes_to_nothing_one_of_those_who_wait_does_it(
    how: str, given: GivenAnswers, autojump_clock: MockClock
) -> None:
    deed = Deed(fails=how == "fails")
    answers: list[bytes] = []

    async def first() -> None:
        with trio.move_on_after(0.5 if how == "is cancelled" else 9), suppress(ValueError):
            await once(given, deed)

    async def another() -> None:
        answers.append(await once(given, deed))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(first)
        await trio.sleep(0.1)
        for _ in range(3):
            nursery.start_soon(another)
    assert answers == [b"answer 2"] * 3
    assert (deed.begun, deed.done) == (2, 1)


async def test_who_waits_keeps_a_time_limit_of_its_own(
    given: GivenAnswers, autojump_clock: MockClock
) -> None:
    deed = Deed(seconds=5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(once, given, deed)
        await trio.sleep(1)
        with pytest.raises(DeadlineExceeded, match="Idempotency-Key"):
            await once(given, deed, seconds=1)
    assert await once(given, deed, seconds=1) == b"answer 1"


async def test_an_answer_is_kept_for_a_day(given: GivenAnswers, autojump_clock: MockClock) -> None:
    deed = Deed()
    await once(given, deed)
    await trio.sleep(KEPT.total_seconds() - 1)
    assert await once(given, deed) == b"answer 1"
    await trio.sleep(1)
    assert await once(given, deed, body=b"c") == b"answer 2"


async def killed(given: GivenAnswers, kept: Answers, **how: Any) -> GivenAnswers:
    """Begin a request, kill the server in its midst, and return what the next server has."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: given.once("/x", "k", b"b", 10, Deed(seconds=99), **how))
        await trio.sleep(1)
        kept.works = trio.Event()  # nothing is stored any more
        nursery.cancel_scope.cancel()
    kept.works = trio.Event()
    kept.works.set()
    return GivenAnswers(kept, clock)


async def nothing() -> bytes:
    return b"nothing"


async def test_an_answer_outlives_the_server(
    given: GivenAnswers, kept: Answers, autojump_clock: MockClock
) -> None:
    deed = Deed()
    await once(given, deed)
    await trio.sleep(KEPT.total_seconds() - 1)
    again = GivenAnswers(kept, clock)
    assert await once(again, deed) == b"answer 1"
    with pytest.raises(Conflict, match="another body"):
        await once(again, deed, body=b"c")
    assert await once(again, deed, key="other") == b"answer 2"
    await trio.sleep(1)
    assert await once(again, deed) == b"answer 3"


async def test_what_a_killed_server_only_began_is_done_again_where_its_end_undid_it(
    given: GivenAnswers, kept: Answers, autojump_clock: MockClock
) -> None:
    again, deed = await killed(given, kept), Deed()
    assert await once(again, deed, body=b"c") == b"answer 1"
    assert await once(again, deed, body=b"c") == b"answer 1"


async def test_of_what_a_killed_server_may_have_done_nobody_knows_the_end(
    given: GivenAnswers, kept: Answers, autojump_clock: MockClock
) -> None:
    again, deed = await killed(given, kept, begun=lambda: True, rest=nothing), Deed()
    for _ in range(2):
        with pytest.raises(Conflict, match="is not known: look at the session's messages and output"):
            await again.once("/x", "k", b"b", 10, deed, lambda: False, nothing)
    with pytest.raises(Conflict, match="another body"):
        await again.once("/x", "k", b"c", 10, deed, lambda: False, nothing)
    assert deed.begun == 0
    await trio.sleep(KEPT.total_seconds())
    assert await again.once("/x", "k", b"c", 10, deed, lambda: False, nothing) == b"answer 1"


async def test_what_failed_before_the_server_was_killed_is_done_again(
    given: GivenAnswers, kept: Answers, autojump_clock: MockClock
) -> None:
    deed = Deed(fails=1)
    with pytest.raises(ValueError, match="failed"):
        await given.once("/x", "k", b"b", 10, deed, lambda: False, nothing)
    again = GivenAnswers(kept, clock)
    assert await again.once("/x", "k", b"b", 10, deed, lambda: False, nothing) == b"answer 2"


async def test_what_was_completed_in_the_end_is_stored_too(
    given: GivenAnswers, kept: Answers, autojump_clock: MockClock
) -> None:
    deed = Deed(fails=1)

    async def once_more(given: GivenAnswers, rest: Callable[[], Awaitable[bytes]] = nothing) -> bytes:
        return await given.once("/x", "k", b"b", 10, deed, lambda: True, rest)

    async def fails() -> bytes:
        raise EnnioError("it came to nothing")

    with pytest.raises(ValueError, match="it failed"):
        await once_more(given)
    assert await once_more(given) == b"nothing"
    assert await once_more(GivenAnswers(kept, clock)) == b"nothing"
    assert deed.begun == 1

    deed.begun = 0
    with pytest.raises(ValueError, match="it failed"):
        await given.once("/x", "l", b"b", 10, deed, lambda: True, fails)
    with pytest.raises(EnnioError, match="it came to nothing"):
        await given.once("/x", "l", b"b", 10, deed, lambda: True, fails)
    assert await given.once("/x", "l", b"b", 10, deed, lambda: True, fails) == b"answer 2"


async def test_while_nothing_can_be_stored_a_request_with_a_key_waits_and_is_not_begun(
    given: GivenAnswers, kept: Answers, autojump_clock: MockClock
) -> None:
    kept.works, deed = trio.Event(), Deed()
    assert await once(given, deed, key=None) == b"answer 1"
    with pytest.raises(DeadlineExceeded, match=r"storing that a request .* took longer than 3 s"):
        await once(given, deed, seconds=3)
    assert trio.current_time() <= 3 + PATIENCE + 2
    assert deed.begun == 1
    async with trio.open_nursery() as nursery:
        nursery.start_soon(once, given, deed)
        await trio.sleep(5)
        kept.works.set()
    assert await once(given, deed) == b"answer 2"


@pytest.mark.parametrize("how", ["is in trouble", "refuses"])
async def test_an_end_that_cannot_be_stored_is_known_for_as_long_as_the_server_lives(
    given: GivenAnswers, kept: Answers, how: str, autojump_clock: MockClock
) -> None:
    deed, failing, works = Deed(), Deed(fails=1), kept.works

    async def break_it() -> None:
        await trio.sleep(0.5)
        if how == "refuses":
            kept.refuses = True
        else:
            kept.works = trio.Event()

    with capture_logs() as logs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(break_it)
            nursery.start_soon(once, given, deed)
            with pytest.raises(ValueError, match="failed"):
                await once(given, failing, key="l")
        assert await once(given, deed) == b"answer 1"
    assert len(logs) == (2 if how == "refuses" else 0)
    kept.works, kept.refuses = works, False
    assert await once(given, deed) == b"answer 1"
    assert await once(given, failing, key="l") == b"answer 2"
    await trio.sleep(KEPT.total_seconds())
    assert await once(given, deed, body=b"c") == b"answer 2"


async def test_memory_holds_on_to_so_many_ends_and_no_more(
    given: GivenAnswers, kept: Answers, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(idempotency, "MOST", 3)
    for number in range(9):
        deed = Deed(fails=1)
        with pytest.raises(ValueError, match="it failed"):
            await given.once("/x", str(number), b"b", 10, deed, lambda: True, nothing)
    assert len(given._attempts) == 3
    assert await given.once("/x", "8", b"b", 10, deed, lambda: True, nothing) == b"nothing"
    with pytest.raises(Conflict, match="is not known"):
        await given.once("/x", "0", b"b", 10, deed, lambda: True, nothing)


async def test_an_answer_outlives_the_server_in_a_real_database(tmp_path: Path) -> None:
    deed = Deed(seconds=0)
    for _ in range(2):
        store = DatabaseStore(f"sqlite:{tmp_path / 'e.db'}")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.run_forever)
            assert await GivenAnswers(store).once("/x", "k", b"\xff\0", 10, deed) == b"answer 1"
            nursery.cancel_scope.cancel()
        await store.aclose()
    assert deed.begun == 1


OWN = {"Host": "localhost"}
SPAWN = {"project_id": "p", "prompt": "x"}


async def test_a_spawn_with_a_key_is_done_once(client: HttpClient, supervisor: Supervisor) -> None:
    async def post(path: str, content: dict[str, Any]) -> tuple[int, bytes]:
        headers = {**OWN, "Idempotency-Key": "k" * 255}
        answer = await client.post(path, headers=headers, json=content)
        return answer.status_code, bytes(await answer.get_data())

    spawn = "/api/v1/sessions"
    first = await post(spawn, SPAWN)
    assert first[0] == 200
    assert await post(spawn, dict(reversed(SPAWN.items()))) == first
    assert (await post(f"{spawn}?timeout=2", SPAWN)) == first
    assert (await post(spawn, {**SPAWN, "role": "r"}))[0] == 409
    assert len(supervisor.list(ended=True)) == 1


async def test_a_message_with_a_key_is_sent_once(
    client: HttpClient, supervisor: Supervisor, world: World
) -> None:
    await client.post("/api/v1/sessions", headers=OWN, json=SPAWN)
    session_id = supervisor.list()[0].id
    for _ in range(3):
        answer = await client.post(
            f"/api/v1/sessions/{session_id}/send",
            headers={**OWN, "Idempotency-Key": "k"},
            json={"message": "hello"},
        )
        assert await answer.get_json() == {"data": "sent"}
    assert world.terminals[0].heard.count(b"hello\n") == 1


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb", "a\x7fb", "a\x00b"])
async def test_a_key_that_is_none_is_refused_and_nothing_done(
    client: HttpClient, supervisor: Supervisor, key: str
) -> None:
    answer = await client.post("/api/v1/sessions", headers={**OWN, "Idempotency-Key": key}, json=SPAWN)
    assert answer.status_code == 400
    assert "Idempotency-Key" in (await answer.get_json())["error"]
    assert supervisor.list() == []
