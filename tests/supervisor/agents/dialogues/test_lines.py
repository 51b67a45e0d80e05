from ennio.supervisor.agents.dialogues.lines import Lines
from ennio.supervisor.observations import Seems
from ennio.supervisor.protocols import Dialogue
from ennio.supervisor.records import Activity


def test_a_message_is_its_text_and_one_newline() -> None:
    assert Lines().tell("Fix it\n\nplease, José\n") == "Fix it\n\nplease, José\n\n".encode()


def test_half_of_a_surrogate_pair_does_not_raise() -> None:
    assert Lines().tell("a \ud83d") == b"a ?\n"


def test_output_shows_that_the_agent_is_active_and_an_empty_line_does_too() -> None:
    for line in (b"\xff", b"", b"some words"):
        assert tuple(Lines().receive(line)) == (Seems(Activity.ACTIVE),)


def test_a_line_reads_as_it_stands() -> None:
    assert Lines().readable(b"\tJos\xc3\xa9 \xff") == "\tJosé \ufffd\n"


def test_there_are_no_turns_and_so_it_is_always_ready() -> None:
    dialogue: Dialogue = Lines()
    dialogue.recall({"ready": False})
    dialogue.tell("Fix it")
    assert dialogue.ready
    assert not dialogue.turns
    assert (dialogue.open(), dialogue.replies(), dialogue.memory()) == (b"", b"", {})
