"""What an agent is doing, told from what it shows and from the clock."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor import observations as o
from ennio.supervisor.doing import Doing
from ennio.supervisor.records import Activity, Tokens

ASK = o.Asked("q1", "Bash", "rm -rf x", "{}")


def with_turns(began: float = 0.0) -> Doing:
    return Doing(began, turns=True, idle_after=60)


def activity(doing: Doing, now: float) -> Activity | None:
    return doing.state(now)[0]


def test_it_is_active_from_when_it_is_told_something_until_its_turn_ends_and_idle_later() -> None:
    doing = with_turns()
    doing.ready(1)
    assert doing.state(1) == (Activity.READY, None)
    assert activity(doing, 60.9) is Activity.READY
    assert activity(doing, 61) is Activity.IDLE
    doing.told(100)
    assert activity(doing, 100) is Activity.ACTIVE
    doing.heard(110)
    doing.see([o.TurnStarted(), o.Said("hm")], 110)
    assert activity(doing, 169) is Activity.ACTIVE
    doing.see([o.TurnEnded()], 169)
    assert activity(doing, 169) is Activity.READY
    doing.ready(200)
    assert activity(doing, 229) is Activity.IDLE, "ready since its turn ended, however often that is said"


def test_a_permission_that_it_waits_for_comes_before_all_else_and_says_which() -> None:
    doing = with_turns()
    doing.held = "its account is at its usage limit"
    doing.see([o.TurnStarted(), ASK, o.Asked("q2", "Edit", "x.py", "{}"), o.Retrying(status=529)], 1)
    assert doing.state(1000) == (Activity.WAITING_INPUT, "waits for approval of Bash: rm -rf x")
    doing.answered("q1")
    assert doing.state(1000) == (Activity.WAITING_INPUT, "waits for approval of Edit: x.py")
    doing.see([o.AskWithdrawn("q2"), o.AskWithdrawn("never")], 2)
    assert doing.state(1000) == (Activity.BLOCKED, "its account is at its usage limit")


def test_what_a_turn_asked_for_is_over_with_it() -> None:
    doing = with_turns()
    doing.see([o.TurnStarted(), ASK, o.TurnEnded(o.Outcome.CANCELLED)], 1)
    assert doing.state(2) == (Activity.READY, None)


def test_while_it_retries_it_is_blocked_until_it_does_something_else() -> None:
    doing = with_turns()
    doing.see([o.TurnStarted(), o.Retrying(attempt=3, most=10, status=529)], 1)
    doing.see([o.Unknown(), o.Spent(Tokens(1)), o.Started("c1")], 2)
    assert doing.state(2) == (Activity.BLOCKED, "retrying 529, attempt 3 of 10")
    doing.see([o.Said("again")], 3)
    doing.heard(3)
    assert doing.state(3) == (Activity.ACTIVE, None)


def test_silence_in_mid_turn_is_blocked_and_later_so_while_a_tool_runs() -> None:
    doing = with_turns()
    doing.heard(10)
    doing.see([o.TurnStarted()], 10)
    assert activity(doing, 69) is Activity.ACTIVE
    assert doing.state(70) == (Activity.BLOCKED, "has said nothing for 60 s in mid-turn")
    doing.heard(80)
    doing.see([o.ToolStarted("Bash", "make test")], 80)
    assert activity(doing, 379) is Activity.ACTIVE
    assert doing.state(380) == (Activity.BLOCKED, "has said nothing for 300 s while Bash make test runs")
    doing.see([o.ToolEnded("Bash")], 380)
    assert activity(doing, 380) is Activity.BLOCKED


def test_one_that_never_says_hello_is_blocked_in_time() -> None:
    doing = with_turns(began=100)
    assert activity(doing, 159) is Activity.ACTIVE
    assert doing.state(160) == (Activity.BLOCKED, "has said nothing for 60 s yet")


def test_one_that_does_not_read_is_blocked_also_while_it_talks() -> None:
    doing = with_turns()
    doing.writing_since = 10
    doing.heard(19)
    assert activity(doing, 19.9) is Activity.ACTIVE
    assert doing.state(20) == (Activity.BLOCKED, "has not read its input for 10 s")


def test_without_turns_there_is_output_to_go_by_and_what_it_seems_to_be() -> None:
    doing = Doing(0, turns=False, idle_after=60)
    assert doing.state(1) == (None, None), "nothing is known yet"
    doing.heard(5)
    assert activity(doing, 64) is Activity.ACTIVE
    doing.told(60)
    assert activity(doing, 65) is Activity.IDLE, "what it is told says nothing of it"
    doing.see([o.Seems(Activity.WAITING_INPUT, "a question")], 66)
    assert doing.state(66) == (Activity.WAITING_INPUT, "a question")
    doing.heard(67)
    doing.see([o.Seems(Activity.ACTIVE)], 67)
    assert doing.state(67) == (Activity.ACTIVE, None)


def test_only_so_much_of_what_was_seen_is_remembered() -> None:
    doing = with_turns()
    doing.see([o.Asked(str(n), "Bash", f"x{n}", "{}") for n in range(1000)], 1)
    assert len(doing.evidence) == 64
    assert doing.evidence[-1].what == "it asked for Bash: x999"


SEEN = st.sampled_from(
    [
        o.TurnStarted(),
        o.TurnEnded(),
        o.Said("x"),
        o.ToolStarted("Bash"),
        o.ToolEnded("Bash"),
        o.Retrying(),
        ASK,
        o.AskWithdrawn("q1"),
        o.Seems(Activity.READY),
        o.Unknown(),
    ]
)
WHAT = st.one_of(
    st.tuples(st.just("see"), SEEN), st.sampled_from(["heard", "told", "ready", "writes", "written"])
)


@given(
    story=st.lists(st.tuples(st.floats(0, 100), WHAT), max_size=30),
    turns=st.booleans(),
    idle_after=st.floats(0.1, 1000),
)
def test_the_clock_changes_the_state_only_when_that_was_announced(
    story: list[tuple[float, str | tuple[str, o.Observation]]], turns: bool, idle_after: float
) -> None:
    """Whoever sleeps until `due` misses nothing: in between, and after an infinite one, all is as it was."""
    now, doing = 0.0, Doing(0.0, turns=turns, idle_after=idle_after)
    for later, what in story:
        now += later
        match what:
            case ("see", observation):
                doing.see([observation], now)
            case "heard":
                doing.heard(now)
            case "told":
                doing.told(now)
            case "ready":
                doing.ready(now)
            case "writes":
                doing.writing_since = now
            case "written":
                doing.writing_since = None
    for _ in range(20):
        due = doing.due(now)
        assert due > 0
        state = doing.state(now)
        if due == math.inf:
            assert doing.state(now + 1e9) == state
            break
        assert doing.state(math.nextafter(now + due, 0) - 0.001) == state or due <= 0.001
        now += due
    else:
        pytest.fail("the clock never comes to an end")
