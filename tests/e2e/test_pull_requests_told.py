"""Who is told what by configuration: own words, operators, nobody; and how operators hear of ends."""

from collections.abc import Iterator

import pytest
from accounts import until
from e2e.hosts.at_work import Work, at_work, project

TELLS = "The checks of your pull request fail"
PROJECTS = (
    ("worded", "cat", '[projects.reactions.ci-failed]\nmessage = "Oh-no, mend it."'),
    ("noticed", "cat", '[projects.reactions.ci-failed]\naction = "notify"\npriority = "critical"'),
    ("silent", "cat", "[projects.reactions.ci-failed]\nenabled = false"),
    ("hasty", "cat", "[projects.reactions.ci-failed]\nescalate_after = 0.5"),
    ("failing", "once", ""),
    ("alone", "cat", ""),
)


@pytest.fixture(scope="module")
def a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    with at_work(
        tmp_path_factory.mktemp("server"),
        lambda host: [project(host, name, agent, more) for name, agent, more in PROJECTS],
    ) as work:
        yield work


@pytest.fixture
def work(a_server: Work) -> Iterator[Work]:
    yield a_server
    a_server.clear()


def test_a_message_of_the_configuration_takes_the_place_of_the_usual_words(work: Work) -> None:
    session = work.spawn("worded")
    work.pull(session).check("unit", "failure", log="boom\n")
    heard = work.hears(session, "boom")

    assert "Oh-no, mend it." in heard
    assert TELLS not in heard


def test_the_operator_is_told_instead_of_the_agent_and_once(work: Work) -> None:
    session = work.spawn("noticed")
    pull = work.pull(session)
    pull.check("unit", "failure", log="boom\n")
    until(lambda: work.inbox.of(session["id"]))
    work.looked(4)
    (notice,) = work.inbox.of(session["id"])

    assert (notice["reaction"], notice["priority"], notice["escalated"]) == ("ci-failed", "critical", False)
    assert (notice["project_id"], notice["url"]) == ("noticed", pull.url)
    assert "unit" in notice["text"]
    assert work.session(session)["status"] == "CiFailed"
    assert TELLS not in work.server.text(session["id"])


def test_a_reaction_that_is_not_enabled_does_nothing(work: Work) -> None:
    session = work.spawn("silent")
    work.pull(session).check("unit", "failure", log="boom\n")
    work.becomes(session, "CiFailed")
    work.stays(session, "CiFailed", looks=4)

    assert work.inbox.of(session["id"]) == []
    assert "ReactionTriggered" not in work.types(session)


def test_what_does_not_change_in_time_goes_to_the_operator_once(work: Work) -> None:
    session = work.spawn("hasty")
    work.pull(session).check("unit", "failure", log="boom\n")
    work.until_event(session, "ReactionEscalated")
    work.looked(5)

    assert work.types(session).count("ReactionEscalated") == 1
    assert len(work.inbox.of(session["id"], "ci-failed")) == 1
    assert work.heard(session, TELLS) == 1


def test_an_operator_is_told_that_an_agent_is_gone_and_not_that_it_was_killed(work: Work) -> None:
    session, killed = work.spawn("failing"), work.spawn("worded")
    until(lambda: work.inbox.of(session["id"], "agent-exited"))
    assert work.server.data("DELETE", f"/sessions/{killed['id']}") == "killed"
    work.looked(3)

    assert len(work.inbox.of(session["id"])) == 1
    assert work.inbox.of(killed["id"]) == []


def test_an_operator_is_told_once_that_all_is_complete(work: Work) -> None:
    one, other = work.spawn("alone"), work.spawn("alone")
    pulls = work.pull(one), work.pull(other)
    pulls[0].merge()
    work.becomes(one, "Merged")

    def told() -> list[str]:
        return [said["text"] for said in work.inbox.notices if said["reaction"] == "all-complete"]

    work.looked(3)
    assert told() == []
    pulls[1].merge()
    work.becomes(other, "Merged")
    until(told)
    (text,) = told()

    assert one["id"] in text
    assert other["id"] in text


def test_every_notice_has_an_id_of_its_own_that_stands_in_its_header_too(work: Work) -> None:
    ids = [one["id"] for one in work.inbox.notices]

    assert len(set(ids)) == len(ids)
    assert [one["Ennio-Notice-Id"] for one in work.inbox.headers] == ids
