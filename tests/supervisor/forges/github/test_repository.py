"""Which repository is meant, by the configuration and by who names an issue."""

from typing import Any

import pytest
from canned_github import TOKEN, options

from ennio.supervisor.errors import ConfigError, Invalid
from ennio.supervisor.forges.github import GitHubIssues, GitHubPulls
from ennio.supervisor.forges.github.repository import Repository


def issues(**more: Any) -> GitHubIssues:
    return GitHubIssues(options(**more))


@pytest.mark.parametrize(
    "text",
    [
        "42",
        " #42 ",
        "https://github.com/o/r/issues/42",
        "https://github.com/O/R/issues/42/",
        "http://www.github.com/o/r/issues/42?x=1#issuecomment-9",
        "https://GitHub.com:443/o/r/issues/42",
    ],
)
def test_an_issue_is_named_by_number_or_url(text: str) -> None:
    assert issues().identify(text) == "42"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "042",
        "-1",
        "+1",
        "4 2",
        "42/../43",
        "12345678901",
        "٤٢",
        "1e3",
        "ENG-12",
        "#",
        "o/r#42",
        "https://github.com/o/r/pull/42",
        "https://github.com/o/r/issues/42/events",
        "https://github.com/o/r/issues/042",
        "https://github.com/o/r/issues/new",
        "https://github.com/o%2Fr/issues/42",
        "ftp://github.com/o/r/issues/42",
        "https://user@github.com/o/r/issues/42",
        "https://github.com:99999/o/r/issues/42",
        "https://[github.com/o/r/issues/42",
        "github.com/o/r/issues/42",
        "x" * 100_000,
    ],
)
def test_nothing_else_is_an_issue(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        issues().identify(text)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/o/other/issues/42",
        "https://github.com/else/r/issues/42",
        "https://gitlab.com/o/r/issues/42",
        "https://api.github.com/o/r/issues/42",
        "https://github.com:8443/o/r/issues/42",
    ],
)
def test_an_issue_of_another_repository_is_said_to_be_one(text: str) -> None:
    with pytest.raises(Invalid, match="another repository than github o/r"):
        issues().identify(text)


@pytest.mark.parametrize(
    ("api_url", "url"),
    [
        ("https://git.example/api/v3", "https://git.example/o/r/issues/42"),
        ("https://git.example:8443/api/v3/", "https://git.example:8443/o/r/issues/42"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com/o/r/issues/42"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/o/r/issues/42"),
        ("http://127.0.0.1:9000", "https://github.com/o/r/issues/42"),
    ],
)
def test_the_pages_are_where_the_api_belongs_to(api_url: str, url: str) -> None:
    assert issues(api_url=api_url).identify(url) == "42"


def test_an_enterprise_is_not_the_public_github() -> None:
    with pytest.raises(Invalid, match="another repository"):
        issues(api_url="https://git.example/api/v3").identify("https://github.com/o/r/issues/42")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"owner": "../x"}, "config.owner` must be the name"),
        ({"owner": "-x"}, "config.owner`"),
        ({"owner": "o\n"}, "config.owner`"),
        ({"repo": "o/r"}, "config.repo` must be the name"),
        ({"repo": ".."}, "config.repo`"),
        ({"repo": "r.git"}, r"without `\.git`"),
        ({"repo": "r?x"}, "config.repo`"),
        ({"token": "two words"}, "config.token` must be one word"),
        ({"token": "ghp_line\n"}, "config.token` must be one word"),
        ({"token": "ghp_é"}, "config.token` must be one word"),
        ({"token": ""}, "config.token` must not be blank"),
        ({"api_url": "https://user:pass@git.example"}, "config.api_url` must have no user"),
        ({"api_url": "https://git.example?x=1"}, "config.api_url` must have no user"),
        ({"tokn": "x"}, "did you mean `token`"),
    ],
)
@pytest.mark.parametrize("adapter", [GitHubIssues, GitHubPulls])
def test_a_wrong_configuration_is_told_by_its_key_and_never_by_its_value(
    adapter: type, given: dict[str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        adapter(options(**given))
    assert "ghp_" not in str(caught.value)
    assert "pass@" not in str(caught.value)


def test_names_are_the_same_for_the_same_repository_alone() -> None:
    assert GitHubPulls(options(owner="O")).name == issues().name == "github o/r"
    here = GitHubPulls(options(api_url="http://127.0.0.1:9000"))
    assert here.name == "github o/r at 127.0.0.1:9000"
    assert TOKEN not in repr(Repository.of(options(api_url="https://git.example/api/v3")))


def test_real_names_are_good() -> None:
    for owner, repo in (("octo-cat", ".github"), ("jane_corp", "a.b-c_d"), ("a" * 39, "1")):
        assert GitHubPulls(options(owner=owner, repo=repo)).name == f"github {owner}/{repo}"
