"""Output in an agent's own language, as `excerpt` gives it to people."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor import rendering
from ennio.supervisor.errors import Invalid
from ennio.supervisor.output import Chunk, OutputLog
from ennio.supervisor.transcript import Excerpt, excerpt

MIB = 1024 * 1024
LONGEST = 24
small = patch.multiple(rendering, _STEP=40, _LONGEST=LONGEST, _BLOCK=7)

Logged = Callable[..., OutputLog]


def readable(line: bytes) -> str:
    """A little language: `{"say": text}` means its text, other JSON nothing, anything else itself."""
    try:
        message = json.loads(line)
    except ValueError:
        return line.decode(errors="replace") + "\n"
    return str(message.get("say", "")) if isinstance(message, dict) else ""


def said(text: str) -> bytes:
    return json.dumps({"say": text}).encode() + b"\n"


SILENCE = b'{"usage": 1}\n'


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    def log_of(*parts: bytes, keep: int = 64 * MIB) -> OutputLog:
        log = OutputLog(tmp_path / "output", keep)
        for part in parts:
            log.append(part)
        log.close()
        return log

    return log_of


def read(
    log: OutputLog,
    after: str | None = None,
    limit: int = MIB,
    *,
    complete: bool = False,
    readable: Callable[[bytes], str] | None = readable,
) -> Excerpt:
    return excerpt(log, after=after, limit=limit, raw=False, complete=complete, readable=readable)


def steps(log: OutputLog, after: str | None = None, limit: int = MIB, **how: bool) -> Iterator[Excerpt]:
    """Ask again until the cursor stays."""
    while (got := read(log, after, limit, **how)).cursor != after:
        yield got
        after = got.cursor


def place(cursor: str) -> tuple[int, int]:
    byte, _, offset = cursor.removeprefix("t").partition(".")
    return int(byte), int(offset or 0)


def test_lines_are_put_into_words_and_the_cursor_is_where_the_next_line_begins(logged: Logged) -> None:
    log = logged(said("one "), SILENCE, said("two\n"), b"plain\n")
    assert read(log) == Excerpt("one two\nplain\n", f"t{log.end}", truncated=False)


def test_raw_output_is_what_came_whatever_it_means(logged: Logged) -> None:
    log = logged(said("one"))
    got = excerpt(log, after=None, limit=100, raw=True, complete=False, readable=readable)
    assert (got.text, got.cursor) == ('{"say": "one"}\n', f"r{log.end}")


def test_a_limit_in_the_middle_of_words_leads_on_from_there(logged: Logged) -> None:
    log = logged(SILENCE, said("a€€"))
    first = read(log, limit=5)
    assert (first.text, first.cursor) == ("a€", f"t{len(SILENCE)}.4")
    assert read(log, first.cursor, limit=5) == Excerpt("€", f"t{log.end}", truncated=False)


def test_a_limit_that_ends_with_a_line_leads_on_to_the_next(logged: Logged) -> None:
    log = logged(said("four"), said("more"))
    assert read(log, limit=4) == Excerpt("four", f"t{len(said('four'))}", truncated=False)


def test_a_character_that_has_no_room_any_more_waits_for_the_next_call(logged: Logged) -> None:
    log = logged(said("abc"), said("€"))
    first = read(log, limit=5)
    assert (first.text, first.cursor) == ("abc", f"t{len(said('abc'))}")
    assert read(log, first.cursor, limit=5).text == "€"


def test_a_line_that_has_not_ended_waits_for_its_newline(logged: Logged) -> None:
    log = logged(said("one"), b'{"say": ')
    first = read(log)
    assert first == Excerpt("one", f"t{len(said('one'))}", truncated=False)
    assert read(log, first.cursor) == Excerpt("", first.cursor, truncated=False)
    assert read(logged(b'"two"}\n'), first.cursor).text == "two"


def test_a_line_that_will_never_end_is_put_into_words_as_it_is(logged: Logged) -> None:
    log = logged(said("one"), b'{"say": "two"}')
    assert read(log, complete=True) == Excerpt("onetwo", f"t{log.end}", truncated=False)


def test_what_an_agent_says_after_its_last_words_broke_off_is_a_line_of_its_own(logged: Logged) -> None:
    first = read(logged(b'{"say": "thi'), complete=True)
    assert first.text == '{"say": "thi\n'
    assert read(logged(said("hello again")), first.cursor).text == "hello again"


def test_lone_surrogates_are_replaced(logged: Logged) -> None:
    log = logged(b'{"say": "a\\ud800b \\ud83d\\ude00"}\n')
    assert read(log).text == "a\ufffdb \U0001f600"
    assert "".join(got.text for got in steps(log, limit=4)) == "a\ufffdb \U0001f600"


@pytest.mark.parametrize(
    "cursor", ["t0.", "t0.0", "t0.01", "t.1", "t0.1.1", "t0.-1", "r0.1", "t0.\u0661", "t0.1\n"]
)
def test_what_is_no_cursor_into_a_line_is_refused(cursor: str, logged: Logged) -> None:
    with pytest.raises(Invalid, match="is no cursor"):
        read(logged(said("hello")), cursor)


@pytest.mark.parametrize("cursor", ["t99", "t99.1"])
def test_a_cursor_past_the_end_is_refused(cursor: str, logged: Logged) -> None:
    with pytest.raises(Invalid, match="past the end"):
        read(logged(said("hello")), cursor)


@pytest.mark.parametrize("offset", [5, 6, 10**18])
def test_a_cursor_past_the_words_of_a_line_is_the_next_line(offset: int, logged: Logged) -> None:
    log = logged(said("hello"), said("next"))
    assert read(log, f"t0.{offset}") == Excerpt("next", f"t{log.end}", truncated=False)


def test_a_cursor_inside_a_character_goes_on_with_the_next_one(logged: Logged) -> None:
    assert read(logged(said("€uro")), "t0.1").text == "uro"


def test_a_cursor_from_when_the_agent_had_no_language_is_good_for_the_rest_of_that_line(
    logged: Logged,
) -> None:
    log = logged(said("one"), said("two"))
    early = read(log, limit=4, readable=None)
    assert read(log, early.cursor).text == 'y": "one"}\ntwo'


def test_a_cursor_from_when_the_agent_had_a_language_gives_that_line_again_as_it_came(logged: Logged) -> None:
    log = logged(said("one"), said("twenty"))
    early = read(log, limit=5)
    assert early.text == "onetw"
    assert read(log, early.cursor, readable=None).text == '{"say": "twenty"}\n'


# What was dropped.


def test_dropped_output_is_told_of_and_the_text_begins_with_a_whole_line(logged: Logged) -> None:
    log = logged(*(said(f"{number:03} ") for number in range(100)), keep=810)
    assert log.start % len(said("000 ")), "the cut must be inside a line for this"
    got = read(log)
    words = got.text.split()
    assert got.truncated
    assert words == [f"{number:03}" for number in range(100 - len(words), 100)]
    assert len(words) >= 607 // len(said("000 ")) - 1
    assert not read(log, got.cursor).truncated


def test_a_cursor_at_the_oldest_kept_byte_loses_nothing(logged: Logged) -> None:
    line = said("12345")
    log = logged(*[line] * 20, keep=8 * len(line))
    assert log.start
    assert read(log, f"t{log.start}") == Excerpt("12345" * 8, f"t{log.end}", truncated=False)


def test_a_cursor_into_a_line_that_was_dropped_does_not_skip_into_another(logged: Logged) -> None:
    early = read(logged(said("hello")), limit=4).cursor
    got = read(logged(*[said("later ")] * 50, keep=200), early)
    assert got.truncated
    assert set(got.text.split()) == {"later"}
    assert got.text.startswith("later ")


def test_the_rest_of_a_dropped_line_is_waited_out(logged: Logged) -> None:
    log = logged(b"x" * 1000, keep=100)
    assert read(log) == Excerpt("", "t0", truncated=True)
    assert read(log, complete=True) == Excerpt("", f"t{log.end}", truncated=True)
    log = logged(b"x\n" + said("new"), keep=100)
    assert read(log, "t0") == Excerpt("new", f"t{log.end}", truncated=True)


def test_what_is_left_of_a_longer_line_is_shown_from_its_first_whole_character_on(logged: Logged) -> None:
    log = logged("€".encode() * 60 + b"\n" + said("next"), keep=160)
    with small:
        got = read(log)
        rest = "".join(piece.text for piece in steps(log, got.cursor))
    assert log.start % 3, "the cut must be inside a character for this"
    assert got.truncated
    assert got.text[0] == "€"
    assert (got.text + rest).strip("€") == "\nnext"


def test_what_is_dropped_while_it_is_read_is_told_of_by_the_next_call(logged: Logged, tmp_path: Path) -> None:
    writer = logged(*[said("early ")] * 10, keep=400)
    reader = OutputLog(tmp_path / "output", 400)

    def slowly(line: bytes) -> str:
        if writer.end < 400:
            writer.append(said("later ") * 18)
        return readable(line)

    with small:
        got = read(reader, readable=slowly)
    writer.close()
    assert writer.start < reader.end, "some of what the reader knows must be left for this"
    assert got == Excerpt("early ", f"t{len(said('early '))}", truncated=False)
    got = read(OutputLog(tmp_path / "output", 400), got.cursor)
    assert got.truncated
    assert set(got.text.split()) == {"early", "later"}


def test_half_a_line_whose_end_was_lost_is_no_last_line(logged: Logged, tmp_path: Path) -> None:
    log = logged(said("x" * 350), keep=800)
    assert log.start == 0
    (tmp_path / "output" / f"{100:020}.log").unlink()
    assert read(log, complete=True).text == ""
    assert read(OutputLog(tmp_path / "output", 800), "t0", complete=True).truncated


# How much one call does.


class Counting(OutputLog):
    """A log that counts what is read of it."""

    counted = 0

    def read(self, after: int, limit: int) -> Chunk:
        chunk = super().read(after, limit)
        self.counted += len(chunk.data)
        return chunk


def test_a_call_does_not_read_a_whole_log_to_find_nothing(logged: Logged, tmp_path: Path) -> None:
    logged(*[SILENCE * (MIB // len(SILENCE))] * 5, said("at last"))
    log, texts, cursor = Counting(tmp_path / "output", MIB), list[str](), None
    while not texts or not texts[-1]:
        log.counted = 0
        got = read(log, cursor)
        assert log.counted < 1.2 * MIB
        assert got.cursor != cursor, "only a cursor that stays is the end"
        texts, cursor = [*texts, got.text], got.cursor
    assert texts == [""] * (len(texts) - 1) + ["at last"]
    assert len(texts) in {5, 6}


def test_a_small_limit_reads_little(logged: Logged, tmp_path: Path) -> None:
    logged(said("hello ") * 100_000)
    log = Counting(tmp_path / "output", MIB)
    read(log, limit=4)
    assert log.counted <= 65 * 1024


def test_a_long_line_is_read_not_much_more_than_once(logged: Logged, tmp_path: Path) -> None:
    logged(said("x" * (6 * MIB)))
    log = Counting(tmp_path / "output", MIB)
    assert read(log, limit=4).text == "xxxx"
    assert log.counted < 2 * 6 * MIB


def test_a_line_of_eight_mib_is_put_into_words_and_a_longer_one_is_shown_in_pieces(logged: Logged) -> None:
    longest = 8 * MIB - len(said("")) + 1
    log = logged(said("x" * longest))
    assert read(log, limit=8).cursor == "t0.8"
    assert "".join(got.text for got in steps(log)) == "x" * longest

    start, longer = log.end, b'{"say": "' + "€".encode() * (3 * MIB) + b'"}\n'
    log = logged(longer)
    texts = [got.text for got in steps(log, f"t{start}", limit=4 * MIB)]
    assert "".join(texts) == longer.decode()
    assert len(texts) < 6


def test_a_longer_line_is_shown_before_it_ends(logged: Logged) -> None:
    log = logged(b"x" * (8 * MIB))
    assert read(log).text == ""
    log = logged(b"x")
    assert sum(len(got.text) for got in steps(log)) == 8 * MIB


# Any steps give the same.

lines = st.one_of(
    st.text(max_size=8).map(said),
    st.text("aé€😀\ud800", max_size=12).map(said),
    st.sampled_from([SILENCE, b"\n", b"plain\n", b"\xff\xfe\n", b"null\n", b"x" * 40 + b"\n"]),
    st.binary(max_size=40),
    st.sampled_from(["é", "€", "😀"]).map(lambda character: character.encode() * 20),
)


def meaning(data: bytes) -> str:
    """What bytes mean, read at once: each line; and of longer ones pieces of whole characters."""
    words = ""
    while data:
        line, _, rest = data.partition(b"\n")
        if len(line) <= LONGEST:
            words, data = words + readable(line), rest
        else:
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            words += decoder.decode(line[:LONGEST])
            data = data[LONGEST - len(decoder.getstate()[0]) :]
    return re.sub("[\ud800-\udfff]", "\ufffd", words)


@given(
    parts=st.lists(lines, max_size=20),
    cuts=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    limits=st.lists(st.integers(4, 60), min_size=1, max_size=5),
)
def test_reading_in_steps_gives_what_reading_at_once_gives(
    parts: list[bytes], cuts: list[int], limits: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = b"".join(parts)
    log = OutputLog(tmp_path_factory.mktemp("log"), 10_000)
    text, cursor, step = "", None, 0
    with small:
        while True:
            complete = log.end == len(whole)
            limit = limits[step % len(limits)]
            got = read(log, cursor, limit, complete=complete)
            assert len(got.text.encode()) <= limit
            assert not got.truncated
            assert place(got.cursor) >= place(cursor or "t0")
            assert not got.text or got.cursor != cursor, "text is given once"
            stays = got.cursor == (cursor or "t0")
            text, cursor = text + got.text, got.cursor
            if stays and complete:
                break
            if stays or step % 3 == 0:
                log.append(whole[log.end : log.end + cuts[step % len(cuts)]])
            step += 1
    log.close()
    assert text == meaning(whole)
    assert cursor == f"t{log.end}"


@given(
    counts=st.lists(st.integers(0, 12), max_size=20),
    limits=st.lists(st.integers(4, 60), min_size=1, max_size=5),
)
def test_what_is_dropped_meanwhile_is_whole_lines_and_told_of(
    counts: list[int], limits: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = OutputLog(tmp_path_factory.mktemp("log"), 160)
    runs, cursor, number = [""], "t0", 0
    with small:
        for step, count in enumerate(counts):
            for _ in range(count):
                log.append(said(f"<{number}>"))
                number += 1
            got = read(log, cursor, limits[step % len(limits)])
            assert place(got.cursor) >= place(cursor)
            if got.truncated:
                runs.append("")
            runs[-1] += got.text
            cursor = got.cursor
        runs[-1] += "".join(got.text for got in steps(log, cursor))
    log.close()
    whole = "".join(f"<{n}>" for n in range(number))
    assert [run for run in runs if run not in whole or run[:1] not in {"", "<"}] == []
    assert whole.endswith(runs[-1][-3:])
