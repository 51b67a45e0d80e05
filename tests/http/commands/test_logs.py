"""`logs` and `open`: what an agent said, and where it works."""

import json
from pathlib import Path
from typing import Any

import pytest
from canned import EXITED, SESSION, Canned, Prompt, S, on_a_terminal


def output(text: str, cursor: str, truncated: bool = False) -> dict[str, Any]:
    return {"text": text, "cursor": cursor, "truncated": truncated}


def output_route(after: str | None) -> str:
    return f"GET {S}/app-1/output?" + (f"after={after}&" if after else "") + "limit=1048576"


def test_logs_print_all_there_is(ennio: Prompt, server: Canned) -> None:
    server.answer(output_route(None), output("one\n", "c1"))
    server.answer(output_route("c1"), output("two", "c2"))
    server.answer(output_route("c2"), output("", "c2"))
    assert ennio("logs", "app-1") == (0, "one\ntwo", "")


def test_logs_say_where_something_is_missing(ennio: Prompt, server: Canned) -> None:
    server.answer(output_route(None), output("late\n", "c1", truncated=True))
    server.answer(output_route("c1"), output("", "c1"))
    code, out, err = ennio("logs", "app-1")
    assert (code, out) == (0, "late\n")
    assert "no longer kept" in err


def test_logs_of_an_agent_that_never_stops_talking_end_all_the_same(ennio: Prompt, server: Canned) -> None:
    server.answer(output_route(None), output("x\n", "c0"))
    for number in range(400):
        server.answer(output_route(f"c{number}"), output("x\n", f"c{number + 1}"))
    code, out, _ = ennio("logs", "app-1")
    assert code == 0
    assert out == "x\n" * 302  # 100 MiB are kept by default


@pytest.mark.parametrize("command", [["logs"], ["logs", "-f"]])
def test_an_empty_text_is_not_the_end_as_long_as_the_cursor_moves(
    ennio: Prompt, server: Canned, command: list[str]
) -> None:
    server.answer(output_route(None), output("", "c1", truncated=True))
    server.answer(output_route("c1"), output("", "c2"))
    server.answer(output_route("c2"), output("late\n", "c3"))
    server.answer(output_route("c3"), output("", "c4"))
    server.answer(output_route("c4"), output("last\n", "c5"))
    server.answer(output_route("c5"), output("", "c5"))
    server.answer(f"GET {S}/app-1", EXITED)
    code, out, err = ennio(*command, "app-1")
    assert (code, out) == (0, "late\nlast\n")
    assert err.count("no longer kept") == 1


@pytest.mark.parametrize("command", [["logs"], ["logs", "-f"]])
def test_what_is_missing_is_told_though_no_text_follows(
    ennio: Prompt, server: Canned, command: list[str]
) -> None:
    server.answer(output_route(None), output("", "c1", truncated=True))
    server.answer(output_route("c1"), output("", "c1", truncated=True))
    server.answer(f"GET {S}/app-1", EXITED)
    code, out, err = ennio(*command, "app-1")
    assert (code, out) == (0, "")
    assert err.count("no longer kept") == 1


def test_following_ends_when_the_agent_has_ended_and_misses_no_last_word(
    ennio: Prompt, server: Canned
) -> None:
    server.answer(output_route(None), output("one\n", "c1"))
    server.answer(output_route("c1"), output("", "c1"), output("", "c1"), output("last\n", "c2"))
    server.answer(output_route("c2"), output("", "c2"))
    server.answer(f"GET {S}/app-1", SESSION, EXITED)
    assert ennio("logs", "-f", "app-1") == (0, "one\nlast\n", "")


def test_following_a_session_that_vanished_is_a_refusal(ennio: Prompt, server: Canned) -> None:
    server.answer(output_route(None), output("", "c1"))
    server.answer(output_route("c1"), "there is no session app-1", status=404)
    code, _, err = ennio("logs", "-f", "app-1")
    assert (code, err) == (1, "ennio: there is no session app-1\n")


def test_logs_in_json_are_one_answer_a_line(ennio: Prompt, server: Canned) -> None:
    server.answer(output_route(None), output("one\x1b\n", "c1"))
    server.answer(output_route("c1"), output("", "c1"))
    _, out, _ = ennio("--format", "json", "logs", "app-1")
    assert [json.loads(line) for line in out.splitlines()] == [output("one\x1b\n", "c1")]


@pytest.mark.usefixtures("ennio")
def test_a_terminal_is_shown_no_control_characters_of_an_agent(server: Canned, tmp_path: Path) -> None:
    server.answer(output_route(None), output("\x1b]0;owned\x07 done", "c1"))
    server.answer(output_route("c1"), output("", "c1"))
    code, said = on_a_terminal(["logs", "app-1"], tmp_path)
    assert (code, said) == (0, "\\x1b]0;owned\\x07 done\r\n")
