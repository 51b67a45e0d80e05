"""The language of claude, which qwen speaks too: stream-json in both directions."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ...observations import (
    Asked,
    AskWithdrawn,
    Observation,
    Outcome,
    Refused,
    Retrying,
    Said,
    Started,
    TurnEnded,
    TurnStarted,
    Unknown,
)
from ...protocols import Memory
from .json_lines import mapping, one_line, parsed, seconds, text, whole, written
from .meters import ClaudeMeter, QwenMeter
from .open_asks import OpenAsks
from .stream_json_results import AccountLimit, failure_of, outcome_of
from .stream_json_words import blocks, readable, shown_input, summary_of
from .told import Told
from .tools_at_work import ToolsAtWork
from .usage_limits import moment

_MEANINGLESS = ("stream_event", "control_response", "keep_alive", "tool_progress", "tool_use_summary")
"""Messages that are known, and show nothing that others do not."""


def _now() -> datetime:
    return datetime.now(UTC)


class StreamJson:
    """Messages and answers as lines of JSON, and permissions asked for in between.

    `replays`: the agent says each message again when it takes it up (`--replay-user-messages` of claude).
    Only then can messages be told in mid-turn: claude takes those up within the turn, when a tool has ended,
    or after it, all that wait in one turn together (seen with claude 2.1.197). So a turn may have taken up
    several messages: there is a `TurnStarted` for each, and one `TurnEnded`. It also begins turns by itself,
    for instance since a command in the background has ended: those have both too, and take up nothing.

    `resumed`: the process goes on with an earlier conversation. `now` tells the time, which words such as
    "resets 3pm" need.
    """

    turns = True

    def __init__(
        self, *, replays: bool = True, resumed: bool = False, now: Callable[[], datetime] = _now
    ) -> None:
        self._replays, self._resumed, self._now = replays, resumed, now
        self._conversation: str | None = None
        self._model: str | None = None
        self._told, self._tools, self._asks = Told(), ToolsAtWork(), OpenAsks()
        self._open = self._interrupted = False
        self._limit = AccountLimit()
        self._meter: ClaudeMeter | QwenMeter = ClaudeMeter()
        self._replies: list[bytes] = []
        self.ready = True

    def open(self) -> bytes:
        """Return nothing: no greeting is needed."""
        return b""

    def tell(self, text: str) -> bytes:
        """Return `text` as a message with a name of its own: claude drops one whose name it knows."""
        self.ready = False
        content = {"role": "user", "content": text}
        return written({"type": "user", "message": content, "uuid": self._told.add()})

    def steer(self, text: str) -> bytes:
        """Return `text` as a message for the present turn, or else for the one right after it."""
        return self.tell(text) if self._open and self._replays else b""

    def interrupt(self) -> bytes:
        """Return what has the agent leave off; messages that it was told already have their turn then."""
        if not self._open:
            return b""
        self._interrupted = True
        request = {"subtype": "interrupt"}
        return written({"type": "control_request", "request_id": str(uuid.uuid4()), "request": request})

    def decide(self, ask: str, *, allow: bool, words: str) -> bytes:
        """Return the answer to a permission asked for, and forget it.

        A permission whose input was too long to be remembered across a restart is denied, and says so.
        """
        if ask not in self._asks:
            return b""
        tool_input = self._asks.take(ask)
        if allow and tool_input is not None:
            return _answer(ask, {"behavior": "allow", "updatedInput": tool_input})
        if allow:
            words = "ennio was restarted and has lost what this was about: do it again, to be asked again"
        return _answer(ask, {"behavior": "deny", "message": words or "denied"})

    def replies(self) -> bytes:
        """Return refusals of what the agent wanted of us and we know nothing of."""
        said, self._replies = b"".join(self._replies), []
        return said

    def receive(self, line: bytes) -> Iterable[Observation]:
        """Take one line; return what it shows."""
        message = parsed(line)
        seen = (Unknown(),) if message is None else tuple(self._read(message))
        self.ready = not self._open and not self._told
        return seen

    def readable(self, line: bytes) -> str:
        """Return what a person reads of a line: what was said, tools and what came of them, failures."""
        return "".join(f"{shown}\n" for shown in readable(line))

    def memory(self) -> Memory:
        """Return what is open, and where the counters stand."""
        return {
            "conversation": self._conversation,
            "model": self._model,
            "told": self._told.memory(),
            "open": self._open,
            "interrupted": self._interrupted,
            "limited": self._limit.reached,
            "limit": None if self._limit.until is None else int(self._limit.until.timestamp()),
            "tools": self._tools.memory(),
            "asks": self._asks.memory(),
            "qwen": isinstance(self._meter, QwenMeter),
            "used": self._meter.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from what `memory` returned."""
        self._conversation, self._model = text(memory.get("conversation")), text(memory.get("model"))
        self._open, self._interrupted = memory.get("open") is True, memory.get("interrupted") is True
        self._limit.reached, self._limit.until = memory.get("limited") is True, moment(memory.get("limit"))
        self._told.recall(memory.get("told"))
        self._tools.recall(memory.get("tools"))
        self._asks.recall(memory.get("asks"))
        if memory.get("qwen") is True:
            self._meter = QwenMeter(resumed=self._resumed)
        self._meter.recall(memory.get("used"))
        self.ready = not self._open and not self._told

    def _read(self, message: dict[str, Any]) -> Iterator[Observation]:
        match text(message.get("type")):
            case "system":
                yield from self._system(message)
            case "assistant":
                yield from self._assistant(message)
            case "user":
                yield from self._user(message)
            case "result":
                yield from self._result(message)
            case "control_request":
                yield from self._asked(message)
            case "control_cancel_request":
                if (ask := text(message.get("request_id"))) and ask in self._asks:
                    self._asks.take(ask)
                    yield AskWithdrawn(ask)
            case "rate_limit_event":
                self._limit.event(message)
            case known if known in _MEANINGLESS:
                pass
            case _:
                yield Unknown()

    def _system(self, message: dict[str, Any]) -> Iterator[Observation]:
        match message.get("subtype"):
            case "init":
                yield from self._began(message)
            case "api_retry":
                yield Retrying(
                    whole(message.get("attempt")),
                    whole(message.get("max_retries")),
                    seconds(message.get("retry_delay_ms")),
                    whole(message.get("error_status")),
                    one_line(message.get("error")),
                )

    def _began(self, init: dict[str, Any]) -> Iterator[Observation]:
        """A turn has begun: this says anew each time who the agent is."""
        if "qwen_code_version" in init and not isinstance(self._meter, QwenMeter):
            self._meter = QwenMeter(resumed=self._resumed)
        conversation, model = one_line(init.get("session_id")), one_line(init.get("model"))
        if (conversation, model) != (self._conversation, self._model):
            self._conversation, self._model = conversation, model
            yield Started(conversation, model)
        if not self._open and self._told.begun():
            yield TurnStarted()
        self._open = True

    def _assistant(self, message: dict[str, Any]) -> Iterator[Observation]:
        own = message.get("parent_tool_use_id") is None
        if own:
            self._meter.step(mapping(mapping(message.get("message")).get("usage")))
        for block in blocks(message):
            match block.get("type"):
                # What stands there for a failure is not its own: the result says it again.
                case "text" if own and not message.get("error") and (words := text(block.get("text"))):
                    yield Said(words)
                case "tool_use" | "server_tool_use":
                    yield self._tools.started(block)

    def _user(self, message: dict[str, Any]) -> Iterator[Observation]:
        if message.get("isReplay") is True:
            yield from [TurnStarted()] * self._told.said_again(message.get("uuid"))
            return
        for block in blocks(message):
            if block.get("type") == "tool_result":
                yield self._tools.ended(block)

    def _asked(self, message: dict[str, Any]) -> Iterator[Observation]:
        ask, request = text(message.get("request_id")), mapping(message.get("request"))
        if not ask or ask in self._asks:
            return
        tool_input = mapping(request.get("input"))
        words = json.dumps(tool_input)
        if request.get("subtype") != "can_use_tool":
            self._refuse(ask, f"{one_line(request.get('subtype'))} is nothing that ennio does")
        elif not self._asks.add(ask, words):
            self._refuse(ask, "too much waits for a permission already: wait for that first")
        else:
            summary = summary_of(tool_input) or one_line(request.get("description")) or ""
            yield Asked(ask, one_line(request.get("tool_name")) or "tool", summary, shown_input(words))

    def _refuse(self, request: str, why: str) -> None:
        response = {"subtype": "error", "request_id": request, "error": why}
        self._replies.append(written({"type": "control_response", "response": response}))

    def _result(self, result: dict[str, Any]) -> Iterator[Observation]:
        outcome = outcome_of(result, interrupted=self._interrupted)
        if self._conversation is None and outcome is Outcome.FAILED:
            # Before any turn: it knows no such conversation, and ends (seen with claude 2.1.197).
            words = f"before any turn: {failure_of({**result, 'subtype': None})}"
            yield Refused(words, forgotten="no conversation found" in words.lower())
            return
        self._open = self._interrupted = False
        self._told.ended()
        for ask in self._asks.clear():
            yield AskWithdrawn(ask)
        for spent in self._meter.read(result):
            yield spent if spent.model else replace(spent, model=self._model)
        failed = outcome is Outcome.FAILED
        limit = self._limit.result(result, self._now())
        if failed and limit is not None:
            yield limit
        yield TurnEnded(outcome, failure_of(result) if failed else None)


def _answer(ask: str, response: Mapping[str, Any]) -> bytes:
    success = {"subtype": "success", "request_id": ask, "response": response}
    return written({"type": "control_response", "response": success})
