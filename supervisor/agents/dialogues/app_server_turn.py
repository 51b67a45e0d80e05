"""Where the present turn of a Codex thread stands."""

from collections.abc import Mapping

from .json_lines import text

_HELD, _STEERED = "held ", "steered "


class Turn:
    """The turn that is asked for, named, running, and over, in this order.

    Codex names a turn in its answer, then tells that it runs. In between it knows of no turn that could be
    interrupted or added to (seen with codex 0.169.0).
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self.asked = False
        """Whether a message was told that Codex has not taken up."""
        self.running = False
        self.unwanted = False
        """Whether it is to be interrupted as soon as it runs."""
        self.held: list[str] = []
        """Messages for it that it did not take: they are told as soon as there is none."""
        self.steered: list[str] = []
        """Messages that were added to it, and that its model has not been given yet."""
        self._last: str | None = None

    @property
    def free(self) -> bool:
        """Whether there is none, and none is asked for."""
        return self.name is None and not self.asked

    def named(self, name: str | None, *, answer: bool) -> bool:
        """Take in a turn's name; return whether a message was taken up with that.

        An answer that names a turn which is known means that its message has joined that one.
        """
        if name is None:
            return False
        if name not in (self.name, self._last):
            self.name, self.asked, self.running = name, False, False
            return True
        joined = answer and self.asked
        self.asked = self.asked and not joined
        return joined

    def over(self, name: str | None) -> bool:
        """Take in that a turn is over; return whether it was the present one."""
        if name is None or name != (self.name or name):
            return False
        self.name, self._last, self.running, self.unwanted = None, name, False, False
        self.held, self.steered = [*self.steered, *self.held], []
        return True

    def given(self, said: str) -> bool:
        """Take in what the turn's model is given; return whether that was added to the turn."""
        found = next((one for one in self.steered if one.strip() == said.strip()), None)
        if found is not None:
            self.steered.remove(found)
        return found is not None

    def refused(self) -> None:
        """Take in that there will be none."""
        self.asked = self.unwanted = False

    def memory(self) -> dict[str, str | bool | None]:
        """Return all of this as plain values."""
        return {
            "turn": self.name,
            "last turn": self._last,
            "asked": self.asked,
            "running": self.running,
            "unwanted": self.unwanted,
            **{f"{_HELD}{place:04}": said for place, said in enumerate(self.held)},
            **{f"{_STEERED}{place:04}": said for place, said in enumerate(self.steered)},
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from `memory`."""
        self.name, self._last = text(memory.get("turn")), text(memory.get("last turn"))
        self.asked = memory.get("asked") is True
        self.running = memory.get("running") is True and self.name is not None
        self.unwanted = memory.get("unwanted") is True
        self.held, self.steered = _texts(memory, _HELD), _texts(memory, _STEERED)


def _texts(memory: Mapping[str, object], prefix: str) -> list[str]:
    keys = sorted(key for key in memory if key.startswith(prefix))
    return [said for key in keys if isinstance(said := memory[key], str)]
