"""From an issue to a merged pull request over real HTTP: statuses, and who is told what."""

import time
from collections.abc import Iterator

import pytest
from accounts import until
from e2e.hosts.at_work import Work, at_work, project
from installed import git

TELLS = "The checks of your pull request fail"
PROJECTS = (
    ("failing", "once"),
    ("ending", "fine"),
)


@pytest.fixture(scope="module")
def a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    with at_work(
        tmp_path_factory.mktemp("server"),
        lambda host: [project(host, name, agent) for name, agent in PROJECTS],
    ) as work:
        yield work


@pytest.fixture
def work(a_server: Work) -> Iterator[Work]:
    yield a_server
    a_server.clear()


def test_from_an_issue_to_a_merged_pull_request(work: Work) -> None:
    issue = work.host.issue("Fix the Login!", "It does not work.", ["bug"])
    session = work.spawn(issue_id=str(issue.number))
    assert session["branch"] == f"issue-{issue.number}-fix-the-login"
    assert "It does not work." in work.hears(session, "hello")
    work.stays(session, "Working")

    pull = work.pull(session, draft=True)
    assert work.becomes(session, "PrDraft")["pr_url"] == pull.url
    pull.ready()
    pull.check("test", None)
    work.becomes(session, "PrOpen")
    pull.check("test", "failure", log="first line\nAssertionError: 1 != 2\n")
    work.becomes(session, "CiFixSent")
    assert "AssertionError: 1 != 2" in work.hears(session, TELLS)
    pull.push()
    pull.check("test", "success")
    work.becomes(session, "CiPassing")
    pull.ask("ann")
    work.becomes(session, "ReviewPending")
    pull.review("ann", "CHANGES_REQUESTED", "not yet", comments=[("src/login.py", 42, "why so?")])
    work.becomes(session, "ChangesRequested")
    told = work.hears(session, "why so?")
    assert "not yet" in told
    assert "src/login.py:42" in told
    pull.push()
    pull.check("test", "success")
    pull.review("ann", "APPROVED")
    work.becomes(session, "Approved")
    until(lambda: work.inbox.of(session["id"], "approved-and-green"))
    pull.merge()
    work.becomes(session, "Merged")

    until(lambda: session["workspace_path"] not in work.server.worktrees())
    until(lambda: work.session(session)["activity"] == "Exited")
    assert session["id"] not in [one["id"] for one in work.server.data("GET", "/sessions")]
    happened = work.types(session)
    assert [happened.count(one) for one in ("PrCreated", "CiFailing", "CiFixSent", "PrMerged")] == [1] * 4
    assert happened.count("CiPassing") == 2
    assert len(work.inbox.of(session["id"], "approved-and-green")) == 1


def test_the_agent_is_told_of_a_failing_commit_once_and_not_at_each_look(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    pull.check("unit", "failure", log="boom-1\n")
    pull.status("ci/other", "failure", description="it is red")
    work.hears(session, "boom-1")
    work.stays(session, "CiFixSent", looks=8)

    assert "ci/other" in work.server.text(session["id"])
    assert work.heard(session, TELLS) == 1


def test_it_is_told_three_times_in_a_row_and_then_the_operator_is(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    for number in (1, 2, 3):
        pull.check("unit", "failure", log=f"boom-{number}\n")
        work.hears(session, f"boom-{number}")
        work.becomes(session, "CiFixSent")
        pull.push()
        work.stays(session, "CiFixSent", looks=1)
    pull.check("unit", "failure", log="boom-4\n")
    work.becomes(session, "CiFixFailed")
    work.until_event(session, "ReactionEscalated")
    until(lambda: work.inbox.of(session["id"], "ci-failed"))
    work.looked(3)

    assert work.heard(session, TELLS) == 3
    assert work.types(session).count("CiFixFailed") == 3
    assert [one["escalated"] for one in work.inbox.of(session["id"])] == [True]


def test_once_checks_have_passed_it_may_be_told_as_often_again(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    for number in range(4):
        pull.check("unit", "failure", log=f"boom-{number}\n")
        work.hears(session, f"boom-{number}")
        pull.push()
        pull.check("unit", "success")
        work.becomes(session, "CiPassing")
        pull.push()

    assert "ReactionEscalated" not in work.types(session)


def test_a_conflict_is_told_once_and_not_forgotten_while_the_host_does_not_know(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    work.becomes(session, "PrOpen")
    pull.conflict()
    work.becomes(session, "MergeConflicts")
    work.hears(session, "it has conflicts")
    pull.conflict(None)
    work.stays(session, "MergeConflicts")
    pull.conflict()
    work.stays(session, "MergeConflicts")
    assert work.heard(session, "it has conflicts") == 1
    pull.conflict(False)
    work.becomes(session, "PrOpen")

    pull.conflict()
    work.becomes(session, "MergeConflicts")
    until(lambda: work.heard(session, "it has conflicts") == 2)


def test_after_a_force_push_the_word_on_the_old_commit_is_void(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    first = pull.head
    pull.check("unit", "success")
    work.becomes(session, "CiPassing")
    pull.push(force=True)
    work.becomes(session, "PrOpen")
    pull.check("unit", "failure", sha=first, log="of the old one\n")
    work.stays(session, "PrOpen")
    pull.check("unit", "failure", log="of the new one\n")

    assert "of the old one" not in work.hears(session, "of the new one")


def test_a_dismissed_review_and_checks_that_do_not_count(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    for name, conclusion in (("a", "neutral"), ("b", "skipped"), ("c", "success")):
        pull.check(name, conclusion)
    work.becomes(session, "CiPassing")
    said = pull.review("ann", "CHANGES_REQUESTED", "hm")
    work.becomes(session, "ChangesRequested")
    pull.dismiss(said)
    work.becomes(session, "CiPassing")
    pull.review("ann", "COMMENTED", "just a word")
    work.stays(session, "CiPassing")


def test_a_review_with_more_comments_than_fit_on_a_page_is_told_whole(work: Work) -> None:
    session = work.spawn()
    comments = [("a.py", line, f"remark-{line}.") for line in range(1, 121)]
    work.pull(session).review("ann", "CHANGES_REQUESTED", "many", comments)
    told = work.hears(session, "remark-120.")

    assert [line for line in range(1, 121) if f"remark-{line}." not in told] == []


def test_the_hundred_and_first_comment_of_a_bot_is_heard(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    for number in range(100):
        pull.comment("someone", f"talk {number}")
    work.becomes(session, "PrOpen")
    work.looked(2)
    pull.comment("lint", "a-bug-in-line-7", bot=True)
    work.hears(session, "a-bug-in-line-7")
    work.looked(4)
    pull.comment("lint", "and-in-line-8", bot=True)

    told = work.hears(session, "and-in-line-8")
    assert told.count("a-bug-in-line-7") == 1
    assert "talk 99" not in told


def test_two_sessions_of_one_repository_hear_of_their_own_alone(work: Work) -> None:
    one, other = work.spawn(branch="one"), work.spawn(branch="other")
    pulls = work.pull(one), work.pull(other)
    pulls[0].check("unit", "failure", log="boom-of-one\n")
    pulls[1].check("unit", "success")
    work.hears(one, "boom-of-one")
    work.becomes(other, "CiPassing")

    assert "boom-of-one" not in work.server.text(other["id"])
    assert work.session(one)["pr_number"] == pulls[0].number
    assert work.session(other)["pr_number"] == pulls[1].number


def test_a_pull_request_of_a_fork_with_the_same_branch_is_not_ours(work: Work) -> None:
    session = work.spawn(branch="shared")
    work.host.open_pull("shared", fork="stranger")

    work.stays(session, "Working")


def test_an_agent_that_has_failed_is_started_again_to_be_told(work: Work) -> None:
    session = work.spawn("failing")
    work.becomes(session, "Exited")
    work.pull(session).check("unit", "failure", log="boom\n")
    work.hears(session, f"heard {TELLS}")
    until(lambda: work.session(session)["activity"] == "Exited")
    work.stays(session, "CiFixSent")

    assert work.types(session).count("SessionRestored") == 1
    assert work.heard(session, TELLS) == 1


def test_a_session_that_is_done_is_moved_on_by_a_pull_request_found_later(work: Work) -> None:
    session = work.spawn("ending")
    work.becomes(session, "Done")
    pull = work.pull(session)
    work.becomes(session, "PrOpen")
    assert session["id"] in [one["id"] for one in work.server.data("GET", "/sessions")]
    pull.merge()
    work.becomes(session, "Merged")

    until(lambda: session["workspace_path"] not in work.server.worktrees())


def test_closed_unmerged_is_done_until_it_is_opened_again(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    work.becomes(session, "PrOpen")
    pull.close()
    work.becomes(session, "Done")
    work.until_event(session, "PrClosed")
    work.stays(session, "Done")
    pull.reopen()
    work.becomes(session, "PrOpen")
    pull.check("unit", "failure", log="boom\n")

    work.hears(session, TELLS)


def test_work_that_was_not_committed_outlives_a_merge(work: Work) -> None:
    session = work.spawn()
    (path := work.server.folder / session["workspace_path"] / "new.txt").write_text("not committed\n")
    work.pull(session).merge()
    work.becomes(session, "Merged")
    until(lambda: work.session(session)["activity"] == "Exited")
    time.sleep(1)

    assert path.read_text() == "not committed\n"
    assert work.session(session)["workspace_path"] == session["workspace_path"]
    path.unlink()


def test_an_old_merged_pull_request_of_the_branch_does_not_end_a_new_session(work: Work) -> None:
    git(work.server.repository, "branch", "feat-again")
    old = work.host.open_pull("feat-again")
    old.merge()
    time.sleep(1)  # GitHub's times are in whole seconds
    session = work.spawn(branch="feat-again")
    work.stays(session, "Working", looks=5)
    new = work.pull(session)

    assert work.becomes(session, "PrOpen")["pr_number"] == new.number


def test_a_killed_session_is_not_moved_by_its_pull_request(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    work.becomes(session, "PrOpen")
    assert work.server.data("DELETE", f"/sessions/{session['id']}") == "killed"
    pull.check("unit", "failure", log="boom\n")
    other = work.spawn()  # so that the host is looked at
    work.looked(3)

    assert work.session(session)["status"] == "Killed"
    assert work.session(other)["status"] == "Working"
    assert "SessionRestored" not in work.types(session)
