"""Output cut into lines, however it comes in."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor import lines
from ennio.supervisor.lines import Lines
from ennio.supervisor.output import Chunk

OUTPUT = st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r\n", b"\xff\x00"]), max_size=60).map(b"".join)


def chunks(output: bytes, cuts: list[int], begin: int = 0) -> list[Chunk]:
    """Cut output that begins at the byte `begin`."""
    places = sorted({0, len(output), *(cut for cut in cuts if cut < len(output))})
    return [Chunk(output[a:b], begin + a, begin + b) for a, b in pairwise(places)]


@given(output=OUTPUT, cuts=st.lists(st.integers(0, 120)), begin=st.integers(0, 1000))
def test_any_chunking_gives_the_same_lines_and_places(output: bytes, cuts: list[int], begin: int) -> None:
    cutter = Lines(begin)
    found = [pair for chunk in chunks(output, cuts, begin) for pair in cutter.cut(chunk)]
    *whole, rest = output.split(b"\n")
    assert [line for line, _ in found] == whole
    assert cutter.rest() == rest
    assert cutter.at == begin + len(output)
    for line, end in found:
        assert output[end - begin - len(line) - 1 : end - begin] == line + b"\n"


@given(output=OUTPUT, cuts=st.lists(st.integers(0, 120)), data=st.data())
def test_of_what_was_dropped_no_line_is_glued_together(
    output: bytes, cuts: list[int], data: st.DataObject
) -> None:
    pieces = chunks(output, cuts)
    dropped = data.draw(st.sets(st.sampled_from(range(len(pieces)))) if pieces else st.just(set()))
    cutter = Lines(0)
    for number, piece in enumerate(pieces):
        if number in dropped:
            continue
        for line, end in cutter.cut(piece):
            before = output[:end].removesuffix(b"\n").rpartition(b"\n")[2]
            assert line == before, "a whole line of the output, which ends there"
    assert cutter.rest() in (b"", output.rpartition(b"\n")[2]) or dropped


def test_the_line_in_which_output_was_dropped_goes_and_the_next_one_comes() -> None:
    cutter = Lines(0)
    assert list(cutter.cut(Chunk(b"one\ntw", 0, 6))) == [(b"one", 4)]
    assert list(cutter.cut(Chunk(b"ee\nfour\n", 20, 28))) == [(b"four", 28)]
    assert cutter.rest() == b""


def test_what_is_left_of_a_line_in_which_output_was_dropped_is_no_last_line() -> None:
    cutter = Lines(0)
    assert list(cutter.cut(Chunk(b"of a line", 5, 14))) == []
    assert cutter.rest() == b""


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_line_that_is_too_long_is_passed_over_however_it_comes(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST", 10)
    output = b"x" * 10 + b"\n" + b"y" * 11 + b"\n" + b"z" * 300 + b"\nlast\n" + b"w" * 30
    cutter = Lines(0)
    found = [
        line for chunk in chunks(output, list(range(0, len(output), size))) for line, _ in cutter.cut(chunk)
    ]
    assert found == [b"x" * 10, b"last"]
    assert cutter.rest() == b""


def test_many_small_pieces_of_a_long_line_cost_no_quadratic_time() -> None:
    cutter, piece = Lines(0), b"x" * 64
    copied = 0
    for number in range(100_000):
        copied += len(list(cutter.cut(Chunk(piece, number * 64, number * 64 + 64))))
    assert copied == 0
    ((line, _),) = cutter.cut(Chunk(b"\n", 6_400_000, 6_400_001))
    assert len(line) == 6_400_000
