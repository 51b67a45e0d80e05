"""`kill`: one session, several, or all of a project, with what became of each."""

import json
from pathlib import Path

import pytest
from canned import SESSION, Canned, Prompt, S

DONE = "nothing that it started is running"
LEFT = "pid 4242 (sleep, state D, uid 1000) is still running"


def killable(server: Canned, *names: str) -> None:
    for name in names:
        server.answer(f"DELETE {S}/{name}", "killed")
        server.answer(f"GET {S}/{name}", {**SESSION, "id": name, "status": "Killed"})


def test_one_is_killed_as_ever(ennio: Prompt, server: Canned) -> None:
    killable(server, "app-1")
    assert ennio("kill", "app-1") == (0, f"killed app-1: {DONE}\n", "")
    assert ennio("kill", "app-1", "app-1") == ennio("session", "kill", "app-1")


def test_several_are_killed_and_each_is_told_of(ennio: Prompt, server: Canned) -> None:
    killable(server, *(f"app-{number}" for number in range(12)))
    names = [f"app-{number}" for number in range(12)]
    assert ennio("kill", *names) == (0, "".join(f"killed {name}: {DONE}\n" for name in names), "")
    assert sorted(server.asked) == sorted((f"DELETE {S}/{name}", None) for name in names)


def test_all_of_a_project_are_its_active_ones(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}?project_id=app", [{**SESSION, "id": name} for name in ("app-2", "app-1")])
    killable(server, "app-1", "app-2")
    assert ennio("kill", "--project", "app") == (0, f"killed app-2: {DONE}\nkilled app-1: {DONE}\n", "")


def test_a_project_without_any_is_fine(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}?project_id=app", [])
    assert ennio("kill", "--project", "app") == (0, "no session is active\n", "")
    assert ennio("--format", "json", "kill", "--project", "app") == (0, "[]\n", "")


@pytest.mark.parametrize("command", [[], ["app-1", "--project", "app"]])
def test_it_is_either_sessions_or_a_project(ennio: Prompt, server: Canned, command: list[str]) -> None:
    code, _, err = ennio("kill", *command)
    assert (code, server.asked) == (2, [])
    assert "name sessions, or a project" in err


def test_one_that_will_not_go_keeps_no_other_and_says_why(ennio: Prompt, server: Canned) -> None:
    killable(server, "app-1", "app-3")
    server.answer(f"DELETE {S}/app-2", LEFT, status=504)
    code, out, err = ennio("kill", "app-1", "app-2", "app-3")
    assert (code, out) == (1, f"killed app-1: {DONE}\nkilled app-3: {DONE}\n")
    assert err == f"app-2: {LEFT}\nennio: not killed: app-2; ennio goes on trying where it has begun\n"


def test_json_says_what_became_of_each(ennio: Prompt, server: Canned) -> None:
    killable(server, "app-1")
    server.answer(f"DELETE {S}/app-2", LEFT, status=504)
    code, out, err = ennio("--format", "json", "kill", "app-1", "app-2")
    assert json.loads(out) == [
        {"id": "app-1", "killed": True, "error": None},
        {"id": "app-2", "killed": False, "error": LEFT},
    ]
    assert (code, err.count("\n")) == (1, 1)


def test_a_project_that_nobody_knows_is_a_refusal(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}?project_id=nope", "there is no project nope", status=404)
    assert ennio("kill", "--project", "nope") == (1, "", "ennio: there is no project nope\n")


def test_a_server_that_is_not_there_is_told_of_and_no_traceback(
    ennio: Prompt, server: Canned, tmp_path: Path
) -> None:
    file = tmp_path / "ennio.toml"
    file.write_text(file.read_text().replace(str(server.server_port), "1"))
    code, _, err = ennio("kill", "app-1", "app-2")
    assert code == 1
    assert err.endswith("ennio: not killed: app-1, app-2; ennio goes on trying where it has begun\n")
    assert "app-1: no server answers at http://127.0.0.1:1" in err
