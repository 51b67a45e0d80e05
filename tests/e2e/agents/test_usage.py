"""What a real agent uses is counted as the model told it: every token once, and its price."""

from decimal import Decimal

import pytest
from e2e.agents.driving import Driven, Model
from e2e.agents.programs import Real

pytestmark = pytest.mark.agents


def spent(ennio: Driven, session: str) -> tuple[int, int, Decimal]:
    """What a session has cost: tokens in and out, and dollars."""
    shown = ennio.activity(session, "Ready", "Idle")
    return shown["tokens_in"], shown["tokens_out"], Decimal(shown["cost_usd"])


def expected(agent: Real, answers: int, turns: int) -> tuple[int, int, Decimal]:
    """The same, as it ought to be.

    opencode 1.18.33 tells a turn's cost, but the tokens of its last answer alone.
    """
    told, counted = agent.told, turns if agent.program == "opencode" else answers
    into = told.fresh + told.cache_read + told.cache_write
    return counted * into, counted * (told.output + told.reasoning), agent.cost(answers)


def test_an_answer_costs_what_the_model_told(ennio: Driven, agent: Real) -> None:
    session = ennio.begin("[[echo]]")

    ennio.said(session, "ECHO turn=1")

    assert spent(ennio, session) == expected(agent, answers=1, turns=1)


def test_each_turn_adds_its_own(ennio: Driven, agent: Real, model: Model) -> None:
    session = ennio.begin("one [[both]]")
    ennio.said(session, "DONE turn=1")
    first = spent(ennio, session)
    ennio.tell(session, "two [[echo]]")
    ennio.said(session, "ECHO turn=2")

    assert first == expected(agent, answers=3, turns=1)
    assert spent(ennio, session) == expected(agent, answers=4, turns=2)
    assert len(model.requests()) == 4


def test_a_resumed_agent_counts_nothing_twice(ennio: Driven, agent: Real) -> None:
    session = ennio.begin("one [[both]]")
    ennio.said(session, "DONE turn=1")
    ennio.activity(session, "Ready", "Idle")
    ennio.crash(session)

    ennio.data("POST", f"/sessions/{session}/restore", json={"prompt": "two [[echo]]"})
    ennio.said(session, "user=<two [[echo]]>")

    assert spent(ennio, session) == expected(agent, answers=4, turns=2)


def test_a_new_server_counts_nothing_twice(ennio: Driven, agent: Real) -> None:
    session = ennio.begin("one [[both]]")
    ennio.said(session, "DONE turn=1")
    before = spent(ennio, session)

    with ennio.another() as later:
        assert spent(later, session) == before == expected(agent, answers=3, turns=1)
        later.tell(session, "two [[echo]]")
        later.said(session, "ECHO turn=2")
        assert spent(later, session) == expected(agent, answers=4, turns=2)


def test_retries_cost_nothing(ennio: Driven, agent: Real) -> None:
    session = ennio.begin("[[e429x2]]")

    ennio.said(session, "RECOVERED", seconds=60)

    assert spent(ennio, session) == expected(agent, answers=1, turns=1)
