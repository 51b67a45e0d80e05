import json
from typing import Any

import pytest

from ennio.supervisor.agents.dialogues.acp_asks import Asks, shown
from ennio.supervisor.records import Permissions

OPTIONS = [
    {"optionId": "always", "kind": "allow_always"},
    {"optionId": "once", "kind": "allow_once"},
    {"optionId": "never", "kind": "reject_always"},
    {"optionId": "no", "kind": "reject_once"},
]


def chosen(said: bytes) -> object:
    """The option that was chosen, None for cancelled."""
    outcome = json.loads(said)["result"]["outcome"]
    assert (outcome["outcome"] == "selected") is ("optionId" in outcome)
    return outcome.get("optionId")


def decided(options: object, *, allow: bool) -> object:
    asks = Asks("/lab", None)
    name = asks.open(1, {"options": options})
    assert name == "1"
    return chosen(asks.answer(name, allow=allow))


def edit(*paths: object, key: str = "locations") -> dict[str, Any]:
    return {"kind": "edit", key: [{"path": path} for path in paths]}


@pytest.mark.parametrize(("allow", "option"), [(True, "once"), (False, "no")])
def test_it_is_allowed_and_rejected_once(allow: bool, option: str) -> None:
    assert decided(OPTIONS, allow=allow) == option
    assert decided(OPTIONS[::-1], allow=allow) == option


def test_without_once_what_allows_and_rejects_at_all_is_chosen() -> None:
    assert decided(OPTIONS[::2], allow=True) == "always"
    assert decided(OPTIONS[::2], allow=False) == "never"


@pytest.mark.parametrize(
    "options", [[], None, "x", [1], [{}], [{"kind": "allow_once"}], [{"kind": 1, "optionId": "x"}]]
)
def test_where_the_agent_offers_no_such_thing_it_is_cancelled(options: object) -> None:
    assert decided(options, allow=True) is None
    assert decided(options, allow=False) is None


def test_what_only_allows_cannot_be_chosen_to_reject() -> None:
    assert decided(OPTIONS[:2], allow=False) is None


def test_a_question_is_answered_once_and_by_the_id_that_it_has() -> None:
    asks = Asks("/lab", None)
    assert asks.open("bb1e-4", {"options": OPTIONS}) == "bb1e-4"
    assert json.loads(asks.answer("bb1e-4", allow=True))["id"] == "bb1e-4"
    assert asks.answer("bb1e-4", allow=True) == b""
    assert asks.answer("other", allow=True) == b""


@pytest.mark.parametrize("number", [None, True, 1.5, [], {}, "x" * 300, 10**300])
def test_a_question_with_an_odd_id_is_not_kept(number: object) -> None:
    assert Asks("/lab", None).open(number, {"options": OPTIONS}) is None


def test_no_more_than_a_hundred_are_kept() -> None:
    asks = Asks("/lab", None)
    names = [asks.open(number, {"options": OPTIONS}) for number in range(150)]
    assert names[:100] == [str(number) for number in range(100)]
    assert set(names[100:]) == {None}
    assert len(asks.withdraw()) == 100
    assert asks.open(1, {}) == "1"


@pytest.mark.parametrize(
    ("permissions", "call", "allowed"),
    [
        (None, edit("/lab/a"), False),
        (Permissions.ASK, edit("/lab/a"), False),
        (Permissions.FULL, {}, True),
        (Permissions.FULL, {"kind": "execute"}, True),
        (Permissions.EDITS, edit("/lab/a", "/lab/b/c", "d", "./e"), True),
        (Permissions.EDITS, edit("/lab/a", key="content"), True),
        (Permissions.EDITS, {**edit("/lab/a"), **edit("/etc/b", key="content")}, False),
        (Permissions.EDITS, edit("/lab/a", "/etc/b"), False),
        (Permissions.EDITS, edit("/lab/../etc/b"), False),
        (Permissions.EDITS, edit("../b"), False),
        (Permissions.EDITS, edit("/labour/b"), False),
        (Permissions.EDITS, edit("/lab"), False),
        (Permissions.EDITS, edit(), False),
        (Permissions.EDITS, edit(5), False),
        (Permissions.EDITS, {"kind": "execute", "locations": [{"path": "/lab/a"}]}, False),
        (Permissions.EDITS, {"kind": "delete", "locations": [{"path": "/lab/a"}]}, False),
    ],
)
def test_only_what_the_permissions_cover_is_allowed_without_asking(
    permissions: Permissions | None, call: dict[str, Any], allowed: bool
) -> None:
    assert Asks("/lab/", permissions).allowed(call) is allowed


def test_what_is_asked_for_is_shown_whole() -> None:
    assert shown({"title": "t", "rawInput": {"command": "é"}}) == '{"command": "é"}'
    assert json.loads(shown({"title": "t", "kind": "k", "toolCallId": "c"})) == {"title": "t", "kind": "k"}


@pytest.mark.parametrize("piece", ["a", "\\", '"', "é", "\N{SNOWMAN}", "\n", "\0", "\ud800", "😀"])
def test_what_is_asked_for_is_shown_in_64_kib_at_most_and_is_json(piece: str) -> None:
    text = shown({"rawInput": {"content": piece * 70_000}})
    assert len(text.encode()) <= 64 * 1024
    whole = json.loads(text)
    assert whole.startswith('{"content": "')
    assert whole.endswith("…")
