"""The same at GitLab: a merge request from its opening to its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from accounts import until
from e2e.hosts import GitLab
from e2e.hosts.at_work import Work, at_work, project
from e2e.hosts.gitlab import Merge
from e2e.hosts.replies import Json

MERGE = "[projects.reactions.approved-and-green]\naction = 'auto_merge'"


@pytest.fixture(scope="module")
def gitlab() -> Iterator[GitLab]:
    with GitLab("group/sub", "app") as host:
        yield host


@pytest.fixture(scope="module")
def a_server(tmp_path_factory: pytest.TempPathFactory, gitlab: GitLab) -> Iterator[Work]:
    folder: Path = tmp_path_factory.mktemp("server")
    with at_work(
        folder, lambda _: [project(gitlab, "lab"), project(gitlab, "merging", "cat", MERGE)]
    ) as work:
        yield work


@pytest.fixture
def work(a_server: Work, gitlab: GitLab) -> Iterator[Work]:
    yield a_server
    a_server.clear()
    gitlab.heal()


def begun(work: Work, gitlab: GitLab, project_id: str = "lab") -> tuple[Json, Merge]:
    session = work.spawn(project_id)
    return session, gitlab.open_pull(session["branch"])


def test_a_merge_request_from_its_opening_to_its_end(work: Work, gitlab: GitLab) -> None:
    session, merge = begun(work, gitlab)
    assert work.becomes(session, "PrOpen")["pr_url"] == merge.url
    merge.draft()
    work.becomes(session, "PrDraft")
    merge.ready()
    merge.check("unit", None)
    work.becomes(session, "PrOpen")
    merge.check("unit", "failure", log="boom\n")
    work.hears(session, "boom")
    work.becomes(session, "CiFixSent")
    merge.push()
    merge.check("unit", "success")
    merge.check("may-fail", "failure", log="nobody minds\n", allow_failure=True)
    work.becomes(session, "CiPassing")
    merge.ask("ann")
    work.becomes(session, "ReviewPending")
    merge.review("ann", "CHANGES_REQUESTED", comments=[("src/a.py", 7, "why-so")])
    work.becomes(session, "ChangesRequested")
    assert "src/a.py:7" in work.hears(session, "why-so")
    merge.review("ann", "APPROVED")
    work.becomes(session, "Approved")
    merge.conflict()
    work.becomes(session, "MergeConflicts")
    merge.conflict(None)
    merge.conflict(False)
    work.becomes(session, "Approved")
    merge.merge()
    work.becomes(session, "Merged")

    until(lambda: session["workspace_path"] not in work.server.worktrees())
    assert "nobody minds" not in work.server.text(session["id"])


def test_that_no_approval_is_required_is_no_approval(work: Work, gitlab: GitLab) -> None:
    session, merge = begun(work, gitlab, "merging")
    merge.check("unit", "success")
    work.becomes(session, "CiPassing")
    before = len(gitlab.requests)
    until(lambda: len(gitlab.requests) > before + 10)
    assert merge.state == "opened"

    merge.review("ann", "APPROVED")
    work.becomes(session, "Merged")
    assert gitlab.count("/merge", 200)


def test_many_notes_a_bot_and_an_outage(work: Work, gitlab: GitLab) -> None:
    session, merge = begun(work, gitlab)
    for number in range(120):
        merge.comment("someone", f"talk {number}")
    merge.comment("lint", "a-bug-in-line-7", bot=True)
    work.hears(session, "a-bug-in-line-7")
    gitlab.fail(500)
    work.until_event(session, "CodeHostLost")
    gitlab.heal()
    merge.close()

    work.becomes(session, "Done", seconds=12)
    assert work.heard(session, "a-bug-in-line-7") == 1
