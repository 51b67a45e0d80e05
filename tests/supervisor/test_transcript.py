from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ennio.supervisor.errors import Invalid
from ennio.supervisor.output import OutputLog
from ennio.supervisor.transcript import Excerpt, excerpt

Logged = Callable[..., OutputLog]


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    def log_of(*parts: bytes, keep: int = 10_000) -> OutputLog:
        log = OutputLog(tmp_path / "output", keep)
        for part in parts:
            log.append(part)
        log.close()
        return log

    return log_of


def read(log: OutputLog, after: str | None = None, limit: int = 1000, **kinds: bool) -> Excerpt:
    return excerpt(
        log, after=after, limit=limit, raw=kinds.get("raw", False), complete=kinds.get("complete", False)
    )


def test_a_cursor_leads_on_from_where_the_text_ended(logged: Logged) -> None:
    log = logged(b"one two")
    first = read(log, limit=4)
    assert (first.text, first.truncated) == ("one ", False)
    second = read(log, first.cursor)
    assert (second.text, second.truncated) == ("two", False)
    assert read(log, second.cursor) == Excerpt("", second.cursor, truncated=False)


def test_half_a_character_waits_for_its_end(logged: Logged) -> None:
    log = logged("né".encode()[:-1])
    first = read(log)
    assert first.text == "n"
    assert read(logged("é".encode()[-1:]), first.cursor).text == "é"


def test_half_a_character_that_never_ends_is_replaced(logged: Logged) -> None:
    assert read(logged("n€".encode()[:-1]), complete=True).text == "n\ufffd"


def test_a_nul_is_a_character_like_others(logged: Logged) -> None:
    assert read(logged(b"a\0b")).text == "a\0b"


def test_dropped_output_is_told_of_and_the_text_begins_with_a_whole_character(logged: Logged) -> None:
    log = logged("€".encode() * 100, keep=80)
    assert log.start % 3 != 0, "the cut must be inside a character for this"
    got = read(log)
    assert got.truncated
    assert set(got.text) == {"€"}
    assert not read(log, got.cursor).truncated


def test_a_cut_character_is_not_all_that_a_small_limit_gives(logged: Logged) -> None:
    log = logged("😀".encode() * 30, keep=81)
    assert read(log, limit=4).text == "😀"


def test_a_cursor_from_before_the_drop_is_truncated(logged: Logged) -> None:
    early = read(logged(b"begin"), limit=4).cursor
    assert read(logged(b"x" * 1000, keep=100), early).truncated


@pytest.mark.parametrize(
    "cursor", ["", "t", "5", "t-1", "t05", "t5\n", "x5", "t\u0665", "r5 ", "t" + "9" * 40, "é"]
)
def test_what_is_no_cursor_is_refused(cursor: str, logged: Logged) -> None:
    with pytest.raises(Invalid, match="cursor"):
        read(logged(b"hello world"), cursor)


def test_a_cursor_past_the_end_is_refused(logged: Logged) -> None:
    with pytest.raises(Invalid, match="past the end"):
        read(logged(b"hello"), "t6")


def test_cursors_of_text_and_of_raw_output_are_not_mixed(logged: Logged) -> None:
    log = logged(b"hello")
    assert read(log, read(log, raw=True).cursor, raw=True).text == ""
    with pytest.raises(Invalid):
        read(log, read(log, raw=True).cursor)
    with pytest.raises(Invalid):
        read(log, read(log).cursor, raw=True)


def test_a_limit_under_one_character_is_refused(logged: Logged) -> None:
    with pytest.raises(Invalid, match="at least 4"):
        read(logged(b"hello"), limit=3)


# Bytes that are often almost UTF-8: whole characters, their halves, and anything.
pieces = st.one_of(
    st.binary(max_size=6),
    st.text(max_size=4).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(["é", "€", "😀"]).flatmap(lambda c: st.integers(1, 4).map(lambda n: c.encode()[:n])),
)


@example(parts=[b"\xed\xa0"], limits=[4])
@example(parts=[b"\xed\xa0\x00"], limits=[4])
@given(parts=st.lists(pieces, max_size=20), limits=st.lists(st.integers(4, 40), min_size=1, max_size=5))
def test_reading_in_steps_gives_what_reading_at_once_gives(
    parts: list[bytes], limits: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = OutputLog(tmp_path_factory.mktemp("log"), 10_000)
    text, cursor, step = "", None, 0
    for number, part in enumerate([*parts, b""]):
        log.append(part)
        complete = number == len(parts)
        while True:
            got = read(log, cursor, limits[step % len(limits)], complete=complete)
            step += 1
            assert len(got.text.encode()) <= limits[(step - 1) % len(limits)]
            assert not got.truncated
            assert bool(got.text) == (got.cursor != (cursor or "t0"))
            text, cursor = text + got.text, got.cursor
            if not got.text:
                break
    log.close()
    assert text == b"".join(parts).decode(errors="replace")
    assert cursor == f"t{log.end}"
