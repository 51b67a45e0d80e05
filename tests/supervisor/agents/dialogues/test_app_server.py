"""On recordings of codex 0.169.0, played against the dialogue; and its first words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_server_lines import THREAD, answer, refusal, sent
from golden import check, observed, recordings

from ennio.supervisor.agents.dialogues.app_server import AppServer
from ennio.supervisor.observations import Refused, Started
from ennio.supervisor.protocols import Asking, Dialogue, Interruptible, Steerable

ACTS = {
    "agents": "tell tell",
    "asks": "tell allow tell deny tell allow tell allow tell deny tell interrupt tell-and-interrupt tell",
    "denied": "tell deny",
    "faults": "tell tell tell tell tell",
    "resume-unknown": "",
    "steer": "tell steer tell steer",
    "turns": "tell tell tell steer tell interrupt",
    "turns-resumed": "tell",
    "usage-limit": "tell",
}
"""What the recorded program was told, in order, after the handshake."""
RECORDINGS = recordings("codex")


class Play:
    """Gives a dialogue the lines of a recording, and has it act as the recorded program was told."""

    def __init__(self, recording: Path) -> None:
        self._recording, self._acts = recording, ACTS[recording.stem].split()
        self._asks: list[str] = []
        self.dialogue = self.another()
        if recording.stem == "turns-resumed":
            self.dialogue.recall({"last request": 8})  # one client spoke to both programs, and counted on
        self.dialogue.open()

    def another(self) -> AppServer:
        """Return a new dialogue like this one's first."""
        resumed = "resume" in self._recording.stem
        return AppServer("/lab/w", conversation=THREAD if resumed else None)

    def lines(self) -> Iterator[bytes]:
        """Yield each line as soon as the dialogue has done what that answers."""
        lines = self._recording.read_bytes().splitlines()
        self._heard = [said for line in lines if (said := _said_to_it(json.loads(line)))]
        for line in lines:
            message = json.loads(line)
            if _said_to_it(message):
                self._heard.pop(0)
            if self._acts and self._is_due(message):
                self._act(self._acts.pop(0))
            yield line
            if message.get("method", "").endswith(("/requestApproval", "/request")):
                self._asks.append(str(message["id"]))
            if message.get("method") == "turn/started" and self._acts[:1] == ["steer"]:
                self._act(self._acts.pop(0))

    def _is_due(self, message: dict[str, Any]) -> bool:
        if message.get("method") == "serverRequest/resolved":
            return self._acts[0] in ("allow", "deny")
        asked = self.dialogue.memory()["last request"]
        assert isinstance(asked, int)
        return "method" not in message and message["id"] > asked

    def _act(self, act: str) -> None:
        if act in ("allow", "deny"):
            assert self.dialogue.decide(self._asks.pop(0), allow=act == "allow", words="")
        elif act == "steer":
            assert self.dialogue.steer(self._heard[1]), "the first is what the turn began with"
        elif act == "interrupt":
            assert self.dialogue.interrupt()
        else:
            assert self.dialogue.ready
            self.dialogue.tell("words")
            assert not self.dialogue.ready
            if act == "tell-and-interrupt":
                assert self.dialogue.interrupt() == b"", "codex knows of no turn yet"


def _said_to_it(message: dict[str, Any]) -> str:
    """Return what a line tells that the model is given, or nothing."""
    item = message.get("params", {}).get("item", {})
    if message.get("method") != "item/started" or item.get("type") != "userMessage":
        return ""
    return "".join(part["text"] for part in item["content"])


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_is_observed_as_it_was(recording: Path) -> None:
    play = Play(recording)
    check(recording, observed(play.dialogue, play.lines()))
    assert play.dialogue.ready is (recording.stem not in ("resume-unknown", "denied"))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_restart_of_the_server_at_any_line_changes_nothing(recording: Path) -> None:
    play, seen = Play(recording), ""
    for number, line in enumerate(play.lines(), 1):
        seen += "".join(f"{number}: {one!r}\n" for one in play.dialogue.receive(line))
        play.dialogue.replies()
        memory = json.loads(json.dumps(play.dialogue.memory()))
        assert all(value is None or isinstance(value, str | int | float) for value in memory.values())
        play.dialogue = play.another()
        play.dialogue.recall(memory)
    # What a file change is about is not kept: Codex asks right after it has told.
    expected = recording.with_suffix(".observed").read_text()
    assert _without_asked_edits(seen) == _without_asked_edits(expected)


def _without_asked_edits(seen: str) -> list[str]:
    return [line for line in seen.splitlines() if "Asked(" not in line or "tool='edit'" not in line]


def test_people_read_what_was_said_and_done_once() -> None:
    lines = next(path for path in RECORDINGS if path.stem == "asks").read_bytes().splitlines()
    words = "".join(map(AppServer("/w").readable, lines))
    told = [line for line in words.splitlines() if not line.startswith("warning: ")]
    assert told[:14] == [
        "Patching.",
        "[edit] /lab/w/patched.txt",
        "[edit] waits for permission",
        "DONE patch",
        "Patching.",
        "[edit] /lab/w/patched.txt",
        "[edit] waits for permission",
        "[edit] was not allowed",
        "DONE patch",
        "Running a command.",
        "[shell] echo hi | tee shell.txt; exit 3",
        "[shell] waits for permission",
        "hi",
        "[shell] exit code 3",
    ]


def test_it_is_all_that_an_agent_can_be_asked_for() -> None:
    dialogue: Dialogue = AppServer("/w")
    assert dialogue.turns
    assert isinstance(dialogue, Interruptible)
    assert isinstance(dialogue, Steerable)
    assert isinstance(dialogue, Asking)


def test_the_handshake_names_what_is_wished_for_and_nothing_else() -> None:
    dialogue = AppServer("/w", model="m", approval_policy="never", sandbox="read-only", rules=("One", "Two"))
    (hello,) = sent(dialogue.open())
    assert (hello["id"], hello["method"], hello["params"]["clientInfo"]["name"]) == (1, "initialize", "ennio")
    assert not dialogue.receive(answer(1, result={"userAgent": "codex"}))
    assert sent(dialogue.replies()) == [
        {"method": "initialized"},
        {
            "id": 2,
            "method": "thread/start",
            "params": {
                "cwd": "/w",
                "model": "m",
                "approvalPolicy": "never",
                "sandbox": "read-only",
                "developerInstructions": "One\n\nTwo",
            },
        },
    ]
    assert dialogue.replies() == b"", "it is told once"
    assert not dialogue.ready
    assert dialogue.receive(answer(2, result={"thread": {"id": THREAD}, "model": "gpt"})) == (
        Started(conversation=THREAD, model="gpt"),
    )
    assert dialogue.ready


def test_a_conversation_is_gone_on_with_by_its_name_and_without_its_history() -> None:
    dialogue = AppServer("/w", conversation=THREAD)
    dialogue.open()
    dialogue.receive(answer(1, result={}))
    _, resume = sent(dialogue.replies())
    assert resume["method"] == "thread/resume"
    assert resume["params"] == {"threadId": THREAD, "cwd": "/w", "excludeTurns": True}


@pytest.mark.parametrize(
    "line", [refusal(2, "no access"), answer(2, result={}), answer(2, error={}), answer(2, error="no")]
)
def test_without_a_thread_it_is_of_no_use(line: bytes) -> None:
    dialogue = AppServer("/w")
    dialogue.open()
    dialogue.receive(answer(1, result={}))
    dialogue.replies()
    (refused,) = dialogue.receive(line)
    assert isinstance(refused, Refused)
    assert refused.words.startswith("codex cannot begin: ")
    assert not dialogue.ready


def test_a_codex_that_does_not_greet_is_of_no_use() -> None:
    dialogue = AppServer("/w")
    dialogue.open()
    assert dialogue.receive(refusal(1, "too old")) == (Refused("codex refused to be talked to: too old"),)
    assert dialogue.replies() == b""
