"""Screens as markup, and what may be typed into one."""

import pytest

from ennio.http.routes.screens import wanted
from ennio.http.screens import markup, shown
from ennio.supervisor import Invalid, Picture


def test_text_is_text_and_never_markup() -> None:
    assert markup('<script>alert("1")</script> &amp;') == (
        "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp;amp;"
    )


def test_colours_and_weights_are_data_of_a_stretch() -> None:
    assert markup("a \x1b[1;31mred\x1b[0m b") == 'a <span class="bold" data-fg="#800000">red</span> b'
    assert (
        markup("\x1b[38;2;1;2;255;48;5;16mx\x1b[0m") == '<span data-fg="#0102ff" data-bg="#000000">x</span>'
    )


def test_what_else_a_terminal_is_told_leaves_nothing_but_text() -> None:
    said = markup('\x1b]8;;https://evil.example/"onclick="x\x1b\\link\x1b]8;;\x1b\\ \x1b[2J\x1b[?25h.')
    assert "<" not in said.replace("<span>", "").replace("</span>", "")
    assert "onclick" not in said


def test_a_screen_says_its_size_and_where_its_cursor_is() -> None:
    picture = Picture("a\nb\n", "title", 80, 24, (3, 1))
    assert shown(picture) == {
        "html": "<pre>a\nb</pre>",
        "title": "title",
        "cols": 80,
        "rows": 24,
        "cursor": [3, 1],
    }


@pytest.mark.parametrize(
    ("content", "typed"),
    [
        ('{"keys": "ls; "}', ("ls; ", None)),
        ('{"key": "C-c"}', ("", "C-c")),
        ('{"keys": "é", "key": "Enter"}', ("é", "Enter")),
    ],
)
def test_text_and_keys_by_their_names_can_be_typed(content: str, typed: tuple[str, str | None]) -> None:
    assert wanted(content) == typed


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        "",
        "[]",
        "{}",
        '{"keys": "a\\nb"}',
        '{"keys": "\\u001b"}',
        '{"keys": 1}',
        '{"key": "kill-server"}',
        '{"key": ""}',
        '{"keys": "a", "more": 1}',
        f'{{"keys": "{"a" * 5000}"}}',
    ],
)
def test_nothing_else_is_typed(content: str | bytes) -> None:
    with pytest.raises(Invalid):
        wanted(content)
