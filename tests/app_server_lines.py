"""Lines as `codex app-server` writes them, for tests of its dialogue."""

import json
from typing import Any

from ennio.supervisor.agents.dialogues.app_server import AppServer

THREAD = "01a209dc-c8cb-7ef2-81e5-bd43f6641562"


def note(method: str, **params: object) -> bytes:
    """A notification, of our thread unless told."""
    return json.dumps({"method": method, "params": {"threadId": THREAD, **params}}).encode()


def answer(number: int, **rest: object) -> bytes:
    """An answer to a request of ours."""
    return json.dumps({"id": number, **rest}).encode()


def refusal(number: int, words: str) -> bytes:
    """An answer that is an error."""
    return answer(number, error={"code": -32600, "message": words})


def sent(messages: bytes) -> list[dict[str, Any]]:
    """What the dialogue wrote, message by message."""
    return [json.loads(line) for line in messages.splitlines()]


def opened(**wishes: Any) -> AppServer:
    """Return a dialogue after the handshake: the next request is number 3."""
    dialogue = AppServer("/w", **wishes)
    dialogue.open()
    dialogue.receive(answer(1, result={}))
    dialogue.replies()
    dialogue.receive(answer(2, result={"thread": {"id": THREAD}, "model": "gpt"}))
    return dialogue


def running(turn: str = "t1", **wishes: Any) -> AppServer:
    """Return a dialogue in a turn: the next request is number 4."""
    dialogue = opened(**wishes)
    dialogue.tell("words")
    dialogue.receive(answer(3, result={"turn": {"id": turn}}))
    dialogue.receive(note("turn/started", turn={"id": turn}))
    return dialogue


def over(turn: str = "t1", **rest: object) -> bytes:
    """The end of a turn, a good one unless told."""
    return note("turn/completed", turn={"id": turn, "status": "completed", **rest})


def used(inputs: int, cached: int = 0, output: int = 0, *, last: int = 0, **rest: object) -> bytes:
    """The totals of a thread, in its first turn."""
    total = {"inputTokens": inputs, "cachedInputTokens": cached, "outputTokens": output}
    usage = {"total": total, "last": {"inputTokens": last}}
    return note("thread/tokenUsage/updated", **{"turnId": "t1", "tokenUsage": usage, **rest})


def asks(number: int | str, method: str = "item/commandExecution/requestApproval", **params: object) -> bytes:
    """A request of Codex."""
    return json.dumps({"id": number, "method": method, "params": {"threadId": THREAD, **params}}).encode()
