"""From samples to a table: medians, ratios, and the aims beside them."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

Against = tuple[str, Sequence[float]]
"""What something is held against: its name, and its samples in seconds."""


class Samples(defaultdict[str, list[float]]):
    """Samples in seconds, by the name of what was measured."""

    def __init__(self) -> None:
        super().__init__(list)

    def take(self, times: dict[str, float]) -> None:
        """Keep one sample of each."""
        for name, seconds in times.items():
            self[name].append(seconds)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `unit` is that of `value` (a median), `p95` and `floor` (a median).

    `most` is the aim: the greatest `ratio`, or the greatest `value` where there is no floor.
    """

    what: str
    unit: str
    value: float
    p95: float | None = None
    against: str | None = None
    floor: float | None = None
    most: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the floor."""
        return self.value / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        """Whether the aim was met, or None without one."""
        return None if self.most is None else (self.ratio or self.value) <= self.most

    def plain(self) -> dict[str, object]:
        """Return it as plain JSON."""
        return asdict(self) | {"ratio": self.ratio, "met": self.met}


def timed(
    what: str, seconds: Sequence[float], *, against: Against | None = None, most: float | None = None
) -> Figure:
    """Make a figure of times in seconds."""
    return Figure(
        what=what,
        unit="ms",
        value=statistics.median(seconds) * 1000,
        p95=statistics.quantiles(seconds, n=20, method="inclusive")[-1] * 1000,
        against=against[0] if against else None,
        floor=statistics.median(against[1]) * 1000 if against else None,
        most=most,
    )


def sized(what: str, size: float) -> Figure:
    """Make a figure of a size in bytes."""
    return Figure(what=what, unit="KiB", value=size / 1024)


def table(figures: Iterable[Figure]) -> str:
    """Write the figures as a table in Markdown."""
    head = "| | median | p95 | held against | its median | ratio | aim | |"
    rule = "|---|--:|--:|---|--:|--:|--:|---|"
    return "\n".join([head, rule, *map(_row, figures)])


def _row(figure: Figure) -> str:
    unit = "x" if figure.floor else figure.unit
    cells = (
        figure.what,
        f"{figure.value:.2f} {figure.unit}",
        _number(figure.p95),
        figure.against or "",
        _number(figure.floor),
        _number(figure.ratio),
        f"<= {figure.most:g} {unit}" if figure.most is not None else "",
        {True: "met", False: "**missed**", None: ""}[figure.met],
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
