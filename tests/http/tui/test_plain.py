import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.http.tui.plain import Plain, block, line

NASTY = st.sampled_from(
    [
        "\x1b",
        "[",
        "]",
        "0;t",
        "\x07",
        "\x1b\\",
        "31m",
        "\x9b",
        "\x9d",
        "\x90",
        "\x9c",
        "\r",
        "\n",
        "\r\n",
        "P",
    ]
)
TEXTS = st.lists(NASTY | st.text(max_size=5), max_size=30).map("".join)


def plain(*pieces: str) -> str:
    clean = Plain()
    return "".join(map(clean.feed, pieces)) + clean.end()


@given(TEXTS, st.lists(st.integers(min_value=0, max_value=60), max_size=6))
def test_text_cut_anywhere_is_the_same_text(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]

    assert plain(*pieces) == plain(text) == plain(*text)


@given(TEXTS)
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    left = [char for char in block(text) if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]

    assert set(left) <= {"\n"}
    assert "\n" not in line(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07hello", "hello"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;Y3VybA==\x1b\\", ""),
        ("\x1bP+q544e\x1b\\after", "after"),
        ("\x9b2Jgone", "gone"),
        ("\x1b(Bascii\x1b7\x1bc", "ascii"),
        ("\x1b]0;no end\nnext line", "\nnext line"),
        ("bell\x07 back\x08 null\0", "bell back null"),
        ("\u202egnp.exe", "gnp.exe"),
        ("half \ud800", "half \ufffd"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\tb", "a       b"),
        ("ünï 日本 👍", "ünï 日本 👍"),
    ],
)
def test_sequences_go_and_words_stay(text: str, shown: str) -> None:
    assert block(text) == shown


def test_a_line_is_one_line() -> None:
    assert line(" a\n\x1b[31m b\tc\r\n") == "a b c"


def test_a_sequence_without_an_end_is_not_waited_for_for_ever() -> None:
    clean = Plain()
    clean.feed("\x1b]0;" + "x" * 10_000)

    assert clean.feed("more\n") == "more\n"
