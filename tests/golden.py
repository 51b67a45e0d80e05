"""Recordings of real agents, and what each line of them must decode to.

`golden/AGENT/NAME.jsonl` is what an agent printed, and `NAME.observed` beside it what a dialogue makes of
that: a line for each observation, with the number of the line that shows it. To write down what a dialogue
observes now, run the tests with ENNIO_GOLDEN=write, and read the difference.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ennio.supervisor.protocols import Dialogue

FOLDER = Path(__file__).parent / "golden"


def recordings(agent: str) -> list[Path]:
    """Return an agent's recordings."""
    return sorted(path for path in (FOLDER / agent).iterdir() if path.suffix != ".observed")


def observed(dialogue: Dialogue, lines: Iterable[bytes]) -> Iterator[str]:
    """Let a dialogue read lines; yield what it sees, with the line's number from 1."""
    for number, line in enumerate(lines, 1):
        for observation in dialogue.receive(line):
            yield f"{number}: {observation!r}"
        dialogue.replies()


def check(recording: Path, seen: Iterable[str]) -> None:
    """Compare with what must be seen, or write that down where ENNIO_GOLDEN=write."""
    text = "".join(f"{line}\n" for line in seen)
    expected = recording.with_suffix(".observed")
    if os.environ.get("ENNIO_GOLDEN") == "write":
        expected.write_text(text)
    assert text == expected.read_text(), f"{recording.name} is not what it was"
