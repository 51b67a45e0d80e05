"""What a server must hold to: everything that it has answered, and nothing that it has not."""

import threading
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["working", "leaving", "ended", "killed", "unsure"]

STATUSES: dict[State, set[str]] = {
    "working": {"Working"},
    "leaving": {"Working", "Exited", "Done"},
    "ended": {"Exited", "Done"},
    "killed": {"Killed", "Done"},  # one that was Done stays so
    "unsure": {"Working", "Exited", "Done", "Killed"},
}


@dataclass(eq=False)
class Expected:
    """One session: what is known of it by the answers. Whoever acts on it holds `turn`."""

    id: str
    prompt: str
    hostile: bool
    state: State = "working"
    told: set[str] = field(default_factory=set)
    """What the agent was given for sure."""
    perhaps: set[str] = field(default_factory=set)
    """What it may have been given: nobody heard the answer, or it left meanwhile."""
    turn: threading.Lock = field(default_factory=threading.Lock)


class Expectations:
    """All sessions that a server has told of."""

    def __init__(self) -> None:
        self.sessions = dict[str, Expected]()
        self.unanswered = 0
        """Spawns of which nobody heard the answer: as many sessions may be there that nobody knows."""
        self._lock = threading.Lock()

    def spawned(self, session_id: str, prompt: str, *, hostile: bool) -> None:
        """Note a spawn that was answered."""
        with self._lock:
            self.sessions[session_id] = Expected(session_id, prompt, hostile)

    def spawn_unanswered(self) -> None:
        """Note a spawn that was not."""
        with self._lock:
            self.unanswered += 1

    def disappointments(self, found: dict[str, dict[str, Any]]) -> list[str]:
        """Return in words what is not as it must be, by the sessions that the server tells of."""
        wrong = [f"{one} is not known any more" for one in self.sessions.keys() - found.keys()]
        new = found.keys() - self.sessions.keys()
        if len(new) > self.unanswered:
            wrong.append(f"{len(new)} new sessions, and only {self.unanswered} spawns were not answered")
        for session_id in self.sessions.keys() & found.keys():
            one, status = self.sessions[session_id], found[session_id]["status"]
            fits = STATUSES["unsure" if one.hostile and one.state != "killed" else one.state]
            if status not in fits:
                wrong.append(f"{session_id} is {status}, and must be one of {sorted(fits)}")
        return wrong

    def settle(self, found: dict[str, dict[str, Any]]) -> None:
        """Take over what could not be known, from a server whose word was found to hold."""
        for session_id, session in found.items():
            if session_id not in self.sessions:
                self.spawned(session_id, "", hostile=session["project_id"] != "talker")
            one = self.sessions[session_id]
            if session["status"] == "Killed":
                one.state = "killed"
            elif one.state not in {"leaving", "killed"}:
                one.state = "working" if session["status"] == "Working" else "ended"
        self.unanswered = 0

    def misheard(self, one: Expected, said: str) -> list[str]:
        """Return what an agent was told and did not hear once, by all that it has said."""
        heard = said.split("\n")
        wrong = [f"{one.id} heard {text!r} {n} times" for text in one.told if (n := heard.count(text)) != 1]
        return wrong + [f"{one.id} heard {text!r} twice" for text in one.perhaps if heard.count(text) > 1]
