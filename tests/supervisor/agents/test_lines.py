from ennio.supervisor.agents.lines import Lines
from ennio.supervisor.records import Activity


def test_a_message_is_its_text_and_one_newline() -> None:
    assert Lines().encode("Fix it\n\nplease, José\n") == "Fix it\n\nplease, José\n\n".encode()


def test_output_shows_that_the_agent_is_active() -> None:
    assert tuple(Lines().receive(b"\xff")) == (Activity.ACTIVE,)


def test_no_output_shows_nothing() -> None:
    assert tuple(Lines().receive(b"")) == ()
