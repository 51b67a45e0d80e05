"""What no Codex should ever say."""

import json

import pytest
from app_server_lines import THREAD, over, running, sent
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.agents.dialogues.app_server import AppServer
from ennio.supervisor.observations import Asked, Unknown

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    [
        *("threadId", "turnId", "turn", "item", "id", "type", "status", "error", "changes", "command"),
        *("exitCode", "arguments", "text", "requestId", "tokenUsage", "total", "last", "inputTokens"),
        *("rateLimits", "primary", "resetsAt", "usedPercent", "_meta", "permissions", "itemId", "path"),
    ]
)
_METHODS = st.sampled_from(
    [
        *("turn/started", "turn/completed", "item/started", "item/completed", "serverRequest/resolved"),
        *("thread/tokenUsage/updated", "account/rateLimits/updated", "model/rerouted", "error", "warning"),
        *("item/x/requestApproval", "item/permissions/requestApproval", "item/fileChange/requestApproval"),
        "mcpServer/elicitation/request",
    ]
)
_KNOWN = st.sampled_from([THREAD, "t1", "fileChange", "commandExecution", "mcpToolCall", "agentMessage"])
_PARAMS = st.recursive(
    _JSON | _KNOWN, lambda inner: st.dictionaries(_FIELDS, inner, max_size=5), max_leaves=12
)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"thread 'main' panicked at src/main.rs",
        b"\xff\x00",
        b"[]",
        b"{}",
        b'{"id":null}',
        b'{"id":99,"result":{}}',
        b'{"id":true,"method":"x/requestApproval"}',
        b'{"method":7}',
        b'{"method":"nobody/knows"}',
        b'{"type":"thread.started","thread_id":"x"}',
        b'{"method":"turn/started","params":{"threadId":',
    ],
)
def test_what_is_no_message_is_unknown_and_changes_nothing(line: bytes) -> None:
    dialogue = running()
    before = dialogue.memory()
    assert dialogue.receive(line) == (Unknown(),)
    assert (dialogue.memory(), dialogue.ready) == (before, False)


def test_what_the_program_itself_complains_of_is_readable() -> None:
    assert AppServer("/w").readable(b"error: no such option\xff") == "error: no such option\ufffd\n"
    assert AppServer("/w").readable(b"  ") == ""


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "id": st.integers(0, 9) | _JSON,
                "method": _METHODS | _JSON,
                "params": _PARAMS,
                "result": _PARAMS,
                "error": _PARAMS,
            },
        ),
        max_size=6,
    )
)
def test_nothing_that_codex_may_say_makes_it_raise(messages: list[dict[str, object]]) -> None:
    dialogue = running()
    for message in messages:
        line = json.dumps(message).encode()
        for one in dialogue.receive(line):
            repr(one).encode()
            if isinstance(one, Asked):
                assert json.loads(one.input) is not None
                dialogue.decide(one.ask, allow=True, words="")
        dialogue.readable(line).encode()
        sent(dialogue.replies())
    memory = json.loads(json.dumps(dialogue.memory()))
    other = AppServer("/w")
    other.recall(memory)
    assert other.memory() == memory


@given(
    st.dictionaries(st.sampled_from([*running().memory(), "request 4", "ask 0", "held 0", "used x"]), _JSON)
)
def test_a_memory_that_is_odd_is_left_out(memory: dict[str, object]) -> None:
    dialogue = AppServer("/w")
    dialogue.recall(memory)
    json.dumps(dialogue.memory())
    dialogue.receive(over())
    dialogue.replies()
