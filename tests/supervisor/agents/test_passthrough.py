from typing import Any

import pytest

from ennio.supervisor.agents.passthrough import flags
from ennio.supervisor.errors import Invalid


def flags_of(options: dict[str, Any], taken: tuple[str, ...] = ()) -> list[str]:
    return list(flags(options, taken, agent="mine"))


def test_plain_values_are_flags_and_their_words() -> None:
    options = {"max_turns": 200, "verbose": True, "add_dir": ["a", "b"], "ratio": 0.5}
    assert flags_of(options) == [
        *("--max-turns", "200", "--verbose", "--add-dir", "a", "--add-dir", "b", "--ratio", "0.5"),
    ]


@pytest.mark.parametrize("nothing", [False, None, [], [False, None]])
def test_what_says_no_is_left_out(nothing: object) -> None:
    assert flags_of({"verbose": nothing}) == []


def test_a_name_of_one_letter_has_one_dash() -> None:
    assert flags_of({"c": "x", "v": True}) == ["-c", "x", "-v"]


def test_a_value_that_begins_with_a_dash_is_no_flag() -> None:
    assert flags_of({"prompt": "--dangerous", "n": -1}) == ["--prompt=--dangerous", "-n-1"]


def test_what_the_shell_would_take_for_its_own_stays_one_word() -> None:
    words = "$(rm -rf /); `x` \n 'y'"
    assert flags_of({"note": words, "empty": ""}) == ["--note", words, "--empty", ""]


@pytest.mark.parametrize("name", ["model", "permission_mode", "permission-mode", "c"])
def test_what_the_agent_sets_itself_is_refused_by_name(name: str) -> None:
    with pytest.raises(Invalid, match=rf"passthrough\.{name} of agent mine is -.* sets itself"):
        flags_of({name: "x"}, ("--model", "--permission-mode", "-c"))


@pytest.mark.parametrize(
    "value", [{"a": 1}, [["a"]], [{"a": 1}], object(), "a\0b", float("nan"), ["x", float("inf")]]
)
def test_what_is_no_value_of_a_flag_is_refused(value: object) -> None:
    with pytest.raises(Invalid, match=r"passthrough\.odd of agent mine"):
        flags_of({"odd": value})


@pytest.mark.parametrize("name", ["", "-x", "--model", "a b", "a=b", "1", "é", "a\n", "a\0"])
def test_what_is_no_name_of_a_flag_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="no flag's name"):
        flags_of({name: "x"})


def test_a_value_that_is_too_long_for_an_argument_is_refused() -> None:
    longest = 128 * 1024 - 1
    assert flags_of({"n": "x" * longest})[1] == "x" * longest
    with pytest.raises(Invalid, match="131072 bytes"):
        flags_of({"n": "é" * 65536})


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(Invalid, match="no character"):
        flags_of({"note": "\ud83d"})
