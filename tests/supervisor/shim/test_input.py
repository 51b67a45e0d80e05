"""Letters are given whole, in order and once; what was not begun can be taken back."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.shim.input import Input, Letters


def test_a_letter_is_begun_with_its_first_byte_and_done_with_its_last() -> None:
    letters = Letters()
    assert letters.add(1, b"abc") == []
    assert letters.wrote(1) == [{"is": "begun", "seq": 1}]
    assert bytes(letters.next()) == b"bc"
    assert letters.wrote(2) == [{"is": "done", "seq": 1}]
    assert not letters.waiting


def test_a_number_is_taken_once_and_its_completion_is_told_again() -> None:
    letters = Letters()
    letters.add(1, b"a")
    assert letters.add(1, b"other") == []
    letters.wrote(1)
    assert letters.add(1, b"a") == [{"is": "done", "seq": 1}]
    assert not letters.waiting


def test_what_was_not_begun_can_be_withdrawn() -> None:
    letters = Letters()
    letters.add(1, b"a")
    letters.add(2, b"b")
    assert letters.withdraw(2) == [{"is": "withdrawn", "seq": 2}]
    letters.wrote(1)
    assert not letters.waiting


def test_what_was_begun_is_completed_and_the_withdrawal_says_so() -> None:
    letters = Letters()
    letters.add(1, b"abc")
    letters.wrote(1)
    assert letters.withdraw(1) == [{"is": "begun", "seq": 1}]
    assert bytes(letters.next()) == b"bc"


def test_a_withdrawn_letter_stays_so_even_when_a_later_one_was_done() -> None:
    letters = Letters()
    letters.add(1, b"a")
    letters.withdraw(1)
    letters.add(2, b"b")
    letters.wrote(1)
    assert letters.add(1, b"a") == [{"is": "withdrawn", "seq": 1}]
    assert letters.withdraw(1) == [{"is": "withdrawn", "seq": 1}]


def test_a_withdrawal_that_overtakes_its_letter_holds() -> None:
    letters = Letters()
    assert letters.withdraw(1) == [{"is": "withdrawn", "seq": 1}]
    assert letters.add(1, b"a") == [{"is": "withdrawn", "seq": 1}]
    assert not letters.waiting


def test_what_was_not_begun_goes_with_its_sender_and_its_number_is_free_again() -> None:
    letters = Letters()
    for seq in (1, 2, 3):
        letters.add(seq, b"abc")
    letters.wrote(1)
    letters.close()
    letters.drop()
    assert letters.taken == 1
    assert letters.wrote(2) == [{"is": "done", "seq": 1}]
    assert not letters.waiting
    assert not letters.over, "nobody who is here asked for the end"
    assert letters.add(2, b"again") == []
    assert bytes(letters.next()) == b"again"


def test_an_agent_that_reads_no_more_is_deaf_for_good() -> None:
    letters = Letters()
    letters.add(1, b"a")
    letters.add(2, b"b")
    assert letters.refused() == [{"is": "deaf", "seq": 1}, {"is": "deaf", "seq": 2}]
    assert letters.add(3, b"c") == [{"is": "deaf", "seq": 3}]
    assert letters.over


def test_after_the_end_was_asked_for_nothing_more_is_taken() -> None:
    letters = Letters()
    letters.add(1, b"a")
    letters.close()
    assert not letters.over, "what was taken before is written first"
    assert letters.add(2, b"b") == [{"is": "deaf", "seq": 2}]
    letters.wrote(1)
    assert letters.over


@given(st.lists(st.binary(max_size=20), max_size=8), st.data())
def test_the_agent_reads_the_letters_one_after_the_other(bodies: list[bytes], data: st.DataObject) -> None:
    letters, read = Letters(), b""
    for seq, body in enumerate(bodies, 1):
        letters.add(seq, body)
    answers = []
    while letters.waiting:
        piece = letters.next()
        count = data.draw(st.integers(min(1, len(piece)), len(piece)))
        read += piece[:count]
        answers += letters.wrote(count)
    assert read == b"".join(bodies)
    whole = [{"is": what, "seq": seq} for seq in range(1, len(bodies) + 1) for what in ("begun", "done")]
    assert answers == whole


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ours, theirs = os.pipe()
    yield ours, theirs
    os.close(ours)


def test_writing_never_waits_and_each_completed_letter_is_kept(pipe: tuple[int, int]) -> None:
    kept: list[int] = []
    told = Input(pipe[1], kept.append)
    told.letters.add(1, b"x" * 10)
    told.letters.add(2, b"y" * 1_000_000)
    answers = told.write()
    assert answers[-1] == {"is": "begun", "seq": 2}
    assert kept == [1]
    read = 0
    while read < 1_000_010:
        read += len(os.read(pipe[0], 1 << 16))
        answers += told.write()
    assert answers[-1] == {"is": "done", "seq": 2}
    assert kept == [1, 2]
    told.letters.close()
    told.write()
    assert os.read(pipe[0], 1) == b""


def test_without_a_pipe_the_agent_is_deaf() -> None:
    assert Input(None, lambda seq: None).letters.add(1, b"a") == [{"is": "deaf", "seq": 1}]
