"""`session list` of some statuses, and of one agent."""

import json

import pytest
from canned import EXITED, SESSION, Canned, Prompt, S

FIRST, SECOND = SESSION, {**EXITED, "id": "app-2", "agent_name": "codex"}
THIRD = {**SESSION, "id": "app-3", "agent_name": "codex", "status": "CiFailed"}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ["app-1", "app-2", "app-3"]),
        (["--status", "working"], ["app-1"]),
        (["--status", "CiFailed", "--status", "Exited"], ["app-2", "app-3"]),
        (["--agent", "codex"], ["app-2", "app-3"]),
        (["--agent", "codex", "--status", "CIFAILED"], ["app-3"]),
        (["--agent", "aider"], []),
    ],
)
def test_only_those_are_listed_that_are_asked_for(
    ennio: Prompt, server: Canned, options: list[str], found: list[str]
) -> None:
    server.answer(f"GET {S}", [FIRST, SECOND, THIRD])
    code, out, _ = ennio("--format", "json", "session", "list", *options)
    assert (code, [one["id"] for one in json.loads(out)]) == (0, found)


def test_none_of_this_kind_is_not_none_at_all(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}", [FIRST], [])
    answers = [ennio("session", "list", "--agent", "aider")[1] for _ in range(2)]
    assert answers == ["no session is active of this kind\n", "no session is active\n"]


def test_a_status_that_there_is_none_of_is_a_misuse(ennio: Prompt, server: Canned) -> None:
    code, _, err = ennio("session", "list", "--status", "Working", "--status", "Foo")
    assert (code, server.asked) == (2, [])
    assert "there is no status 'Foo'; there are: Spawning, Working, PrDraft" in err
    assert ennio("session", "list", "--status", "Idle")[0] == 2, "an activity is no status"
