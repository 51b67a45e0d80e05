"""The tests' own code hosts answer as the real ones do: other tests believe them."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from e2e.hosts import GitHub, GitLab


@pytest.fixture(scope="module")
def github() -> Iterator[GitHub]:
    with GitHub() as host:
        yield host


@pytest.fixture(scope="module")
def gitlab() -> Iterator[GitLab]:
    with GitLab() as host:
        yield host


@pytest.fixture
def hub(github: GitHub) -> Iterator[httpx2.Client]:
    github.heal()
    headers = {"Authorization": f"Bearer {github.token}"}
    with httpx2.Client(base_url=f"{github.url}/repos/o/r", headers=headers) as client:
        yield client


@pytest.fixture
def lab(gitlab: GitLab) -> Iterator[httpx2.Client]:
    gitlab.heal()
    headers = {"PRIVATE-TOKEN": gitlab.token}
    with httpx2.Client(base_url=f"{gitlab.url}/api/v4/projects/o%2Fr", headers=headers) as client:
        yield client


def said(answer: httpx2.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()


def test_comments_come_in_pages_with_links(github: GitHub, hub: httpx2.Client) -> None:
    pull = github.open_pull("paged")
    for number in range(101):
        pull.comment("someone", f"word {number}")
    path = f"/issues/{pull.number}/comments"

    usual, first = hub.get(path), hub.get(path, params={"per_page": 500})
    second = hub.get(first.links["next"]["url"])

    assert (len(usual.json()), len(first.json()), len(second.json())) == (30, 100, 1)
    assert first.links["last"]["url"].endswith("per_page=500&page=2")
    assert "next" not in second.links
    assert hub.get(f"/pulls/{pull.number}").json()["comments"] == 101


def test_what_has_not_changed_is_not_sent_and_costs_nothing(github: GitHub, hub: httpx2.Client) -> None:
    pull = github.open_pull("marked")
    first = hub.get("/pulls", params={"head": "o:marked", "state": "all"})
    mark = {"If-None-Match": first.headers["ETag"]}

    same = hub.get("/pulls", params={"head": "o:marked", "state": "all"}, headers=mark)
    pull.close()
    changed = hub.get("/pulls", params={"head": "o:marked", "state": "all"}, headers=mark)

    assert (same.status_code, same.content, changed.status_code) == (304, b"", 200)
    remaining = [int(one.headers["X-RateLimit-Remaining"]) for one in (first, same, changed)]
    assert remaining[0] == remaining[1] == remaining[2] + 1


def test_a_wrong_token_and_what_is_not_there_are_told_apart(github: GitHub, hub: httpx2.Client) -> None:
    wrong = hub.get("/issues", headers={"Authorization": "Bearer wrong"})

    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    for path in ("/issues/99999", "/pulls/99999", "/nothing", f"{github.url}/repos/o/other/issues"):
        answer = hub.get(path)
        assert (answer.status_code, answer.json()["message"]) == (404, "Not Found"), path
    assert httpx2.get(f"{github.url}/repos/o/r/issues").status_code == 404
    assert hub.get(f"/commits/{'0' * 40}/check-runs").status_code == 422


def test_a_pull_request_is_found_by_its_branch_also_among_forks(github: GitHub, hub: httpx2.Client) -> None:
    ours = github.open_pull("found")
    github.open_pull("found", fork="stranger")

    by_branch = hub.get("/pulls", params={"head": "o:found", "state": "all"}).json()

    assert [one["number"] for one in by_branch] == [ours.number]
    assert "mergeable" not in by_branch[0]
    assert len(hub.get("/pulls", params={"head": "found", "state": "all", "per_page": 100}).json()) > 1


def test_whether_it_can_be_merged_is_known_once_somebody_asked(github: GitHub, hub: httpx2.Client) -> None:
    pull = github.open_pull("mergeable")
    path = f"/pulls/{pull.number}"

    def words() -> tuple[bool | None, str]:
        shape = hub.get(path).json()
        return shape["mergeable"], shape["mergeable_state"]

    assert [words(), words()] == [(None, "unknown"), (True, "clean")]
    pull.push()
    pull.conflict()
    assert [words(), words()] == [(None, "unknown"), (False, "dirty")]


def test_checks_statuses_and_logs(github: GitHub, hub: httpx2.Client) -> None:
    pull = github.open_pull("checked")
    before = hub.get(f"/pulls/{pull.number}").json()["updated_at"]
    assert hub.get(f"/commits/{pull.head}/status").json()["state"] == "pending"
    pull.check("test", None)
    run = pull.check("test", "failure", log="it broke\n")
    pull.status("ci/else", "success")

    runs = hub.get(f"/commits/{pull.head}/check-runs").json()
    log = hub.get(f"/actions/jobs/{run.id}/logs")

    assert (runs["total_count"], runs["check_runs"][0]["conclusion"]) == (1, "failure")
    assert runs["check_runs"][0]["details_url"].endswith(f"/job/{run.id}")
    assert hub.get(f"/commits/{pull.head}/status").json()["state"] == "success"
    assert hub.get(f"/pulls/{pull.number}").json()["updated_at"] == before
    assert log.status_code == 302
    assert httpx2.get(log.headers["Location"]).text == "it broke\n"
    assert hub.get(log.headers["Location"]).status_code == 400


def test_reviews_are_in_order_and_answer_who_was_asked(github: GitHub, hub: httpx2.Client) -> None:
    pull = github.open_pull("reviewed")
    pull.ask("ann")
    assert [one["login"] for one in hub.get(f"/pulls/{pull.number}").json()["requested_reviewers"]] == ["ann"]
    first = pull.review("ann", "CHANGES_REQUESTED", "no", comments=[("a.py", 3, "why?")])
    pull.dismiss(first)
    pull.review("ann", "APPROVED")
    pull.comment("lint", "a bug", bot=True)

    shapes = hub.get(f"/pulls/{pull.number}/reviews").json()
    line = hub.get(f"/pulls/{pull.number}/comments").json()[0]
    remark = hub.get(f"/issues/{pull.number}/comments").json()[0]

    assert [one["state"] for one in shapes] == ["DISMISSED", "APPROVED"]
    assert (line["path"], line["line"], line["pull_request_review_id"]) == ("a.py", 3, first.id)
    assert (remark["user"]["login"], remark["user"]["type"]) == ("lint[bot]", "Bot")
    assert hub.get(f"/pulls/{pull.number}").json()["requested_reviewers"] == []


def test_only_the_commit_that_was_meant_is_merged(github: GitHub, hub: httpx2.Client) -> None:
    pull = github.open_pull("merged", draft=True)
    path, wish = f"/pulls/{pull.number}/merge", {"sha": pull.head, "merge_method": "squash"}
    assert hub.put(path, json=wish).status_code == 405
    pull.ready()
    pull.push()
    assert hub.put(path, json=wish).status_code == 409
    done = hub.put(path, json={"sha": pull.head, "merge_method": "squash"})

    assert (done.status_code, done.json()["merged"]) == (200, True)
    assert hub.put(path, json={"merge_method": "squash"}).status_code == 405
    assert hub.get(f"/pulls/{pull.number}").json()["merged"] is True


def test_what_it_does_when_it_is_unwell(github: GitHub, hub: httpx2.Client) -> None:
    github.fail(500, times=1)
    assert hub.get("/issues").status_code == 500
    github.truncate(times=1)
    with pytest.raises(json.JSONDecodeError):
        hub.get("/issues").json()
    github.throttle(1)
    refused = hub.get("/issues")
    assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert 0 < int(refused.headers["X-RateLimit-Reset"]) - time.time() <= 2
    github.down()
    with pytest.raises(httpx2.ConnectError):
        hub.get("/issues")
    github.up()
    assert hub.get("/issues").status_code == 200


def test_webhooks_are_signed_and_sent_again_as_they_were(hub: httpx2.Client) -> None:
    with GitHub() as sender, GitHub() as hearer:
        hooks = sender.webhook(f"{hearer.url}/hear", "s3cret")
        sender.open_pull("heard").check("test", "failure")
        hooks.replay()
        assert hooks.settle() == [404] * 3
        assert [one.event for one in hooks.deliveries] == ["ping", "pull_request", "check_run"]
        assert len(hooks.deliveries[-1].statuses) == 2
        last = hooks.deliveries[-1]
        right = hmac.new(b"s3cret", last.body, hashlib.sha256).hexdigest()
        assert last.headers["X-Hub-Signature-256"] == f"sha256={right}"
        assert json.loads(last.body)["check_run"]["pull_requests"][0]["head"]["ref"] == "heard"


def test_gitlab_has_pages_marks_and_rate_limits(gitlab: GitLab, lab: httpx2.Client) -> None:
    merge = gitlab.open_pull("paged")
    for number in range(30):
        merge.comment("someone", f"word {number}")

    first = lab.get(f"/merge_requests/{merge.iid}/notes")
    same = lab.get(f"/merge_requests/{merge.iid}/notes", headers={"If-None-Match": first.headers["ETag"]})

    assert (len(first.json()), first.json()[0]["body"]) == (20, "word 29")
    assert (first.headers["X-Total"], first.headers["X-Next-Page"], same.status_code) == ("30", "2", 304)
    assert len(lab.get(first.links["next"]["url"]).json()) == 10
    assert int(first.headers["RateLimit-Remaining"]) < 2000
    assert said(lab.get("/issues/999")) == (404, {"message": "404 Not found"})
    assert said(lab.get("/issues", headers={"PRIVATE-TOKEN": "wrong"})) == (
        401,
        {"message": "401 Unauthorized"},
    )
    assert lab.get(f"{gitlab.url}/api/v4/projects/o/r/issues").status_code == 404
    gitlab.throttle(1)
    assert lab.get("/issues").headers["Retry-After"] in {"1", "2"}


def test_gitlab_tells_of_approvals_jobs_and_merges(gitlab: GitLab, lab: httpx2.Client) -> None:
    merge = gitlab.open_pull("whole")
    path = f"/merge_requests/{merge.iid}"
    merge.ask("ann")
    assert lab.get(f"{path}/approvals").json()["approved"] is True
    assert lab.get(f"{path}/approvals").json()["approved_by"] == []
    assert lab.get(f"{path}/reviewers").json()[0]["state"] == "unreviewed"
    merge.review("ann", "APPROVED", comments=[("a.py", 3, "nice")])
    job = merge.check("test", "failure", log="it broke\n")

    line = lab.get(f"{path}/pipelines").json()[0]
    assert (line["sha"], line["status"]) == (merge.head, "failed")
    assert lab.get(f"/pipelines/{line['id']}/jobs").json()[0]["id"] == job.id
    assert lab.get(f"/jobs/{job.id}/trace").text == "it broke\n"
    assert lab.get(f"/repository/commits/{merge.head}/statuses").json()[0]["status"] == "failed"
    assert lab.get(f"{path}/notes").json()[0]["position"]["new_line"] == 3
    assert lab.put(f"{path}/merge", json={"sha": "0" * 40, "squash": True}).status_code == 409
    assert lab.put(f"{path}/merge", json={"sha": merge.head, "squash": True}).json()["state"] == "merged"
    issue = gitlab.issue(labels=["bug"])
    assert lab.put(f"/issues/{issue.iid}", json={"add_labels": "doing"}).json()["labels"] == ["bug", "doing"]
    assert lab.post(f"/issues/{issue.iid}/notes", json={"body": "begun"}).status_code == 201
