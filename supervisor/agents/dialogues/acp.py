"""The Agent Client Protocol: JSON-RPC 2.0 in lines, with many an agent (https://agentclientprotocol.com)."""

from collections.abc import Iterable, Mapping
from typing import Any

from ...observations import (
    Asked,
    AskWithdrawn,
    Observation,
    Refused,
    Said,
    TurnStarted,
    Unknown,
)
from ...protocols import Memory
from ...records import Permissions
from .acp_asks import Asks, selected, shown
from .acp_errors import AUTH_REQUIRED, METHOD_NOT_FOUND, ending, limit
from .acp_readable import readable
from .acp_start import Start
from .acp_tools import Tools, summary_of
from .acp_usage import Meter
from .json_lines import mapping, one_line, parsed, text, whole, written

_OF_A_TURN = {
    "agent_message_chunk",
    "agent_thought_chunk",
    "user_message_chunk",
    "tool_call",
    "tool_call_update",
    "plan",
}
_BESIDE = {
    "available_commands_update",
    "config_option_update",
    "current_mode_update",
    "session_info_update",
}
_MODES = {
    Permissions.ASK: ("default",),
    Permissions.EDITS: ("acceptEdits", "autoEdit", "auto-edit", "default"),
    Permissions.FULL: ("bypassPermissions", "yolo", "default"),
}
"""What claude-agent-acp 0.101.0, gemini 0.61.0 and qwen 0.15.10 call their modes.

The last one asks for everything, and is answered here: one that decides by itself denies things too.
"""


class Acp:
    """A client of the protocol's version 1 that has no files and no terminals to offer.

    An agent takes a message up without a word: its turn has begun with the first thing that it does. It
    cannot be told why a permission is denied. With `conversation` it goes on with that one where it can;
    where it cannot it begins a new one, as `Started` tells. `permissions` set its mode, where it has one of a
    name that is known for them, and allow here what it asks for all the same: `Asks`. Without them the mode
    stays what it is, and everything that it asks for is `Asked`.

    Whatever else an agent asks is refused. opencode 1.18.33 announces what it writes as `fs/write_text_file`,
    although it was told that nobody does that for it, and writes the file itself whatever it is answered.
    """

    turns = True
    ready = False

    def __init__(
        self,
        cwd: str,
        *,
        conversation: str | None = None,
        permissions: Permissions | None = None,
    ) -> None:
        self._start = Start(cwd, conversation, _MODES[permissions] if permissions else ())
        self._asks = Asks(cwd, permissions)
        self._tools, self._meter = Tools(), Meter(resumed=conversation is not None)
        self._number = 0
        """The id of our last request; there is never more than one open."""
        self._open = ""
        """The method of our open request."""
        self._spoken = self._begun = self._cancelled = False
        self._out = b""

    def open(self) -> bytes:
        """Return the hello."""
        return self._request(*self._start.hello())

    def receive(self, line: bytes) -> Iterable[Observation]:
        """Take one line of output."""
        message = parsed(line)
        if message is None:
            return (Unknown(),)
        method, number, params = message.get("method"), message.get("id"), mapping(message.get("params"))
        if isinstance(method, str):
            return self._asked(method, number, params) if "id" in message else self._told(method, params)
        if self._open and type(number) is int and number == self._number:
            return self._answered(message)
        return (Unknown(),)

    def replies(self) -> bytes:
        """Return what the agent is to be told because of what it said."""
        out, self._out = self._out, b""
        return out

    def tell(self, text: str) -> bytes:
        """Return a prompt."""
        self._spoken, self._begun, self._cancelled = True, False, False
        self._meter.began()
        prompt = [{"type": "text", "text": text}]
        return self._request("session/prompt", {"sessionId": self._start.session, "prompt": prompt})

    def interrupt(self) -> bytes:
        """Return the cancellation of the turn, after the answers to all that it asks for."""
        if self._open != "session/prompt":
            return b""
        answers = b"" if self._cancelled else self._asks.cancelled()
        self._cancelled = True
        params = {"sessionId": self._start.session}
        return answers + written({"jsonrpc": "2.0", "method": "session/cancel", "params": params})

    def decide(self, ask: str, *, allow: bool, words: str) -> bytes:
        """Return the choice of an option that the agent offers; `words` cannot be told to it."""
        return b"" if self._cancelled else self._asks.answer(ask, allow=allow)

    def memory(self) -> Memory:
        """Return where the conversation stands."""
        return {
            "number": self._number,
            "open": self._open,
            "spoken": self._spoken,
            "begun": self._begun,
            "cancelled": self._cancelled,
            **self._start.memory(),
            **self._asks.memory(),
            **self._tools.memory(),
            **self._meter.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from there."""
        self._number = whole(memory.get("number")) or 0
        self._open = one_line(memory.get("open")) or ""
        self._spoken = memory.get("spoken") is True
        self._begun, self._cancelled = memory.get("begun") is True, memory.get("cancelled") is True
        for part in (self._start, self._asks, self._tools, self._meter):
            part.recall(memory)
        self.ready = self._start.done and not self._open

    def readable(self, line: bytes) -> str:
        """Return what a line of output means to a person."""
        return readable(line)

    def _request(self, method: str, params: Mapping[str, Any]) -> bytes:
        self._number, self._open, self.ready = self._number + 1, method, False
        return written({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})

    def _answered(self, message: Mapping[str, Any]) -> list[Observation]:
        error, result = message.get("error"), mapping(message.get("result"))
        if self._open == "session/prompt":
            return self._ended(result, error)
        method, self._open = self._open, ""
        seen, more = self._start.answered(method, result, error)
        if more is not None:
            self._out += self._request(*more)
        self.ready = self._start.done and not self._open
        return seen

    def _told(self, method: str, params: Mapping[str, Any]) -> list[Observation]:
        update = mapping(params.get("update"))
        kind = update.get("sessionUpdate")
        if method != "session/update" or not isinstance(kind, str):
            return [Unknown()]
        if kind == "usage_update":
            return [*self._meter.cost(update)]
        # Before the first message that is an earlier conversation, told once more; by gemini 0.61.0 after it
        # has answered that it is there.
        if not self._spoken:
            return []
        if kind not in _OF_A_TURN:
            return [] if kind in _BESIDE else [Unknown()]
        return [*self._begin(), *self._seen(kind, update)]

    def _seen(self, kind: str, update: Mapping[str, Any]) -> list[Observation]:
        match kind:
            case "agent_message_chunk":
                piece = text(mapping(update.get("content")).get("text"))
                return [*([Said(piece)] if piece else []), *self._meter.step(update)]
            case "agent_thought_chunk":
                return [*self._meter.step(update)]
            case "tool_call" | "tool_call_update":
                return [*self._tools.told(update)]
        return []

    def _asked(self, method: str, number: object, params: Mapping[str, Any]) -> list[Observation]:
        if method == "session/request_permission":
            return self._permission(number, params)
        words = f"ennio does not offer {one_line(method, 60)}"
        error = {"code": METHOD_NOT_FOUND, "message": words}
        self._out += written({"jsonrpc": "2.0", "id": number, "error": error})
        return []

    def _permission(self, number: object, params: Mapping[str, Any]) -> list[Observation]:
        call = mapping(params.get("toolCall"))
        seen: list[Observation] = [*self._begin(), *self._tools.told(call, asked=True)]
        ask = None if self._cancelled else self._asks.open(number, params)
        if ask is None:
            self._out += selected(number, None)
        elif self._asks.allowed(call):
            self._out += self._asks.answer(ask, allow=True)
        else:
            seen.append(Asked(ask, self._tools.named(call), summary_of(call) or "", shown(call)))
        return seen

    def _begin(self) -> list[Observation]:
        if self._open != "session/prompt" or self._begun:
            return []
        self._begun = True
        return [TurnStarted()]

    def _ended(self, result: Mapping[str, Any], error: object) -> list[Observation]:
        seen: list[Observation] = [*self._begin(), *self._meter.turn(result), *self._tools.left()]
        seen += [AskWithdrawn(ask) for ask in self._asks.withdraw()]
        self._open, self.ready = "", True
        if limited := limit(error):
            seen.append(limited)
        seen.append(ending(result.get("stopReason"), error, cancelled=self._cancelled))
        if mapping(error).get("code") == AUTH_REQUIRED:
            seen.append(Refused(self._start.login(error)))
        return seen
