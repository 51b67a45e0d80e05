"""A code host that is away, that fails, or that has had enough: no news, no harm, and back soon."""

import time
from collections.abc import Callable, Iterator

import pytest
from accounts import until
from e2e.hosts import GitHub
from e2e.hosts.at_work import Work, at_work, project
from e2e.hosts.replies import Json

BACK = 12.0
"""Seconds after which a host that was away for a moment is surely asked again."""


@pytest.fixture(scope="module")
def another() -> Iterator[GitHub]:
    with GitHub("somebody", "else", "another-t0ken") as host:
        yield host


@pytest.fixture(scope="module")
def a_server(tmp_path_factory: pytest.TempPathFactory, another: GitHub) -> Iterator[Work]:
    with at_work(tmp_path_factory.mktemp("server"), lambda _: [project(another, "another")]) as work:
        yield work


@pytest.fixture
def work(a_server: Work) -> Iterator[Work]:
    yield a_server
    a_server.clear()


@pytest.fixture
def green(work: Work) -> tuple[Json, Work]:
    """A session whose pull request passes its checks, as ennio knows."""
    session = work.spawn()
    work.pull(session).check("unit", "success")
    work.becomes(session, "CiPassing", seconds=BACK)
    return session, work


OUTAGES: dict[str, Callable[[GitHub], object]] = {
    "refuses connections": lambda host: host.down(),
    "answers 500": lambda host: host.fail(500),
    "answers 503": lambda host: host.fail(503),
    "answers 404 as a proxy": lambda host: host.fail(404),
    "cuts its answers": lambda host: host.truncate(),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_no_news_and_is_over_when_it_is_over(green: tuple[Json, Work], outage: str) -> None:
    session, work = green
    before = work.news(session)
    OUTAGES[outage](work.host)
    work.until_event(session, "CodeHostLost")
    time.sleep(0.4)
    assert work.session(session)["status"] == "CiPassing"
    assert work.news(session) == [*before, "CodeHostLost"], "it is told once, and is all that is told"

    pull = work.host.pulls[work.session(session)["pr_number"]]
    pull.push()
    pull.check("unit", "failure", log="boom\n")
    if outage == "refuses connections":
        work.host.up()
    work.host.heal()
    work.becomes(session, "CiFixSent", seconds=BACK)
    work.hears(session, "boom")
    assert work.types(session).count("CodeHostBack") == 1
    assert work.heard(session, "boom") == 1


def test_one_answer_that_fails_among_many_is_no_half_of_the_facts(green: tuple[Json, Work]) -> None:
    session, work = green
    before = work.news(session)
    for times, path in enumerate(("/status", "/check-runs", "/reviews", "/pulls/.*/comments"), 1):
        work.host.fail(500, where=path, times=1)
        work.until_event(session, "CodeHostLost", times)
        work.until_event(session, "CodeHostBack", times)

    after = work.happened(session)
    assert set(work.news(session)[len(before) :]) == {"CodeHostLost", "CodeHostBack"}, after


@pytest.mark.parametrize("kind", ["primary", "secondary"])
def test_a_host_that_has_had_enough_is_left_alone_until_the_time_that_it_names(
    green: tuple[Json, Work], kind: str
) -> None:
    session, work = green
    asked = len(work.host.requests)
    work.host.throttle(1.2, kind)
    began = time.time()
    until(lambda: work.host.count(status=403, since=asked))
    refused = len(work.host.requests)
    time.sleep(max(0.0, began + 1.1 - time.time()))

    assert len(work.host.requests) - refused <= 4, "what was under way"
    assert work.session(session)["status"] == "CiPassing"
    work.pull(session)
    work.host.pulls[work.session(session)["pr_number"]].close()
    until(lambda: len(work.host.requests) > refused + 4, BACK)
    assert all(one.status != 403 for one in work.host.requests[refused + 4 :])


def test_what_has_not_changed_costs_nothing_of_the_rate_limit(green: tuple[Json, Work]) -> None:
    _, work = green
    work.looked(3)
    used, asked = work.host.used, len(work.host.requests)
    work.looked(6)

    assert len(work.host.requests) > asked
    assert work.host.used - used <= 2


def test_a_token_that_is_not_taken_is_told_once_and_never_shown(green: tuple[Json, Work]) -> None:
    session, work = green
    token, before = work.host.token, work.news(session)
    work.host.forget_token()
    lost = work.until_event(session, "CodeHostLost")
    time.sleep(0.4)
    assert work.news(session) == [*before, "CodeHostLost"]
    assert "token" in lost["message"]
    work.host.token = token
    work.until_event(session, "CodeHostBack", seconds=BACK)

    assert token not in str(work.happened(session))
    assert token not in work.server.log.read_text()


def test_a_host_that_is_away_or_slow_is_in_nobody_s_way(work: Work, another: GitHub) -> None:
    session = work.spawn("another")
    pull = another.open_pull(session["branch"])
    work.becomes(session, "PrOpen")
    other = work.spawn()
    work.host.slow(2)
    began = time.monotonic()
    assert work.server.data("GET", "/health") == "ok"
    pull.check("unit", "failure", log="boom\n")
    work.hears(session, "boom")
    work.server.data("POST", f"/sessions/{other['id']}/send", json={"message": "still there"})
    work.hears(other, "still there")
    assert work.server.data("DELETE", f"/sessions/{other['id']}") == "killed"

    assert time.monotonic() - began < 2
    work.host.heal()
    waiting = work.spawn()
    work.pull(waiting)
    work.becomes(waiting, "PrOpen")  # a look that took longer than the pause between looks is over


def test_a_log_that_cannot_be_had_is_said_so_and_the_agent_is_told_all_the_same(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", "failure", log=None)
    pull.check("lint", "failure", log="lint is red\n")
    heard = work.hears(session, "lint is red", seconds=BACK)

    assert "unit" in heard
    assert {status for _, status in work.host.log_requests} == {200}, "a token went to where logs are"
