"""What a Codex thread has used, as increments of its totals."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ...observations import Spent
from ...records import Tokens
from .json_lines import mapping, text, whole

_PREFIX = "used "
_MOST_THREADS = 64
"""A thread may start others: so many are counted at a time, the least recent left out first."""


class Meter:
    """Turns the totals of `thread/tokenUsage/updated` into increments, for each thread apart.

    Codex counts over the life of a thread, across its processes: at the resume of a thread that has used
    something it tells the old total again, and that was counted when it was used (seen with codex 0.169.0).
    """

    def __init__(self) -> None:
        self.model: str | None = None
        self.rerouted: str | None = None
        """The model of the present turn, where it is not that of the thread."""
        self._totals: dict[str, Tokens] = {}

    def begin(self, thread: str) -> None:
        """Count a new thread from nothing."""
        self._totals[thread] = Tokens()

    def count(self, thread: str, usage: Mapping[str, Any], *, working: bool) -> list[Spent]:
        """Return what was used since the last time, nothing if nothing was.

        Of a thread that is seen for the first time it is the last step that counts, if it is `working`.
        """
        total, last = _tokens(usage.get("total")), _tokens(usage.get("last"))
        before = self._totals.pop(thread, None)
        self._totals[thread] = total
        while len(self._totals) > _MOST_THREADS:
            del self._totals[next(iter(self._totals))]
        if before is None:
            used = last if working else Tokens()
        else:
            used = Tokens(*(max(0, getattr(total, f.name) - getattr(before, f.name)) for f in fields(Tokens)))
        return [] if used == Tokens() else [Spent(used, model=self.rerouted or self.model)]

    def memory(self) -> dict[str, str | None]:
        """Return all of this as plain values."""
        totals = {
            f"{_PREFIX}{thread}": " ".join(str(getattr(total, f.name)) for f in fields(Tokens))
            for thread, total in self._totals.items()
        }
        return {"model": self.model, "rerouted": self.rerouted, **totals}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from what `memory` returned; what is odd is left out."""
        self.model, self.rerouted = text(memory.get("model")), text(memory.get("rerouted"))
        for key, value in memory.items():
            if key.startswith(_PREFIX) and isinstance(value, str):
                numbers = [int(word) for word in value.split() if word.isascii() and word.isdigit()]
                if len(numbers) == len(fields(Tokens)):
                    self._totals[key.removeprefix(_PREFIX)] = Tokens(*numbers)


def _tokens(breakdown: object) -> Tokens:
    """Count each token once: Codex's input holds what came from the cache, its output the reasoning."""
    counts = mapping(breakdown)
    of = {name: whole(value) or 0 for name, value in counts.items()}
    read, wrote = of.get("cachedInputTokens", 0), of.get("cacheWriteInputTokens", 0)
    reasoning = of.get("reasoningOutputTokens", 0)
    return Tokens(
        input=max(0, of.get("inputTokens", 0) - read - wrote),
        cache_read=read,
        cache_write=wrote,
        output=max(0, of.get("outputTokens", 0) - reasoning),
        reasoning=reasoning,
    )
