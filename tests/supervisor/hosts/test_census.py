"""One look at the table of processes, and what happens while it is taken."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from ennio.supervisor.hosts import census, table
from ennio.supervisor.hosts.census import Census
from ennio.supervisor.hosts.entry import Entry
from ennio.supervisor.hosts.kin import Kin

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


@pytest.fixture
def sleeper() -> Iterator[Entry]:
    with subprocess.Popen(["sleep", "100"], env={}, start_new_session=True) as process:
        entry = table.look(process.pid)
        assert entry is not None
        yield entry
        process.kill()


async def test_a_tree_that_is_counted_in_while_a_look_is_taken_forgets_nobody(
    sleeper: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, newcomer = Census(), Kin(sleeper, "newcomer")

    def taken_before_it_was_there() -> dict[int, Entry]:
        counted.register(newcomer)
        return {}

    monkeypatch.setattr(census.table, "everything", taken_before_it_was_there)
    await counted.look()
    assert sleeper.ident in newcomer.known
    assert sleeper.session in newcomer.sessions


async def test_the_next_look_meets_it(sleeper: Entry) -> None:
    counted, newcomer = Census(), Kin(sleeper, "newcomer")
    counted.register(newcomer)
    await counted.look()
    assert [entry.pid for entry in newcomer.members] == [sleeper.pid]


def test_nobody_owns_the_session_that_is_none() -> None:
    assert Kin(table.stand_in((0, 0)), "nobody").sessions == set()
