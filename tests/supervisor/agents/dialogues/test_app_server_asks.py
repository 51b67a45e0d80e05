"""What Codex asks, and how it is answered."""

import json

import pytest
from app_server_lines import asks, note, running, sent

from ennio.supervisor.observations import Asked, AskWithdrawn, Unknown


@pytest.mark.parametrize("number", [0, 7, "seven"])
def test_a_request_that_nobody_knows_is_answered_as_json_rpc_wants_it(number: int | str) -> None:
    dialogue = running()
    line = json.dumps({"id": number, "method": "item/tool/call", "params": {}}).encode()
    assert dialogue.receive(line) == (Unknown(),)
    assert sent(dialogue.replies()) == [
        {"id": number, "error": {"code": -32601, "message": "ennio does not know item/tool/call"}}
    ]


@pytest.mark.parametrize(
    ("method", "allowed", "denied"),
    [
        ("item/commandExecution/requestApproval", {"decision": "accept"}, {"decision": "decline"}),
        ("item/fileChange/requestApproval", {"decision": "accept"}, {"decision": "decline"}),
        ("item/later/requestApproval", {"decision": "accept"}, {"decision": "decline"}),
        (
            "item/permissions/requestApproval",
            {"permissions": {"network": True}, "scope": "turn"},
            {"permissions": {}},
        ),
    ],
)
def test_an_answer_is_in_the_words_of_the_question(
    method: str, allowed: dict[str, object], denied: dict[str, object]
) -> None:
    dialogue = running()
    for number, allow, result in ((0, True, allowed), ("one", False, denied)):
        (asked,) = dialogue.receive(asks(number, method, permissions={"network": True}))
        assert isinstance(asked, Asked)
        assert sent(dialogue.decide(asked.ask, allow=allow, words="no")) == [{"id": number, "result": result}]
        assert dialogue.decide(asked.ask, allow=allow, words="no") == b"", "it waits no more"
        assert not dialogue.receive(note("serverRequest/resolved", requestId=number))


def test_a_form_to_fill_in_is_no_permission() -> None:
    dialogue = running()
    assert dialogue.receive(asks(1, "mcpServer/elicitation/request", mode="form")) == (Unknown(),)
    assert b"-32601" in dialogue.replies()


def test_what_is_resolved_elsewhere_is_withdrawn() -> None:
    dialogue = running()
    dialogue.receive(asks(4))
    assert dialogue.receive(note("serverRequest/resolved", requestId=4)) == (AskWithdrawn("4"),)
    assert dialogue.decide("4", allow=True, words="") == b""


def test_all_that_is_said_of_a_question_is_handed_on_up_to_a_bound() -> None:
    dialogue = running()
    for size in (10, 40_000, 100_000):
        (asked,) = dialogue.receive(asks(0, command=f"/bin/bash -lc 'echo {'x' * size}'", reason='"' * size))
        assert isinstance(asked, Asked)
        assert len(asked.input) <= 64 * 1024
        assert len(asked.summary) <= 200
        assert asked.summary.startswith(("echo x", "/bin/bash -lc 'echo x"))
        assert json.loads(asked.input)


def test_a_change_that_is_too_much_to_show_is_shown_by_its_files() -> None:
    dialogue = running()
    change = {"path": "/w/a.py", "kind": {"type": "update"}, "diff": "+x\n" * 50_000}
    dialogue.receive(note("item/started", item={"type": "fileChange", "id": "i", "changes": [change]}))
    (asked,) = dialogue.receive(asks(0, "item/fileChange/requestApproval", itemId="i"))
    assert isinstance(asked, Asked)
    assert asked.summary == "/w/a.py"
    assert json.loads(asked.input)["changes"] == [{"path": "/w/a.py"}]
