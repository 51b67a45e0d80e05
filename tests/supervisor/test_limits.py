"""How much of its limits an agent has used: the arithmetic alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.config import Limits
from ennio.supervisor.limits import (
    CLEARLY_BELOW,
    NEAR,
    Facts,
    Finding,
    coming_near,
    measure,
    needs_survey,
    passed,
)
from ennio.supervisor.records import Usage

MIB = 1 << 20
ALL = Limits(wall_clock=100, idle=50, memory_bytes=200 * MIB, processes=10, turns=5)
FACTS = Facts(began=1000, silent_since=1060, usage=Usage(processes=3, memory_bytes=100 * MIB), turns=4)


def test_each_limit_is_measured_in_its_own_unit() -> None:
    assert measure(ALL, FACTS, 1080) == (
        Finding("wall_clock", 80, 100),
        Finding("idle", 20, 50),
        Finding("memory_mb", 100, 200),
        Finding("processes", 3, 10),
        Finding("turns", 4, 5),
    )


def test_what_has_no_limit_or_is_not_known_is_no_finding() -> None:
    unseen = Facts(began=1000, silent_since=None, usage=None, turns=0)
    assert measure(Limits(), FACTS, 2000) == ()
    assert [finding.name for finding in measure(ALL, unseen, 1001)] == ["wall_clock", "turns"]


def test_silence_begins_no_earlier_than_the_agent() -> None:
    said_by_an_earlier_run = Facts(began=1000, silent_since=10, usage=None, turns=0)
    assert measure(Limits(idle=50), said_by_an_earlier_run, 1030) == (Finding("idle", 30, 50),)


@pytest.mark.parametrize(
    ("limits", "needed"),
    [
        (Limits(wall_clock=1, idle=1, turns=1), False),
        (Limits(memory_bytes=1), True),
        (Limits(processes=1), True),
    ],
)
def test_only_memory_and_processes_take_a_survey(limits: Limits, needed: bool) -> None:
    assert needs_survey(limits) == needed


@pytest.mark.parametrize(("used", "over", "near"), [(79, 0, 0), (80, 0, 1), (100, 0, 1), (100.01, 1, 1)])
def test_a_limit_may_be_used_up_and_not_passed(used: float, over: bool, near: bool) -> None:
    findings = [Finding("idle", used, 100)]
    assert (passed(findings) is not None) == over
    assert coming_near(frozenset(), findings)[1] == findings * near


@given(st.lists(st.floats(0, 200), max_size=50))
def test_coming_near_is_news_once_until_it_was_clearly_below(uses: list[float]) -> None:
    known, armed = frozenset[str](), True
    for used in uses:
        findings = [Finding("memory_mb", used, 100)]
        armed = armed or findings[0].share < CLEARLY_BELOW
        known, news = coming_near(known, findings)
        assert bool(news) == (armed and findings[0].share >= NEAR)
        armed = armed and not news
        assert ("memory_mb" in known) == (not armed)


@given(
    st.builds(
        Limits,
        wall_clock=st.none() | st.floats(0.001, 1e6),
        idle=st.none() | st.floats(0.001, 1e6),
        memory_bytes=st.none() | st.integers(1, 1 << 50),
        processes=st.none() | st.integers(1, 10**6),
        turns=st.none() | st.integers(1, 10**6),
    ),
    st.floats(0, 1e6),
)
def test_whoever_has_used_nothing_is_near_nothing(limits: Limits, now: float) -> None:
    idle = Facts(began=now, silent_since=now, usage=Usage(0, 0), turns=0)
    findings = measure(limits, idle, now)
    assert passed(findings) is None
    assert coming_near(frozenset(), findings) == (frozenset(), [])
