"""The program is killed with -9 while it stores: what it was told is stored is there afterwards."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ennio.supervisor.ids import SessionId

PROGRAM = Path(__file__).with_name("appending.py")
LINES = (1, 200, 500)
"""How many are read before each kill."""


def killed_after(lines: int, url: str) -> list[str]:
    """Run the program until it has said so much; return all that it said."""
    with subprocess.Popen([sys.executable, PROGRAM, url], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        said = [program.stdout.readline() for _ in range(lines)]
        program.kill()
        return said + program.stdout.readlines()


async def test_no_row_that_was_acknowledged_is_lost(url: str, running: Callable[..., Any]) -> None:
    told: dict[str, list[str]] = {f"s-{number}": [] for number in range(5)}
    for line in (line for lines in LINES for line in killed_after(lines, url)):
        if line.endswith("\n"):
            name, event_id = line.split()
            told[name].append(event_id)

    async with running(url) as store:
        records = {record.id: record for record in await store.load()}
        for name, ids in told.items():
            stored = [event.id for event in await store.history(SessionId(name))]
            assert len(set(stored)) == len(stored)
            assert [event_id for event_id in stored if event_id in set(ids)] == ids
            assert len(stored) - len(ids) <= len(LINES)  # one that was on its way at each kill
            if stored:
                assert records[SessionId(name)].prompt == stored[-1]
    assert sum(map(len, told.values())) >= sum(LINES)
