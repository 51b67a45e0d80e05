"""A server that is killed in the middle: nothing that an agent or an operator was told is told again."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from accounts import until
from e2e.hosts import GitHub
from e2e.hosts.at_work import Work, configuration, project
from e2e.hosts.inbox import Inbox
from installed import Server

TELLS = "The checks of your pull request fail"
Again = Callable[[], Work]


@pytest.fixture
def start(own: Path) -> Iterator[Callable[[], Work]]:
    """Start a server; started again, it is the next one over the same folder, host and inbox."""
    with ExitStack() as stack:
        host, inbox = stack.enter_context(GitHub()), stack.enter_context(Inbox())
        config = configuration(project(host, "app"), inbox=inbox)

        def begin() -> Work:
            server = Server(own, config)
            stack.callback(server.process.kill)
            stack.callback(server.stop)
            return Work(server, host, inbox)

        yield begin


def test_what_was_told_before_a_crash_is_not_told_after_it(start: Again) -> None:
    work = start()
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", "failure", log="boom\n")
    pull.review("ann", "CHANGES_REQUESTED", "not-like-this")
    work.hears(session, "boom")
    work.hears(session, "not-like-this")
    work.server.kill9()
    work = replace(work, server=start().server)
    work.stays(session, "CiFixSent", looks=4)

    assert (work.heard(session, TELLS), work.heard(session, "not-like-this")) == (1, 1)
    happened = work.types(session)
    assert [happened.count(one) for one in ("PrCreated", "CiFailing", "CiFixSent")] == [1, 1, 1]
    pull.push()
    pull.check("unit", "failure", log="boom-again\n")
    work.hears(session, "boom-again")


def test_what_was_not_told_yet_is_told_once_after_a_crash(start: Again) -> None:
    work = start()
    session = work.spawn()
    pull = work.pull(session)
    work.becomes(session, "PrOpen")
    work.host.faults.before(work.server.process.kill, "/logs")
    pull.check("unit", "failure", log="boom\n")
    work.server.gone()
    work = replace(work, server=start().server)
    work.hears(session, "boom")
    work.stays(session, "CiFixSent", looks=4)

    assert work.heard(session, TELLS) == 1


@pytest.mark.parametrize("moment", range(2))
def test_a_crash_at_any_moment_of_telling_tells_at_most_once(start: Again, moment: int) -> None:
    """The moment is after some more of what comes with telling: where it is exactly is not known."""
    work = start()
    session = work.spawn()
    pull = work.pull(session)
    work.becomes(session, "PrOpen")
    pull.check("unit", "failure", log="boom\n")
    until(lambda: work.host.log_requests)
    time.sleep(moment * 0.006)
    work.server.kill9()
    work = replace(work, server=start().server)
    work.becomes(session, "CiFixSent")
    work.looked(4)
    told, states = work.heard(session, TELLS), work.server.data("GET", f"/sessions/{session['id']}/messages")

    assert told <= 1
    assert told == 1 or "failed" in [one["state"] for one in states], states


def test_what_happened_while_no_server_ran_is_seen_by_the_next(start: Again) -> None:
    work = start()
    session, merged = work.spawn(), work.spawn()
    pull, other = work.pull(session), work.pull(merged)
    work.becomes(session, "PrOpen")
    work.becomes(merged, "PrOpen")
    assert work.server.stop() == 0
    pull.check("unit", "failure", log="boom\n")
    other.merge()
    work = replace(work, server=start().server)
    work.becomes(merged, "Merged")
    work.hears(session, "boom")
    work.stays(session, "CiFixSent")

    assert work.heard(session, TELLS) == 1
    until(lambda: merged["workspace_path"] not in work.server.worktrees())


def test_a_merged_session_is_cleaned_up_also_after_a_crash(start: Again) -> None:
    work = start()
    session = work.spawn()
    pull = work.pull(session)
    work.becomes(session, "PrOpen")
    pull.merge()
    work.becomes(session, "Merged")
    work.server.kill9()
    work = replace(work, server=start().server)

    until(lambda: session["workspace_path"] not in work.server.worktrees())
    until(lambda: work.session(session)["activity"] == "Exited")
    assert work.session(session)["status"] == "Merged"
    assert work.types(session).count("PrMerged") == 1


def test_an_operator_is_told_what_a_crash_kept_from_them(start: Again) -> None:
    work = start()
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", "success")
    work.becomes(session, "CiPassing")
    pull.review("ann", "APPROVED")
    work.until_event(session, "MergeReady")
    work.server.kill9()
    work = replace(work, server=start().server)
    until(lambda: work.inbox.of(session["id"], "approved-and-green"))
    work.looked(4)

    ids = {one["id"] for one in work.inbox.of(session["id"], "approved-and-green")}
    assert len(ids) == 1
