"""A real agent ends, or its server does: nothing of it is left, and its conversation goes on."""

import pytest
from e2e.agents.driving import Driven, Model, end, none_alive
from e2e.agents.programs import Real
from e2e.models.scripts import SLEEPS
from installed import marked

pytestmark = pytest.mark.agents


def test_a_kill_in_the_middle_of_a_command_leaves_nothing(ennio: Driven) -> None:
    session = ennio.begin("[[sleep]]")
    ran = ennio.running(session, SLEEPS)

    assert ennio.data("DELETE", f"/sessions/{session}") == "killed"

    assert [pid for pid in ran if not none_alive([pid], 0)] == []
    assert marked(session) == []
    shown = ennio.session(session)
    assert (shown["status"], shown["activity"]) == ("Killed", "Exited")


def test_a_kill_between_turns_leaves_nothing(ennio: Driven) -> None:
    session = ennio.begin("[[both]]")
    ennio.said(session, "DONE turn=1")
    ran = marked(session)

    assert ennio.data("DELETE", f"/sessions/{session}") == "killed"

    assert none_alive(ran, 0)
    assert marked(session) == []


def test_an_orderly_end_of_the_server_leaves_nothing(ennio: Driven) -> None:
    session = ennio.begin("[[sleep]]")
    ran = ennio.running(session, SLEEPS)

    assert ennio.stop(30) == 0

    assert none_alive(ran)


def heard(agent: Real, *messages: str) -> list[str]:
    """Return what the model is to see of these messages after a restart before the last of them."""
    return list(messages if agent.resumes else messages[-1:])


def test_an_agent_that_dies_is_resumed_where_it_was(ennio: Driven, model: Model, agent: Real) -> None:
    session = ennio.begin("one [[echo]]")
    ennio.said(session, "ECHO turn=1")
    ennio.activity(session, "Ready")
    ennio.crash(session)

    ennio.data("POST", f"/sessions/{session}/restore", json={"prompt": "two [[echo]]"})

    ennio.said(session, "user=<two [[echo]]>")
    assert model.requests()[-1]["heard"] == heard(agent, "one [[echo]]", "two [[echo]]")
    assert [asked["user"] for asked in model.requests()] == ["one [[echo]]", "two [[echo]]"]


def test_an_agent_that_dies_in_the_middle_of_a_command_is_resumed(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[sleep]]")
    ran = ennio.running(session, SLEEPS)
    ennio.crash(session)
    assert none_alive(ran)

    ennio.data("POST", f"/sessions/{session}/restore", json={"prompt": "two [[echo]]"})

    ennio.said(session, "user=<two [[echo]]>")
    assert model.requests()[-1]["heard"][-1] == "two [[echo]]"


def test_an_agent_goes_on_under_the_server_after_the_one_that_died(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[echo]]")
    ennio.said(session, "ECHO turn=1")
    agents = ennio.programs(session)

    with ennio.another() as later:
        assert later.programs(session) == agents
        later.tell(session, "two [[echo]]")
        later.said(session, "ECHO turn=2 user=<two [[echo]]>")

    assert model.requests()[-1]["heard"] == ["one [[echo]]", "two [[echo]]"]


def test_a_turn_that_outlives_its_server_is_seen_to_end_by_the_next(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[echo]]")
    ennio.said(session, "ECHO turn=1")
    ennio.data("POST", f"/sessions/{session}/send", json={"message": "two [[hang]]"})
    ennio.until(session, lambda _: len(model.requests()) == 2)

    with ennio.another() as later:
        model.release()
        later.said(session, "RELEASED")
        later.activity(session, "Ready")
        assert later.messages(session)[-1] == ("two [[hang]]", "accepted")


def test_agent_and_server_die_and_the_conversation_goes_on(ennio: Driven, model: Model, agent: Real) -> None:
    session = ennio.begin("one [[echo]]")
    ennio.said(session, "ECHO turn=1")
    ennio.activity(session, "Ready")
    agents = ennio.programs(session)
    ennio.kill9()
    end(agents)

    with ennio.another() as later:
        later.until(session, lambda shown: shown["status"] == "Exited")
        later.data("POST", f"/sessions/{session}/restore", json={"prompt": "two [[echo]]"})
        later.said(session, "user=<two [[echo]]>")

    assert model.requests()[-1]["heard"] == heard(agent, "one [[echo]]", "two [[echo]]")
