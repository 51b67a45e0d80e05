import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ennio.supervisor.agents.dialogues.json_lines import (
    DEEPEST,
    LONGEST,
    dollars,
    mapping,
    objects,
    one_line,
    parsed,
    seconds,
    text,
    whole,
    written,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def nested(depth: int) -> bytes:
    """An object with so many levels, itself counted."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text(), JSON))
def test_what_is_written_is_one_line_and_reads_back(message: dict[str, Any]) -> None:
    line = written(message)
    assert line.isascii()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    if "inf" not in repr(message):
        assert parsed(line[:-1]) == message


def test_half_a_surrogate_pair_goes_through_as_it_is() -> None:
    assert written({"a": "\ud83d"}) == b'{"a":"\\ud83d"}\n'
    assert parsed(b'{"a":"\\ud83d"}') == {"a": "\ud83d"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"hello",
        b"[1]",
        b'"text"',
        b"1",
        b"null",
        b'{"a": 1',
        b'{"a": 1} {"b": 2}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        '{"a": 1}'.encode("utf-16"),
        b"\xff\xfe",
    ],
)
def test_what_is_no_object_is_none(line: bytes) -> None:
    assert parsed(line) is None


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert parsed(b'{"a": "\xff"}') == {"a": "\ufffd"}


def test_depth_is_bounded_long_before_the_stack_is() -> None:
    assert parsed(nested(DEEPEST)) is not None
    assert parsed(nested(DEEPEST + 1)) is None
    assert parsed(nested(10**6)) is None
    assert parsed(b'{"a":' * 10**6) is None


def test_length_is_bounded() -> None:
    frame = b'{"a":""}'
    longest = frame[:-2] + b"x" * (LONGEST - len(frame)) + frame[-2:]
    assert parsed(longest) is not None
    assert parsed(longest + b" ") is None


def test_wide_lines_take_no_quadratic_time() -> None:
    began = time.perf_counter()
    assert parsed(json.dumps({str(number): [[number]] for number in range(200_000)}).encode()) is not None
    assert time.perf_counter() - began < 10


def test_text_is_what_can_be_stored() -> None:
    assert text("a\0b\ud83dc é 😀") == "a\ufffdb\ufffdc é 😀"
    assert [text(None), text(1), text([]), text(b"x")] == [None] * 4


def test_one_line_is_short_and_has_no_breaks() -> None:
    assert one_line("  make\r\n\ttest\x1b[31m  ") == "make test [31m"
    assert one_line("x" * 200) == "x" * 200
    assert one_line("x" * 201) == "x" * 199 + "…"
    assert one_line("two words", 5) == "two …"
    assert one_line(7) is None


@settings(deadline=None, max_examples=50)
@given(st.text(), st.integers(1, 30))
def test_one_line_is_never_longer_than_it_may_be(words: str, most: int) -> None:
    line = one_line(words, most)
    assert line is not None
    assert len(line) <= most
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize("odd", [-1, 1.0, True, "1", None, 2**53, []])
def test_whole_is_a_count(odd: object) -> None:
    assert whole(odd) is None
    assert (whole(0), whole(2**53 - 1)) == (0, 2**53 - 1)


@pytest.mark.parametrize("odd", [-0.01, True, "1", None, float("inf"), float("nan"), 1e300, 10**400])
def test_dollars_are_an_amount(odd: object) -> None:
    assert dollars(odd) is None


def test_dollars_are_exact_to_the_digit_that_was_written() -> None:
    assert [str(dollars(amount)) for amount in (0.1, 3, 0.08767359999999999)] == [
        "0.1",
        "3",
        "0.08767359999999999",
    ]
    assert dollars(1e-7) == Decimal("0.0000001")


@pytest.mark.parametrize("odd", [-1, True, "1", None, float("inf"), float("nan"), 10**400])
def test_seconds_are_a_delay(odd: object) -> None:
    assert seconds(odd) is None
    assert seconds(1500) == 1.5


def test_objects_and_mapping_pass_over_what_is_odd() -> None:
    assert objects([{"a": 1}, 2, None, {}]) == [{"a": 1}, {}]
    assert objects({"a": 1}) == []
    assert (mapping({"a": 1}), mapping([1]), mapping(None)) == ({"a": 1}, {}, {})
