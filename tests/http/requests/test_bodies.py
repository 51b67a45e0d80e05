from typing import Any

import pytest

from ennio.http.requests.bodies import RestoreBody, SendBody, SpawnBody, read_as
from ennio.supervisor import Invalid, Order, ProjectId


def test_a_full_order_is_read() -> None:
    content = {
        "project_id": "p",
        "issue_id": "7",
        "prompt": " do\nit ",
        "branch": "feat/x",
        "role": "reviewer",
    }

    order = read_as(SpawnBody, content).order()

    assert order == Order(ProjectId("p"), "7", " do\nit ", "feat/x", "reviewer")


def test_what_is_not_given_is_none() -> None:
    assert read_as(SpawnBody, {"project_id": "p", "prompt": "x"}).order() == Order(ProjectId("p"), prompt="x")


@pytest.mark.parametrize(
    "issue", ["42", "#42", "ENG-12", "https://github.com/me/my-app/issues/42", "https://host/é?x=1#note_2"]
)
def test_an_issue_is_named_as_its_tracker_does_or_by_its_url(issue: str) -> None:
    assert read_as(SpawnBody, {"project_id": "p", "issue_id": issue}).order().issue_id == issue


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "project_id is missing"),
        ({"prompt": "x"}, "project_id is missing"),
        ({"project_id": "p"}, "one of issue_id and prompt"),
        ({"project_id": "", "prompt": "x"}, "project_id must not be blank"),
        ({"project_id": "a b", "prompt": "x"}, "project_id 'a b' is no project id"),
        ({"project_id": "p" * 65, "prompt": "x"}, "project_id"),
        ({"project_id": 7, "prompt": "x"}, "project_id must be a string"),
        ({"project_id": "p", "prompt": None}, "prompt must be a string"),
        ({"project_id": "p", "prompt": ["x"]}, "prompt must be a string"),
        ({"project_id": "p", "prompt": True}, "prompt must be a string"),
        ({"project_id": "p", "prompt": " \n\t"}, "prompt must not be blank"),
        ({"project_id": "p", "prompt": "a\0b"}, "prompt must not hold a NUL"),
        ({"project_id": "p", "prompt": "\ud800"}, "prompt is no valid Unicode"),
        ({"project_id": "p", "prompt": "x", "issue_id": ""}, "issue_id must not be blank"),
        ({"project_id": "p", "issue_id": "4\n2"}, "issue_id must be at most 300 printable"),
        ({"project_id": "p", "issue_id": "4" * 301}, "issue_id must be at most 300 printable"),
        ({"project_id": "p", "issue_id": 42}, "issue_id must be a string"),
        ({"project_id": "p", "prompt": "x", "branch": "-x"}, "branch '-x' is no valid branch"),
        ({"project_id": "p", "prompt": "x", "branch": "a..b"}, "branch 'a..b' is no valid branch"),
        ({"project_id": "p", "prompt": "x", "role": "a\nb"}, "role"),
        ({"project_id": "p", "prompt": "x", "role": "r" * 257}, "role"),
        ({"project_id": "p", "prompt": "x", "Prompt": "y"}, "Prompt is no field here; there are: project_id"),
        ({"project_id": "p", "prompt": "x", "\x1b[31m": 1}, r"\\x1b\[31m is no field"),
        ({"project_id": "p", "prompt": "x", "\ud800": 1}, "a field's name is no valid Unicode"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(content: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_as(SpawnBody, content)


def test_a_complaint_stays_short_and_quotes_no_value() -> None:
    secret = "s3cret" * 100_000
    content = {
        "project_id": "p",
        "prompt": [secret],
        "k" * 100_000: secret,
        **{f"f{n}": 1 for n in range(1000)},
    }

    with pytest.raises(Invalid) as refused:
        read_as(SpawnBody, content)

    assert len(str(refused.value)) < 1000
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("content", [{}, {"message": ""}, {"message": 1}, {"message": "x", "wait": True}])
def test_a_message_must_be_there_and_alone(content: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read_as(SendBody, content)


def test_a_restore_needs_no_prompt_but_takes_no_blank_one() -> None:
    assert read_as(RestoreBody, {}).prompt == ""
    with pytest.raises(Invalid, match="prompt must not be blank"):
        read_as(RestoreBody, {"prompt": " "})
