"""Pull requests that ennio merges by itself, and only the commit that was approved."""

from collections.abc import Iterator

import pytest
from accounts import until
from e2e.hosts.at_work import Work, at_work

MERGE = "[reactions.approved-and-green]\naction = 'auto_merge'"


@pytest.fixture(scope="module")
def a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    with at_work(tmp_path_factory.mktemp("server"), top=MERGE) as work:
        yield work


@pytest.fixture
def work(a_server: Work) -> Iterator[Work]:
    yield a_server
    a_server.clear()


def merges(work: Work, status: int | None = None) -> int:
    return work.host.count("/merge", status)


def test_what_is_approved_and_green_is_merged_once(work: Work) -> None:
    before = merges(work)
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", "success")
    pull.review("ann", "APPROVED")
    work.becomes(session, "Merged")

    until(lambda: session["workspace_path"] not in work.server.worktrees())
    assert pull.merged_at
    assert merges(work) - before == 1
    assert work.types(session).count("MergeCompleted") == 1


def test_what_is_not_green_or_not_approved_is_not_merged(work: Work) -> None:
    before = merges(work)
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", None)
    pull.review("ann", "APPROVED")
    work.becomes(session, "Approved")
    work.stays(session, "Approved")
    pull.review("bob", "CHANGES_REQUESTED", "no")
    pull.check("unit", "success")
    work.becomes(session, "ChangesRequested")
    work.stays(session, "ChangesRequested")
    pull.draft()
    pull.review("bob", "APPROVED")
    work.becomes(session, "PrDraft")
    work.stays(session, "PrDraft")

    assert merges(work) == before


def test_a_commit_that_comes_while_it_is_being_merged_is_not_merged(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", "success")
    approved = pull.head
    work.host.faults.before(pull.push, "PUT .*/merge")
    pull.review("ann", "APPROVED")
    until(lambda: pull.head != approved and merges(work, 409))
    work.looked(3)
    assert pull.merged_at is None
    pull.check("unit", "success")
    work.looked(3)
    assert pull.merged_at is None, "an approval of an earlier commit is none of this one"

    pull.review("ann", "APPROVED")
    work.becomes(session, "Merged")
    assert pull.head != approved


def test_where_the_host_will_not_merge_the_operator_is_told(work: Work) -> None:
    work.host.ways_to_merge = {"merge"}
    try:
        session = work.spawn()
        pull = work.pull(session)
        pull.check("unit", "success")
        pull.review("ann", "APPROVED")
        work.until_event(session, "ReactionEscalated")
        tried = merges(work, 405)
        work.looked(5)
    finally:
        work.host.ways_to_merge = {"merge", "squash", "rebase"}

    assert merges(work, 405) == tried
    assert len(work.inbox.of(session["id"], "approved-and-green")) == 1
    assert work.session(session)["status"] == "Approved"


def test_a_host_that_fails_while_it_merges_is_asked_again(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", "success")
    work.host.fail(502, where="PUT .*/merge", times=1)
    pull.review("ann", "APPROVED")

    work.becomes(session, "Merged", seconds=15)
    assert pull.merged_at


def test_a_merge_whose_answer_was_lost_is_known_to_be_done(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", "success")
    refused = merges(work, 405)
    work.host.truncate(where="PUT .*/merge", times=1)
    pull.review("ann", "APPROVED")

    work.becomes(session, "Merged", seconds=15)
    work.until_event(session, "MergeCompleted")
    assert merges(work, 405) == refused
    assert "ReactionEscalated" not in work.types(session)
