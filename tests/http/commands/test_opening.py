"""`ennio open`: the terminal of an agent that has one."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
from canned import SESSION, Canned, Prompt, S, on_a_terminal

from ennio.http.commands.opening import _only_attaches

ATTACH = "tmux -L ennio-0123 attach -t =app-1"
RUNNING = {**SESSION, "pid": 4242, "attach": None}


@pytest.mark.usefixtures("ennio")
def test_a_terminal_becomes_that_of_the_agent(server: Canned, tmp_path: Path) -> None:
    (tmp_path / "tmux").write_text('#!/bin/sh\necho "tmux was given: $*"\nexit 7\n')
    (tmp_path / "tmux").chmod(0o755)
    server.answer(f"GET {S}/app-1", {**RUNNING, "attach": ATTACH})
    code, said = on_a_terminal(["open", "app-1"], tmp_path, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert code == 7
    assert "tmux was given: -L ennio-0123 attach -t =app-1" in said


@pytest.mark.usefixtures("ennio")
def test_without_tmux_on_this_machine_it_is_said_where_to_go(server: Canned, tmp_path: Path) -> None:
    (tmp_path / "git").symlink_to(shutil.which("git") or "git")
    server.answer(f"GET {S}/app-1", {**RUNNING, "attach": ATTACH})
    code, said = on_a_terminal(["open", "app-1"], tmp_path, PATH=str(tmp_path))
    assert code == 1
    assert "on the machine on which the server runs" in said


def test_without_a_terminal_it_is_refused(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", {**RUNNING, "attach": ATTACH})
    code, out, err = ennio("open", "app-1")
    assert (code, out) == (2, "")
    assert err == "ennio: this is no terminal: type `ennio open app-1` at one\n"


def test_as_json_the_command_is_printed_and_not_run(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", {**RUNNING, "attach": ATTACH})
    code, out, _ = ennio("--format", "json", "open", "app-1")
    assert (code, json.loads(out)) == (0, ATTACH)


@pytest.mark.parametrize(
    ("session", "words"),
    [
        (RUNNING, "app-1 has no terminal, as only agents in tmux have: `ennio logs app-1 -f` follows it"),
        ({**RUNNING, "status": "Exited", "pid": None}, "app-1 is Exited, its agent does not run"),
        ({**RUNNING, "status": "Spawning", "pid": None}, "is just being started"),
    ],
)
def test_an_agent_without_a_terminal_is_told_of_with_what_to_do(
    ennio: Prompt, server: Canned, session: dict[str, object], words: str
) -> None:
    server.answer(f"GET {S}/app-1", session)
    code, out, err = ennio("open", "app-1")
    assert (code, out) == (1, "")
    assert words in err


@pytest.mark.usefixtures("ennio")
def test_what_a_stranger_answers_in_the_server_s_place_is_not_run(server: Canned, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    server.answer(f"GET {S}/app-1", {**RUNNING, "attach": f"touch {ran}"})
    code, said = on_a_terminal(["open", "app-1"], tmp_path)
    assert code == 1
    assert "refused" in said
    assert not ran.exists()


@pytest.mark.parametrize(
    "command",
    [
        "tmux -L x new-session id",
        "tmux -L x -f /tmp/conf attach -t y",
        "tmux -L ../../x attach -t y",
        "tmux -L x attach -t 'y;'",
        "tmux -L x attach -t y ';' run-shell id",
        "tmux -S /tmp/x attach -t y",
        "tmux -L x attach '-t y' z",
        "./tmux -L x attach -t y",
        "sh -L x attach -t y",
        "",
    ],
)
def test_a_command_that_does_anything_but_attaching_is_refused(command: str) -> None:
    assert not _only_attaches(shlex.split(command))
