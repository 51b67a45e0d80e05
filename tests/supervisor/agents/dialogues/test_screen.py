"""The screens are recordings of the real programs in tmux, each drawn with its title in the last line."""

import re
from pathlib import Path

import pytest
from golden import FOLDER

from ennio.supervisor.agents.dialogues.screen import Screen, plain
from ennio.supervisor.observations import Observation, Seems, Started, TurnEnded, TurnStarted
from ennio.supervisor.protocols import Dialogue, Watching
from ennio.supervisor.records import Activity

MARKS = {
    "claude": (
        ["\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}", r"\? for shortcuts"],
        ["esc to interrupt"],
        [r"Do you want to proceed\?"],
    ),
    "codex": (
        [r"^\S Ask Codex to do anything"],
        ["esc to interrupt"],
        ["Would you like to run the following command"],
    ),
    "gemini": (["Type your message"], ["esc to cancel"], ["Allow execution of"]),
    "opencode": (["Ask anything…", r"ctrl\+p commands"], ["esc interrupt"], ["Permission required"]),
    "qwen": (["Type your message"], ["esc to cancel"], ["Waiting for user confirmation"]),
    "aider": ([r"^(?:[a-z-]+)?> *$"], [r"^ *[░█#=]+ +Waiting for "], []),
}

Look = tuple[str, str]
"""A screen and a title."""


def recorded(file: str) -> dict[str, Look]:
    """Return the screens of a recording, by what was done before each."""
    parts = re.split(
        r"^(?:##### )?(?:\w+ )?(?:--- |##### )(.+)\n", (FOLDER / "screens" / file).read_text(), flags=re.M
    )
    found = {}
    for name, drawn in zip(parts[1::2], parts[2::2], strict=True):
        title = re.search(r"^\d+ bash title=(.*?) +alt=\d dead=\d$", drawn, flags=re.M)
        found[name.strip()] = (drawn[: title.start()] if title else drawn, title[1] if title else "")
    return found


SCREENS = {agent: recorded(f"{agent}-tui-screens.txt") for agent in MARKS}
SCREENS["opencode"] |= {"asked": recorded("opencode-tui-permission.txt")["permission"]}

EMPTY: Look = ("\n\n", "")
NEW: Look = ("> \n", "")
TYPED: Look = ("> Fix it\n", "")
BUSY: Look = ("> Fix it\nworking\n> \n", "")
ASKS: Look = ("│ may I? │\n> 1. yes\n", "")
DONE: Look = ("> Fix it\nfixed\n> \n", "")


def screen(*looks: Look) -> Screen:
    dialogue = Screen(["^>"], ["^working"], [r"may I\?"])
    for look in looks:
        dialogue.look(*look)
    return dialogue


def seen(dialogue: Screen, *looks: Look) -> list[Observation]:
    return [observation for look in looks for observation in dialogue.look(*look)]


def waiting(line: str) -> Seems:
    return Seems(Activity.WAITING_INPUT, line)


def test_it_is_a_dialogue_that_watches() -> None:
    dialogue: Dialogue = screen()
    assert isinstance(dialogue, Watching)
    assert dialogue.turns
    assert (dialogue.open(), dialogue.replies(), tuple(dialogue.receive(b"> "))) == (b"", b"", ())


# Recordings.


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "opencode", "aider"])
def test_the_first_screen_of_an_agent_is_ready(agent: str) -> None:
    dialogue = Screen(*MARKS[agent])
    assert seen(dialogue, *[SCREENS[agent]["ready"]] * 3) == [Started()]
    assert dialogue.ready


def test_an_agent_that_has_not_drawn_anything_is_not_ready() -> None:
    dialogue = Screen(*MARKS["qwen"])
    assert seen(dialogue, *[SCREENS["qwen"]["ready"]] * 3) == []
    assert not dialogue.ready


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        *[(agent, name) for agent in ("claude", "codex", "gemini") for name in ("working", "hang")],
        *[("opencode", name) for name in ("working", "permission", "after Enter", "hang")],
        ("qwen", "permission"),
        ("aider", "hang"),
    ],
)
def test_a_turn_is_seen_to_start(agent: str, name: str) -> None:
    dialogue = Screen(*MARKS[agent])
    dialogue.recall({"hello": True})
    assert seen(dialogue, *[SCREENS[agent][name]] * 3) == [TurnStarted()]
    assert not dialogue.ready


def test_an_answer_that_streams_in_is_no_end_of_aider_s_turn() -> None:
    """Then it shows neither mark."""
    looks = [SCREENS["aider"][name] for name in ("hang", "working", "working", "permission", "permission")]
    dialogue = Screen(*MARKS["aider"])
    assert seen(dialogue, *looks[:3]) == [Started(), TurnStarted()]
    assert seen(dialogue, *looks[3:]) == [TurnEnded()]


@pytest.mark.parametrize(
    ("agent", "name", "line"),
    [
        ("claude", "permission", "Do you want to proceed?"),
        ("codex", "permission", "Would you like to run the following command?"),
        ("gemini", "permission", "Allow execution of [Shell]?"),
        ("opencode", "asked", "△ Permission required"),
        ("qwen", "after Enter", "⠏ Waiting for user confirmation..."),
    ],
)
def test_a_permission_that_is_asked_for_is_seen_with_its_line(agent: str, name: str, line: str) -> None:
    dialogue = Screen(*MARKS[agent])
    dialogue.recall({"hello": True, "turn": True})
    assert seen(dialogue, *[SCREENS[agent][name]] * 3) == [waiting(line)]
    assert not dialogue.ready


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini"])
def test_a_turn_with_a_permission_goes_its_way(agent: str) -> None:
    dialogue, screens = Screen(*MARKS[agent]), SCREENS[agent]
    seen(dialogue, screens["ready"], screens["ready"])
    dialogue.tell("[[slow]] hello from tmux")
    shown = [screens[name] for name in ("working", "permission", "working", "after Enter", "after Enter")]
    first, asked, *rest = seen(dialogue, *shown)
    assert first == TurnStarted()
    assert isinstance(asked, Seems)
    assert rest == [Seems(Activity.ACTIVE), TurnEnded()]
    assert dialogue.ready


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("claude", "after Escape"),
        *[(agent, "after Escape x2") for agent in ("codex", "gemini", "opencode", "qwen")],
        ("aider", "after C-c C-c"),
    ],
)
def test_a_turn_that_was_interrupted_by_hand_ends(agent: str, name: str) -> None:
    dialogue = Screen(*MARKS[agent])
    dialogue.recall({"hello": True, "turn": True})
    assert seen(dialogue, *[SCREENS[agent][name]] * 2) == [TurnEnded()]
    assert dialogue.ready


# Turns.


def test_a_screen_that_is_ready_once_is_not_trusted() -> None:
    dialogue = screen()
    assert seen(dialogue, NEW, EMPTY, NEW) == []
    assert not dialogue.ready
    assert seen(dialogue, NEW) == [Started()]


def test_nothing_may_be_told_from_a_message_on_until_its_turn_is_over() -> None:
    dialogue = screen(NEW, NEW)
    assert dialogue.tell("Fix it\nnow") == b"Fix it\nnow\n"
    assert not dialogue.ready
    assert seen(dialogue, BUSY) == [TurnStarted()]
    assert seen(dialogue, BUSY, DONE) == []
    assert not dialogue.ready
    assert seen(dialogue, DONE) == [TurnEnded()]
    assert dialogue.ready
    assert seen(dialogue, DONE, DONE) == []


def test_a_flicker_does_not_end_a_turn() -> None:
    dialogue = screen(NEW, NEW, BUSY)
    assert seen(dialogue, DONE, BUSY, EMPTY, DONE, EMPTY, DONE, BUSY) == []


def test_a_message_that_is_typed_and_not_yet_sent_is_not_taken_up() -> None:
    dialogue = screen(NEW, NEW)
    dialogue.tell("  Fix it")
    assert seen(dialogue, NEW, NEW, NEW, TYPED, TYPED, TYPED) == []
    assert not dialogue.ready
    assert seen(dialogue, BUSY) == [TurnStarted()]


def test_a_turn_that_is_over_between_two_looks_is_seen_nevertheless() -> None:
    dialogue = screen(NEW, NEW)
    dialogue.tell("Fix it")
    assert seen(dialogue, DONE, DONE) == [TurnStarted(), TurnEnded()]
    assert dialogue.ready


def test_a_turn_that_nobody_told_it_is_one_too() -> None:
    """A person in the terminal, or a prompt on the command line."""
    assert seen(screen(), BUSY, DONE, DONE) == [Started(), TurnStarted(), TurnEnded()]


def test_a_turn_may_begin_with_a_question() -> None:
    dialogue = screen(NEW, NEW)
    dialogue.tell("Fix it")
    assert seen(dialogue, ASKS, ASKS) == [TurnStarted(), waiting("may I?")]
    assert seen(dialogue, BUSY) == [Seems(Activity.ACTIVE)]


def test_a_question_before_the_first_message_is_no_turn() -> None:
    """Claude asks whether a folder is trusted."""
    dialogue = screen()
    assert seen(dialogue, ASKS, NEW, NEW) == [waiting("may I?"), Started(), Seems(Activity.READY)]


@pytest.mark.parametrize("title", ["⠐ ok", "⠼ ok | tui-codex", "✦  Working… (tui-gemini)"])
def test_a_title_shows_work(title: str) -> None:
    assert seen(screen(NEW, NEW), (NEW[0], title)) == [TurnStarted()]


@pytest.mark.parametrize("title", ["[ ! ] Action Required | ok", "✋  Action Required (tui-gemini)"])
def test_a_title_shows_a_question(title: str) -> None:
    assert seen(screen(NEW, NEW), (NEW[0], title)) == [waiting(" ".join(title.split()))]


@pytest.mark.parametrize("title", ["✳ Claude Code", "◇  Ready (tui-gemini)", "vm", ""])
def test_other_titles_show_nothing(title: str) -> None:
    assert seen(screen(), (NEW[0], title), (NEW[0], title)) == [Started()]
    assert seen(screen(), (EMPTY[0], title), (EMPTY[0], title)) == []


# Across a restart of the server.


@pytest.mark.parametrize("cut", range(8))
def test_a_new_dialogue_goes_on_where_the_old_one_was(cut: int) -> None:
    looks = [NEW, NEW, TYPED, BUSY, ASKS, BUSY, DONE, DONE, DONE]
    found, dialogue = list[Observation](), screen()
    for number, look in enumerate(looks):
        if number == 2:
            dialogue.tell("Fix it")
        found += dialogue.look(*look)
        if number == cut:
            memory, dialogue = dialogue.memory(), screen()
            dialogue.recall(memory)
    expected = [Started(), TurnStarted(), waiting("may I?"), Seems(Activity.ACTIVE), TurnEnded()]
    assert found == expected


def test_what_is_odd_in_a_memory_is_left_out() -> None:
    dialogue = screen()
    dialogue.recall({"hello": "yes", "turn": 1, "typed": None, "before": "x", "now": [], "question": 3})
    assert dialogue.memory() == screen().memory()


# What a person reads.


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"\x1b[1;32mgreen\x1b[0m and \x1b[?25lplain\r", "green and plain\n"),
        (b"\x1b]0;a title\x07words\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "wordslink\n"),
        (b"\x1bPq#0~~\x1b\\\x1b(B\x1b=kept", "kept\n"),
        (b"10%\r20%\r", "10%\n20%\n"),
        (b"\x1b[2J\x1b[H", ""),
        (b"", "\n"),
        (b"\tcaf\xc3\xa9 \xff\x07", "\tcafé \ufffd\n"),
        (b"cut off \x1b[3", "cut off \n"),
    ],
)
def test_a_line_reads_without_terminal_escapes(line: bytes, text: str) -> None:
    assert plain(line) == screen().readable(line) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [b"\x1b[", b"\x1b]", b"\x1bP", b"\x1b[1;", b"\x1b", b"\r"])
def test_a_hostile_line_costs_no_more_than_its_length(piece: bytes) -> None:
    assert "\x1b" not in plain(piece * 300_000)


def test_the_recordings_are_whole() -> None:
    names = {path.name for path in (Path(FOLDER) / "screens").iterdir()}
    assert names == {*(f"{agent}-tui-screens.txt" for agent in MARKS), "opencode-tui-permission.txt"}
    assert all("ready" in screens for screens in SCREENS.values())
