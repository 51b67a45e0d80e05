"""An Idempotency-Key, over the API and by itself, in virtual time."""

from contextlib import suppress
from typing import Any

import pytest
import trio
from fakes import World
from quart.typing import TestClientProtocol as HttpClient
from trio.testing import MockClock

from ennio.http.requests import idempotency
from ennio.http.requests.idempotency import KEPT, GivenAnswers
from ennio.supervisor import Conflict, DeadlineExceeded, Supervisor


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


async def test_the_second_time_the_first_answer_is_given(autojump_clock: MockClock) -> None:
    given, deed = GivenAnswers(), Deed()
    assert [await once(given, deed) for _ in range(3)] == [b"answer 1"] * 3
    assert deed.done == 1


async def test_without_a_key_it_is_done_each_time(autojump_clock: MockClock) -> None:
    given, deed = GivenAnswers(), Deed()
    assert await once(given, deed, key=None) != await once(given, deed, key=None)


async def test_a_concurrent_one_waits_for_the_first(autojump_clock: MockClock) -> None:
    given, deed, answers = GivenAnswers(), Deed(), []

    async def another() -> None:
        answers.append(await once(given, deed))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(another)
    assert answers == [b"answer 1"] * 5
    assert deed.begun == 1


async def test_another_body_is_a_conflict_at_once(autojump_clock: MockClock) -> None:
    given, deed = GivenAnswers(), Deed(seconds=5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(once, given, deed)
        await trio.sleep(1)
        with pytest.raises(Conflict, match="another body"):
            await once(given, deed, body=b"c")
        assert deed.done == 0
    with pytest.raises(Conflict):
        await once(given, deed, body=b"c")
    assert deed.begun == 1


async def test_the_same_key_elsewhere_is_another_key(autojump_clock: MockClock) -> None:
    given, deed = GivenAnswers(), Deed()
    assert await once(given, deed) == b"answer 1"
    assert await once(given, deed, target="/y", body=b"c") == b"answer 2"


async def test_a_failure_is_not_kept(autojump_clock: MockClock) -> None:
    given, deed = GivenAnswers(), Deed(fails=1)
    with pytest.raises(ValueError, match="failed"):
        await once(given, deed)
    assert await once(given, deed, body=b"another one") == b"answer 2"


async def test_what_was_begun_and_will_be_completed_is_waited_for_and_not_done_again(
    autojump_clock: MockClock,
) -> None:
    given, deed, completed = GivenAnswers(), Deed(fails=1), trio.Event()

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
    how: str, autojump_clock: MockClock
) -> None:
    given, deed = GivenAnswers(), Deed(fails=how == "fails")
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


async def test_who_waits_keeps_a_time_limit_of_its_own(autojump_clock: MockClock) -> None:
    given, deed = GivenAnswers(), Deed(seconds=5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(once, given, deed)
        await trio.sleep(1)
        with pytest.raises(DeadlineExceeded, match="Idempotency-Key"):
            await once(given, deed, seconds=1)
    assert await once(given, deed, seconds=1) == b"answer 1"


async def test_an_answer_is_kept_for_a_day(autojump_clock: MockClock) -> None:
    given, deed = GivenAnswers(), Deed()
    await once(given, deed)
    await trio.sleep(KEPT - 1)
    assert await once(given, deed) == b"answer 1"
    await trio.sleep(1)
    assert await once(given, deed, body=b"c") == b"answer 2"


async def test_of_too_many_answers_the_oldest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(idempotency, "MOST", 3)
    given, deed = GivenAnswers(), Deed()
    for number in range(4):
        await once(given, deed, key=str(number))
    assert await once(given, deed, key="1") == b"answer 2"
    assert await once(given, deed, key="0") == b"answer 5"


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
