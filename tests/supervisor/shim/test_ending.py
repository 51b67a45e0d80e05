"""When a tree is asked, when it is forced, and when nobody may be there any more; no clock, no process."""

import math

import pytest

from ennio.supervisor.shim.ending import Ending, Lease


class Tree:
    """Notes what is done to it. `fresh`: force meets somebody new each time."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fresh = False

    def ask(self) -> None:
        self.done.append("ask")

    def force(self) -> bool:
        self.done.append("force")
        return self.fresh


@pytest.fixture
def tree() -> Tree:
    return Tree()


@pytest.fixture
def ending(tree: Tree) -> Ending:
    return Ending(tree)


def go(ending: Ending, until: float) -> list[float]:
    """Do what is due until a moment; return when something was."""
    moments = []
    while ending.due <= until:
        moments.append(ending.due)
        ending.step(ending.due)
    return moments


def test_nothing_is_due_before_the_end_was_asked_for(ending: Ending) -> None:
    ending.someone_ended()
    assert ending.due == math.inf


def test_it_is_asked_first_and_forced_after_the_grace(ending: Ending, tree: Tree) -> None:
    ending.stop(10.0, 1.0)
    assert go(ending, 10.9) == [10.0, 10.25, 10.5, 10.75]
    assert set(tree.done) == {"ask"}
    assert go(ending, 11.0) == [11.0]
    assert tree.done[-1] == "force"


def test_without_a_grace_nobody_is_asked(ending: Ending, tree: Tree) -> None:
    ending.stop(10.0, 0.0)
    go(ending, 10.0)
    assert tree.done == ["force"]


@pytest.mark.parametrize(("first", "second"), [(5.0, 1.0), (1.0, 5.0)])
def test_the_shortest_grace_counts(ending: Ending, tree: Tree, first: float, second: float) -> None:
    ending.stop(10.0, first)
    go(ending, 10.0)
    ending.stop(10.0, second)
    go(ending, 10.999)
    assert "force" not in tree.done
    go(ending, 11.0)
    assert tree.done[-1] == "force"


def test_newcomers_are_looked_for_soon_but_not_all_the_time(ending: Ending) -> None:
    ending.stop(10.0, 1.0)
    go(ending, 10.0)
    ending.someone_ended()
    assert ending.due == pytest.approx(10.02)


def test_who_runs_away_is_run_after_without_a_pause(ending: Ending, tree: Tree) -> None:
    tree.fresh = True
    ending.stop(10.0, 0.0)
    ending.step(10.0)
    assert ending.due == 10.0


def test_who_cannot_be_killed_is_tried_four_times_a_second_in_the_end(ending: Ending) -> None:
    ending.stop(10.0, 0.0)
    moments = go(ending, 20.0)
    assert moments[-1] - moments[-2] == pytest.approx(0.25)
    assert len(moments) < 60


def test_a_lease_runs_from_the_moment_when_nobody_is_there() -> None:
    lease = Lease(5.0)
    assert lease.deadline == math.inf
    lease.lost(10.0)
    assert lease.deadline == 15.0
    lease.renewed(7.0)
    assert lease.deadline == math.inf
    lease.lost(20.0)
    assert lease.deadline == 27.0
