"""What GitLab's webhooks say has changed, and whom they are believed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from canned_gitlab import HEAD, OLD, OPTIONS, Host, merge_request

from ennio.supervisor.errors import Invalid
from ennio.supervisor.forges.gitlab import GitLabMergeRequests
from ennio.supervisor.options import Options
from ennio.supervisor.protocols import Hooked
from ennio.supervisor.records import Hint, Sought

PROVED = {"X-Gitlab-Token": "hush", "X-Gitlab-Event": "Some Hook"}
OURS = {"id": 3, "path_with_namespace": "group/Sub/repo"}
REQUEST = {"iid": 7, "source_branch": "feat", "last_commit": {"id": HEAD}}


def body(kind: str, **more: Any) -> bytes:
    return json.dumps({"object_kind": kind, "project": OURS, **more}).encode()


@pytest.mark.parametrize(
    ("kind", "more", "hint"),
    [
        (
            "push",
            {"ref": "refs/heads/feat/one", "before": OLD, "after": HEAD},
            Hint(branches=frozenset({"feat/one"}), commits=frozenset({HEAD})),
        ),
        ("push", {"ref": "refs/heads/feat", "after": "0" * 40}, Hint(branches=frozenset({"feat"}))),
        (
            "merge_request",
            {"object_attributes": REQUEST},
            Hint(frozenset({"feat"}), frozenset({7}), frozenset({HEAD})),
        ),
        (
            "note",
            {"object_attributes": {"note": "Hm"}, "merge_request": REQUEST},
            Hint(frozenset({"feat"}), frozenset({7}), frozenset({HEAD})),
        ),
        ("note", {"object_attributes": {}, "commit": {"id": OLD}}, Hint(commits=frozenset({OLD}))),
        ("note", {"object_attributes": {}, "issue": {"iid": 7}}, Hint()),
        (
            "pipeline",
            {"object_attributes": {"ref": "feat", "sha": HEAD}, "merge_request": None},
            Hint(branches=frozenset({"feat"}), commits=frozenset({HEAD})),
        ),
        (
            "pipeline",
            {
                "object_attributes": {"ref": "refs/merge-requests/7/merge", "sha": OLD},
                "merge_request": {"iid": 7, "source_branch": "feat"},
            },
            Hint(frozenset({"feat"}), frozenset({7}), frozenset({OLD})),
        ),
        ("build", {"ref": "feat", "sha": HEAD}, Hint(frozenset({"feat"}), commits=frozenset({HEAD}))),
        ("tag_push", {"ref": "refs/tags/v1"}, Hint()),
    ],
)
async def test_each_kind_of_word_names_what_it_is_about(
    scm: GitLabMergeRequests, kind: str, more: dict[str, Any], hint: Hint
) -> None:
    assert scm.hear(PROVED, body(kind, **more)) == hint


@pytest.mark.parametrize(
    "headers", [{}, {"X-Gitlab-Token": "hushh"}, {"X-Gitlab-Token": ""}, {"x-gitlab-token": "hüsh"}]
)
async def test_without_the_secret_nothing_is_heard(scm: GitLabMergeRequests, headers: dict[str, str]) -> None:
    assert scm.hear(headers, body("push", ref="refs/heads/feat")) is None
    assert scm.hear(headers, b"not even JSON") is None


async def test_headers_have_no_case(scm: GitLabMergeRequests) -> None:
    assert scm.hear({"x-gitlab-TOKEN": "hush"}, body("tag_push")) == Hint()


@pytest.mark.parametrize(
    "project", [{"id": 4, "path_with_namespace": "group/other"}, {"path_with_namespace": "x"}, None]
)
async def test_another_project_s_word_is_not_for_us(scm: GitLabMergeRequests, project: Any) -> None:
    assert scm.hear(PROVED, body("push", ref="refs/heads/feat", project=project)) is None


async def test_a_word_without_a_path_is_ours_by_the_number_that_was_seen(
    host: Host, scm: GitLabMergeRequests
) -> None:
    word = body("build", project=None, project_id=3, ref="feat", sha=HEAD)
    assert scm.hear(PROVED, word) is None
    host.has(merge_request(7))
    await scm.look(Sought("feat", datetime(2026, 1, 1, tzinfo=UTC)), thorough=False)
    assert scm.hear(PROVED, word) == Hint(frozenset({"feat"}), commits=frozenset({HEAD}))


def test_a_project_by_number_is_known_by_it() -> None:
    given = {**OPTIONS, "project": "3", "webhook_secret": "hush"}
    scm = GitLabMergeRequests(Options(given, "config"))
    assert scm.hear(PROVED, body("tag_push")) == Hint()
    assert scm.hear(PROVED, body("tag_push", project={"id": 4})) is None


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        body("push", ref=5),
        body("merge_request", object_attributes={"iid": "7"}),
        body("pipeline", object_attributes=[1]),
    ],
)
async def test_a_proved_word_that_makes_no_sense_is_refused(scm: GitLabMergeRequests, sent: bytes) -> None:
    with pytest.raises(Invalid, match="what was sent for gitlab group/sub/repo"):
        scm.hear(PROVED, sent)


async def test_without_a_secret_configured_it_does_not_listen(scm: GitLabMergeRequests) -> None:
    deaf = GitLabMergeRequests(Options(OPTIONS, "config"))
    assert isinstance(deaf, Hooked)
    assert (scm.kind, scm.listens, deaf.listens) == ("gitlab", True, False)
    assert deaf.hear(PROVED, body("tag_push")) is None
