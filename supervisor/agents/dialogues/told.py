"""Which messages an agent was told, and which of them it has taken up."""

import json
import uuid

from .json_lines import parsed


class Told:
    """The names of messages that wait to be taken up, oldest first; each gets one when it is told.

    An agent takes them up in that order. That a turn begins shows that it took up one, and names none; that
    a message is said again shows that it took up that one, with those before it.
    """

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._taken = False
        """Whether one was taken up since the last turn ended: then the next beginning shows no other."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self) -> str:
        """Give a message a name, and let it wait."""
        name = str(uuid.uuid4())
        self._waiting.append(name)
        return name

    def begun(self) -> bool:
        """A turn has begun; return whether that is news: what was said again just before is in this turn."""
        if self._taken:
            return False
        self._take(1)
        return True

    def said_again(self, name: object) -> int:
        """A message was said again; return how many that shows to be taken up."""
        return self._take(self._waiting.index(name) + 1) if name in self._waiting else 0

    def ended(self) -> None:
        """The turn is over."""
        self._taken = False

    def memory(self) -> str:
        """Return all of it as JSON."""
        return json.dumps({"waiting": self._waiting, "taken": self._taken})

    def recall(self, memory: object) -> None:
        """Go on from what `memory` returned; leave out what is odd."""
        kept = (parsed(memory.encode(errors="replace")) if isinstance(memory, str) else None) or {}
        waiting = kept.get("waiting")
        self._waiting = [n for n in waiting if isinstance(n, str)] if isinstance(waiting, list) else []
        self._taken = kept.get("taken") is True

    def _take(self, most: int) -> int:
        taken = min(most, len(self._waiting))
        del self._waiting[:taken]
        self._taken = self._taken or taken > 0
        return taken
