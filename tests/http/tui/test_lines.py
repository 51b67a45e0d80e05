from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ennio.http.tui.lines import Lines, wrapped

WORDS = st.text(st.sampled_from("ab日 é👍\t-"), max_size=60)


def shown(*pieces: str, width: int = 20, most: int = 100) -> list[str]:
    lines = Lines(width, most)
    for piece in pieces:
        lines.add(piece)
    return lines.shown


@given(
    st.lists(st.sampled_from(["\n", "\r", "word ", "日本", "x" * 30]), max_size=30).map("".join), st.data()
)
def test_text_cut_anywhere_gives_the_same_lines(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))

    assert shown(text[:cut], text[cut:]) == shown(text) == shown(*text)


@given(WORDS, st.integers(2, 40))
def test_no_piece_is_wider_than_the_width_and_no_word_is_lost(line: str, width: int) -> None:
    pieces = wrapped(line, width)

    assert all(cell_len(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == line.expandtabs().replace(" ", "")


@given(st.lists(WORDS, max_size=8), st.integers(2, 40), st.integers(2, 40))
def test_another_width_gives_what_would_have_been_there(texts: list[str], one: int, other: int) -> None:
    lines = Lines(one)
    for text in texts:
        lines.add(f"{text}\n" if len(text) % 2 else text)
    lines.fit(other)
    fresh = Lines(other)
    for text in texts:
        fresh.add(f"{text}\n" if len(text) % 2 else text)

    assert lines.shown == fresh.shown


def test_lines_are_parted_between_words() -> None:
    assert shown("the quick brown fox jumps over the lazy dog\n", width=16) == [
        "the quick brown",
        "fox jumps over",
        "the lazy dog",
    ]


def test_a_progress_bar_is_one_line() -> None:
    assert shown("10%\r20%\r", "30", "%\rdone\nnext") == ["done", "next"]
    assert shown("10%\r") == ["10%"]


def test_old_lines_go_and_it_is_told_how_many() -> None:
    lines = Lines(80, most=10)
    gone = sum(lines.add(f"line {number}\n") for number in range(100))

    assert gone + len(lines.shown) == 100
    assert len(lines.shown) <= 10
    assert lines.shown[-1] == "line 99"


def test_a_line_without_an_end_is_ended() -> None:
    lines = Lines(100, most=10)
    for _ in range(1000):
        lines.add("x" * 1000)

    assert len(lines.shown) <= 10 * 20 + 20


def test_a_word_of_our_own_is_a_line() -> None:
    lines = Lines()
    lines.add("half")
    lines.mark("[dropped]")
    lines.add("more")

    assert lines.shown == ["half", "[dropped]", "more"]
