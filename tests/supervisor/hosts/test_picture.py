import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ennio.supervisor.hosts import table
from ennio.supervisor.hosts.entry import Entry
from ennio.supervisor.hosts.kin import Aim, Kin
from ennio.supervisor.hosts.picture import Picture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has subreapers")


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A child in a session of its own, as a holder is and as an orphan may be."""
    with subprocess.Popen(["sleep", "20"], start_new_session=True) as child:
        yield child
        child.kill()


def dying(start: int) -> Kin:
    kin = Kin(Entry(2, "X", 0, 2, 2, start, ""), "a mark", reaper=True)
    kin.aim = Aim.DIE
    return kin


def picture(kin: Kin, births: list[int], child: subprocess.Popen[bytes], *, born: bool) -> Picture:
    """A picture in whose time the child turns up; with `born` it is one that was started since."""
    turned_up = list[int]()

    def reap() -> list[int]:
        if born and not births:
            births.append(table.ticks() - 100)
        turned_up[:] = [child.pid]
        return turned_up

    return Picture({}, lambda: tuple(births), lambda: [kin], reap, adopts=True)


def test_what_turns_up_while_a_tree_is_hunted_is_taken_for_its_orphan(
    child: subprocess.Popen[bytes],
) -> None:
    kin = dying(start=1)
    assert picture(kin, [], child, born=False).meet_all() is False
    assert [entry.pid for entry in kin.members] == [child.pid]
    while child.poll() is None:
        picture(kin, [], child, born=False).meet_all()
    assert child.returncode == -9


def test_what_is_started_while_a_tree_is_hunted_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    kin = dying(start=1)
    picture(kin, [], child, born=True).meet_all()
    now = table.look(child.pid)
    assert now
    assert (list(kin.members), now.parent) == ([], os.getpid())
    assert now.state in "RSD"


def test_what_is_older_than_the_tree_is_none_of_it(child: subprocess.Popen[bytes]) -> None:
    kin = dying(start=table.ticks() + 100)
    picture(kin, [], child, born=False).meet_all()
    assert list(kin.members) == []
    assert child.poll() is None
