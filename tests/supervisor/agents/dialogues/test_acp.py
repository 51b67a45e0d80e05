"""Whole conversations with real agents, both sides of which were recorded."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from golden import check, recordings

from ennio.supervisor.agents.dialogues.acp import Acp
from ennio.supervisor.observations import Said, Unknown
from ennio.supervisor.protocols import Asking, Dialogue, Interruptible, Memory, Steerable
from ennio.supervisor.records import Permissions

PERMISSIONS = {"full": Permissions.FULL, "edits": Permissions.EDITS}
RECORDINGS = recordings("acp")


def play(recording: Path, renew: Callable[[Acp, Acp], Acp] = lambda old, new: old) -> Iterator[str]:
    """Let the dialogue speak and hear what was recorded; yield what it observes.

    `renew` is given the dialogue and a new one before every line, and returns the one to go on with.
    """
    player = Player([json.loads(line) for line in recording.read_text().splitlines()], recording.stem)
    for number, entry in enumerate(player.entries, 1):
        if number > 1:
            player.dialogue = renew(player.dialogue, player.new(player.conversation))
        if entry["dir"] == "->":
            player.speak(number, entry["msg"])
        else:
            yield from (f"{number}: {observation!r}" for observation in player.hear(entry["msg"]))
    # One recording ends where the agent fails to load a conversation: a new one is to begin.
    assert [message["method"] for message in player.written] in ([], ["session/new"])


class Player:
    """The agent and the core of a recording. Ids of requests differ from what was recorded."""

    def __init__(self, entries: list[dict[str, Any]], name: str) -> None:
        self.entries = entries
        said = [entry["msg"] for entry in entries if entry["dir"] == "->"]
        self.cwd = next(message["params"]["cwd"] for message in said if "cwd" in message.get("params", ()))
        self.permissions = PERMISSIONS.get(name.partition("-")[2])
        first = said[1]
        again = first["method"] in {"session/load", "session/resume"}
        self.conversation = first["params"]["sessionId"] if again else None
        self.dialogue = self.new(self.conversation)
        self.written: deque[dict[str, Any]] = deque()
        self.numbers: dict[int, int] = {}
        self.hello: dict[str, Any] = {}

    def new(self, conversation: str | None) -> Acp:
        return Acp(self.cwd, conversation=conversation, permissions=self.permissions)

    def write(self, said: bytes) -> None:
        self.written.extend(json.loads(line) for line in said.splitlines())

    def speak(self, number: int, recorded: dict[str, Any]) -> None:
        if not self.written:
            self.write(self.cause(recorded))
        ours = self.written.popleft()
        assert ours.pop("jsonrpc") == "2.0"
        recorded = {key: value for key, value in recorded.items() if key != "jsonrpc"}
        if recorded.get("method") == "initialize" and not recorded["params"].get("clientInfo"):
            ours["params"].pop("clientInfo")
            ours["params"]["clientCapabilities"] = recorded["params"]["clientCapabilities"]
        if "method" in recorded and "id" in recorded:
            self.numbers[recorded["id"]] = ours.pop("id")
            recorded.pop("id")
        if recorded.get("result") == {}:
            # Whoever recorded this wrote the files that the agent announced; we refuse.
            assert ours == {**recorded, "result": ours.get("result")} or ours["error"]["code"] == -32601
        else:
            assert ours == recorded, f"line {number}"

    def cause(self, recorded: dict[str, Any]) -> bytes:
        """Do what makes the dialogue say this."""
        params = recorded.get("params", {})
        match recorded.get("method"):
            case "initialize":
                return self.dialogue.open()
            case "session/prompt":
                assert self.dialogue.ready
                return self.dialogue.tell(params["prompt"][0]["text"])
            case "session/cancel":
                return self.dialogue.interrupt()
            case "session/load":
                return self.load(params["sessionId"])
        outcome = recorded["result"]["outcome"]
        if outcome["outcome"] == "cancelled":
            return self.dialogue.interrupt()
        allow = not {"reject", "cancel", "abort"} & {outcome["optionId"]}
        return self.dialogue.decide(str(recorded["id"]), allow=allow, words="")

    def load(self, conversation: str) -> bytes:
        """Begin anew, with an agent that can load and do nothing but load."""
        self.conversation = conversation
        self.dialogue = self.new(conversation)
        self.dialogue.open()
        capabilities = {**self.hello["result"]["agentCapabilities"], "sessionCapabilities": {}}
        hello = {**self.hello, "id": 1, "result": {**self.hello["result"], "agentCapabilities": capabilities}}
        assert not tuple(self.dialogue.receive(json.dumps(hello).encode()))
        return self.dialogue.replies()

    def hear(self, message: dict[str, Any]) -> list[object]:
        if "method" not in message:
            message = {**message, "id": self.numbers[message["id"]]}
            if "agentCapabilities" in message.get("result", ()):
                self.hello = message
        seen = list(self.dialogue.receive(json.dumps(message).encode()))
        self.write(self.dialogue.replies())
        return [observation for observation in seen if not isinstance(observation, Said)]


def said_in(recording: Path) -> list[dict[str, Any]]:
    """What the agent said in a recording."""
    entries = [json.loads(line) for line in recording.read_text().splitlines()]
    return [entry["msg"] for entry in entries if entry["dir"] == "<-"]


def recalled(old: Acp, new: Acp) -> Acp:
    """Return a new dialogue that remembers what the old one does, by way of a database."""
    memory: Memory = json.loads(json.dumps(old.memory()))
    assert all(isinstance(value, str | int | bool | None) for value in memory.values())
    new.recall(memory)
    assert (new.memory(), new.ready) == (old.memory(), old.ready)
    return new


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_conversation_is_what_it_was(recording: Path) -> None:
    check(recording, play(recording))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_server_that_starts_anew_at_any_line_goes_on_as_if_it_had_not(recording: Path) -> None:
    assert list(play(recording, recalled)) == list(play(recording))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_conversation_reads_as_the_agent_s_words_and_a_line_for_what_it_does(recording: Path) -> None:
    dialogue = Acp("/lab")
    said = [
        entry["msg"] for entry in map(json.loads, recording.read_text().splitlines()) if entry["dir"] == "<-"
    ]
    check(
        recording.with_name(f"{recording.stem}-readable"),
        ["".join(dialogue.readable(json.dumps(one).encode()) for one in said)],
    )


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_line_that_was_cut_means_nothing_and_hurts_nobody(recording: Path) -> None:
    dialogue = Acp("/lab")
    dialogue.open()
    before = dialogue.memory()
    for line in recording.read_bytes().splitlines():
        message = json.dumps(json.loads(line)["msg"]).encode()
        for end in range(0, len(message), 1 + len(message) // 20):
            assert tuple(dialogue.receive(message[:end])) == (Unknown(),)
            dialogue.readable(message[:end])
    assert (dialogue.memory(), dialogue.replies()) == (before, b"")


ODD: list[Any] = [None, True, -1, 1.5, "", "x" * 300, "\0\ud800", [], [[1]], {}, {"a": {"b": []}}]


def mutants(value: Any) -> Iterator[Any]:
    """Yield a message with each of its parts replaced by something that does not belong there."""
    yield from ODD
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        for mutant in mutants(part):
            copy = value.copy()
            copy[key] = mutant
            yield copy


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_message_with_anything_in_it_hurts_nobody(recording: Path) -> None:
    dialogue = Acp("/lab")
    dialogue.open()
    kinds = {}
    for message in said_in(recording):
        kind = message.get("params", {}).get("update", {}).get("sessionUpdate")
        kinds[(message.get("method"), kind, message.get("id"))] = message
    for message in kinds.values():
        for mutant in mutants(message):
            line = json.dumps(mutant).encode()
            assert all(observation is not None for observation in dialogue.receive(line))
            assert isinstance(dialogue.readable(line), str)
            dialogue.replies()
            if dialogue.ready:
                dialogue.tell("next")
            else:
                dialogue.receive(json.dumps(message).encode())
    assert len(json.dumps(dialogue.memory())) < 64 * 1024


def test_what_it_can_do_is_what_the_core_asks_of_it() -> None:
    dialogue: Dialogue = Acp("/lab")
    assert isinstance(dialogue, Interruptible)
    assert isinstance(dialogue, Asking)
    assert not isinstance(dialogue, Steerable)
    assert dialogue.turns
