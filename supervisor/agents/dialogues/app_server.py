"""The dialogue with `codex app-server`: JSON-RPC 2.0 in lines, without its member "jsonrpc"."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...observations import Observation, Outcome, Refused, Started, TurnEnded, TurnStarted, Unknown
from ...protocols import Memory
from .app_server_asks import Asks, Id, request_id
from .app_server_items import begun, done
from .app_server_readable import readable
from .app_server_requests import Requests
from .app_server_troubles import Troubles, words_of
from .app_server_turn import Turn
from .app_server_usage import Meter
from .json_lines import mapping, objects, parsed, text, written

_UNKNOWN_METHOD = -32601
"""JSON-RPC 2.0, section 5.1."""
_FORGOTTEN = re.compile(r"no rollout found|invalid thread id|not found", re.IGNORECASE)
"""What codex 0.169.0 says of a conversation that it knows nothing of, among other reasons not to go on."""
_OUTCOMES = {"completed": Outcome.OK, "interrupted": Outcome.CANCELLED}
_QUIET = (
    *("account/", "app/", "configWarning", "deprecationNotice", "guardianWarning", "hook/", "item/"),
    *("mcpServer/", "model/", "modelProvider/", "remoteControl/", "skills/", "thread/", "turn/", "warning"),
)
"""How notifications begin that are known to say nothing here, unless they are listened to."""


class AppServer:
    """One thread of Codex, begun in `cwd` or gone on with as `conversation`, which is the thread's id.

    `approval_policy` and `sandbox` are in Codex's words, None for what the user has configured. `rules` are
    given beside Codex's own instructions. A message for the present turn that comes too late for it gets a
    turn of its own. Facts: `codex app-server generate-json-schema` of codex 0.169.0, and recordings of it.
    """

    turns = True

    def __init__(
        self,
        cwd: str,
        conversation: str | None = None,
        model: str | None = None,
        approval_policy: str | None = None,
        sandbox: str | None = None,
        rules: Iterable[str] = (),
    ) -> None:
        wishes = {
            "cwd": cwd,
            "model": model,
            "approvalPolicy": approval_policy,
            "sandbox": sandbox,
            "developerInstructions": "\n\n".join(rules) or None,
        }
        self.ready = False
        self._wishes = {name: wish for name, wish in wishes.items() if wish is not None}
        self._conversation = conversation
        self._requests = Requests()
        self._replies: list[bytes] = []
        self._thread: str | None = None
        self._turn = Turn()
        self._asks, self._meter, self._troubles = Asks(), Meter(), Troubles()
        self._listeners = {
            "turn/started": self._turn_started,
            "turn/completed": self._turn_completed,
            "item/started": self._item_started,
            "item/completed": self._item_completed,
            "serverRequest/resolved": self._resolved,
            "thread/tokenUsage/updated": self._used,
            "model/rerouted": self._rerouted_to,
            "account/rateLimits/updated": self._troubles.limits,
            "error": self._failed,
        }

    def open(self) -> bytes:
        """Say hello; all else follows from the answer."""
        client = {"name": "ennio", "title": "ennio", "version": "1"}
        return self._requests.send("initialize", {"clientInfo": client})

    def tell(self, message: str) -> bytes:
        """Begin a turn with a message."""
        self._turn.asked, self.ready = True, False
        return self._requests.send("turn/start", {"threadId": self._thread, "input": _input(message)})

    def steer(self, message: str) -> bytes:
        """Add a message to the present turn; once its model is given it, `TurnStarted` is observed again.

        A turn that ends before has lost it (seen with codex 0.169.0): then `replies` begins one with it.
        """
        if not self._turn.running:
            return b""
        turn = {"threadId": self._thread, "expectedTurnId": self._turn.name}
        return self._requests.send("turn/steer", {**turn, "input": _input(message)}, message)

    def interrupt(self) -> bytes:
        """End the present turn. One that does not run yet is ended by `replies`, as soon as it does."""
        self._turn.unwanted = not self._turn.running and not self._turn.free
        if not self._turn.running:
            return b""
        return self._requests.send("turn/interrupt", {"threadId": self._thread, "turnId": self._turn.name})

    def decide(self, ask: str, *, allow: bool, words: str) -> bytes:
        """Answer what was asked. Codex has no place for `words`, and tells its model in its own."""
        return self._asks.decide(ask, allow=allow)

    def replies(self) -> bytes:
        """Return what follows from what was received: the handshake, a refusal, a message again."""
        if self._turn.held and self._free():
            self._replies.append(self.tell(self._turn.held.pop(0)))
        replies, self._replies = b"".join(self._replies), []
        return replies

    def receive(self, line: bytes) -> Iterable[Observation]:
        """Take one line: an answer, a request, or a notification."""
        seen = self._received(line)
        self.ready = self._free() and not self._turn.held
        return seen

    def readable(self, line: bytes) -> str:
        """Return what a line means to a person; it depends on nothing but the line."""
        return readable(line)

    def memory(self) -> Memory:
        """Return what the next line is to be understood with."""
        return {
            "thread": self._thread,
            **self._requests.memory(),
            **self._turn.memory(),
            **self._asks.memory(),
            **self._meter.memory(),
            **self._troubles.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from `memory`."""
        self._thread = text(memory.get("thread"))
        self._requests.recall(memory)
        self._turn.recall(memory)
        self._asks.recall(memory)
        self._meter.recall(memory)
        self._troubles.recall(memory)
        self.ready = self._free() and not self._turn.held

    def _received(self, line: bytes) -> Iterable[Observation]:
        message = parsed(line) or {}
        method, number = message.get("method"), request_id(message.get("id"))
        params = mapping(message.get("params"))
        if not isinstance(method, str):
            return (Unknown(),) if number is None else self._answered(number, message)
        if number is not None:
            return self._requested(number, method, params)
        if method in self._listeners:
            return self._listeners[method](params)
        return () if method.startswith(_QUIET) else (Unknown(),)

    def _requested(self, number: Id, method: str, params: Mapping[str, Any]) -> Iterable[Observation]:
        asked = self._asks.ask(number, method, params)
        if asked is not None:
            return (asked,)
        error = {"code": _UNKNOWN_METHOD, "message": f"ennio does not know {method[:100]}"}
        self._replies.append(written({"id": number, "error": error}))
        return (Unknown(),)

    def _answered(self, number: Id, message: Mapping[str, Any]) -> Iterable[Observation]:
        method, said = self._requests.answered(number)
        result = mapping(message.get("result"))
        words = words_of(message.get("error")) or "no reason given" if "error" in message else None
        if method == "initialize":
            return self._greeted(words)
        if method in ("thread/start", "thread/resume"):
            return self._opened(result, words)
        if method == "turn/start":
            return self._taken_up(result, words)
        if method == "turn/steer":
            return self._steered(said, words)
        return () if method else (Unknown(),)

    def _greeted(self, refused: str | None) -> Iterable[Observation]:
        if refused is not None:
            return (Refused(f"codex refused to be talked to: {refused}"),)
        self._replies.append(written({"method": "initialized"}))
        if self._conversation is None:
            self._replies.append(self._requests.send("thread/start", self._wishes))
        else:
            wishes = {"threadId": self._conversation, **self._wishes, "excludeTurns": True}
            self._replies.append(self._requests.send("thread/resume", wishes))
        return ()

    def _opened(self, result: Mapping[str, Any], refused: str | None) -> Iterable[Observation]:
        thread = text(mapping(result.get("thread")).get("id"))
        if refused is not None or thread is None:
            what = f"go on with conversation {self._conversation}" if self._conversation else "begin"
            words = f"codex cannot {what}: {refused or 'it names no thread'}"
            return (Refused(words, forgotten=_FORGOTTEN.search(refused or "") is not None),)
        self._thread, self._meter.model = thread, text(result.get("model"))
        if self._conversation is None:
            self._meter.begin(thread)
        return (Started(conversation=thread, model=self._meter.model),)

    def _taken_up(self, result: Mapping[str, Any], refused: str | None) -> Iterable[Observation]:
        if refused is not None:
            self._turn.refused()
            return (TurnEnded(Outcome.FAILED, f"codex took no message: {refused}"),)
        taken = self._turn.named(_name_of_turn(result), answer=True)
        return (TurnStarted(),) if taken else ()

    def _steered(self, said: str, refused: str | None) -> Iterable[Observation]:
        """Take the answer to a message in mid-turn. Its model gets it with its next step, or else never."""
        (self._turn.held if refused else self._turn.steered).append(said)
        return ()

    def _turn_started(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        if not self._is_ours(params):
            return ()
        name = _name_of_turn(params)
        taken = self._turn.named(name, answer=False)
        self._turn.running = name is not None and name == self._turn.name
        if self._turn.unwanted:
            self._replies.append(self.interrupt())
        return (TurnStarted(),) if taken else ()

    def _turn_completed(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        if not self._is_ours(params) or not self._turn.over(_name_of_turn(params)):
            return ()
        self._meter.rerouted = None
        turn = mapping(params.get("turn"))
        error = turn.get("error")
        outcome = _OUTCOMES.get(text(turn.get("status")) or "", Outcome.FAILED)
        withdrawn = self._asks.over(self._thread)
        return (*withdrawn, *self._troubles.limited(error), TurnEnded(outcome, words_of(error)))

    def _item_started(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        item = mapping(params.get("item"))
        if item.get("type") == "fileChange":
            self._asks.edit_begun(item)
        if item.get("type") == "userMessage" and self._is_ours(params):
            parts = [text(mapping(part).get("text")) or "" for part in objects(item.get("content"))]
            return (TurnStarted(),) if self._turn.given("".join(parts)) else ()
        return begun(item)

    def _item_completed(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        item = mapping(params.get("item"))
        if item.get("type") == "fileChange":
            self._asks.edit_done(item)
        return done(item) if item.get("type") != "agentMessage" or self._is_ours(params) else ()

    def _resolved(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        return self._asks.resolved(params.get("requestId"))

    def _used(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        thread = text(params.get("threadId"))
        if thread is None:
            return ()
        working = thread != self._thread or text(params.get("turnId")) == self._turn.name
        return self._meter.count(thread, mapping(params.get("tokenUsage")), working=working)

    def _rerouted_to(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        if self._is_ours(params):
            self._meter.rerouted = text(params.get("toModel"))
        return ()

    def _failed(self, params: Mapping[str, Any]) -> Iterable[Observation]:
        """Take an error: one that is not tried again stands in the turn's end too."""
        if self._is_ours(params) and params.get("willRetry") is True:
            return (self._troubles.retried(params.get("error")),)
        return ()

    def _free(self) -> bool:
        return self._thread is not None and self._turn.free

    def _is_ours(self, params: Mapping[str, Any]) -> bool:
        """Tell whether something is of this thread: those that it starts itself are heard of as well."""
        return params.get("threadId") == self._thread


def _name_of_turn(holder: Mapping[str, Any]) -> str | None:
    return text(mapping(holder.get("turn")).get("id"))


def _input(message: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": message}]
