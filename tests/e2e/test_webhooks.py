"""Webhooks: news at once, only from who knows the secret, and never twice."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator

import httpx2
import pytest
from accounts import until
from e2e.hosts import GitHub, GitLab
from e2e.hosts.at_work import Work, configuration, project
from e2e.hosts.inbox import Inbox
from installed import running

SECRET, RARELY = "s3cret-of-the-webhook", 600
TELLS = "The checks of your pull request fail"


@pytest.fixture(scope="module")
def gitlab() -> Iterator[GitLab]:
    with GitLab() as host:
        yield host


@pytest.fixture(scope="module")
def a_server(tmp_path_factory: pytest.TempPathFactory, gitlab: GitLab) -> Iterator[Work]:
    """A server that looks so rarely that only a webhook can be why it knows of something."""
    with GitHub() as host, Inbox() as inbox:
        tables = [project(one, name, webhook_secret=SECRET) for one, name in ((host, "app"), (gitlab, "lab"))]
        config = configuration(*tables, inbox=inbox, poll=RARELY)
        with running(tmp_path_factory.mktemp("server"), config) as server:
            yield Work(server, host, inbox)


@pytest.fixture
def work(a_server: Work) -> Iterator[Work]:
    yield a_server
    if a_server.host.hooks:
        a_server.host.hooks.close()
        a_server.host.hooks = None
    a_server.clear()


def address(work: Work, kind: str = "github") -> str:
    return f"{work.server.url}/api/v1/webhooks/{kind}"


def sent(work: Work, body: bytes, event: str = "pull_request", **headers: str) -> httpx2.Response:
    return httpx2.post(
        address(work),
        content=body,
        headers={
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": "1",
            **headers,
        },
    )


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


def quiet(work: Work, seconds: float = 0.6) -> bool:
    """Tell whether the host is not asked anything for a while."""
    before = len(work.host.requests)
    time.sleep(seconds)
    return len(work.host.requests) == before


def test_what_happens_is_known_at_once(work: Work) -> None:
    session = work.spawn()
    hooks = work.host.webhook(address(work), SECRET)
    pull = work.pull(session)
    work.becomes(session, "PrOpen", seconds=3)
    pull.check("unit", "failure", log="boom\n")
    work.becomes(session, "CiFixSent", seconds=3)
    pull.push()
    pull.status("ci/other", "success")
    work.becomes(session, "CiPassing", seconds=3)
    pull.review("ann", "APPROVED")
    work.becomes(session, "Approved", seconds=3)
    pull.merge()
    work.becomes(session, "Merged", seconds=3)

    assert all(200 <= status < 300 for status in hooks.settle())


def test_a_delivery_that_comes_again_tells_nothing_again(work: Work) -> None:
    session = work.spawn()
    hooks = work.host.webhook(address(work), SECRET)
    work.pull(session).check("unit", "failure", log="boom\n")
    work.hears(session, "boom")
    hooks.settle()
    happened = work.news(session)
    hooks.replay(*hooks.deliveries, *hooks.deliveries)
    assert all(200 <= status < 300 for status in hooks.settle())
    time.sleep(0.5)

    assert work.news(session) == happened
    assert work.heard(session, TELLS) == 1


def test_who_does_not_know_the_secret_changes_nothing_and_costs_nothing(work: Work) -> None:
    session = work.spawn()
    pull = work.pull(session)
    until(lambda: quiet(work))
    payload = {"action": "opened", "number": pull.number, "repository": {"full_name": "o/r"}}
    shape = {"number": pull.number, "head": {"ref": session["branch"], "sha": pull.head}}
    body = json.dumps({**payload, "pull_request": shape}).encode()
    right = signature(body)["X-Hub-Signature-256"]
    forged = [
        {}, signature(body, "wrong"), signature(b"else"), {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="}, {"X-Hub-Signature-256": right.removeprefix("sha256=")},
        {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()},
        {"X-Gitlab-Token": SECRET},
    ]  # fmt: skip
    answers = [sent(work, body, **headers) for headers in forged]

    assert {one.status_code for one in answers} <= {401, 403, 404}, [one.text for one in answers]
    assert all(one.json()["code"] == one.status_code for one in answers)
    assert quiet(work)
    assert work.session(session)["status"] == "Working"
    assert sent(work, body, **signature(body)).is_success
    work.becomes(session, "PrOpen", seconds=3)


def test_words_of_another_repository_or_of_nothing_that_matters_are_taken_and_forgotten(work: Work) -> None:
    session = work.spawn()
    until(lambda: quiet(work))
    for event, payload in (
        ("ping", {"zen": "Speak like a human."}),
        ("star", {"action": "created"}),
        (
            "pull_request",
            {"number": 1, "pull_request": {"head": {"ref": "nobody-s-branch", "sha": "0" * 40}}},
        ),
    ):
        body = json.dumps({**payload, "repository": {"full_name": "o/r"}}).encode()
        assert sent(work, body, event, **signature(body)).is_success, event
    assert quiet(work)
    assert work.session(session)["status"] == "Working"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"pull_request": 3}', b"\xff\xfe"])
def test_garbage_that_is_signed_is_no_reason_to_fail(work: Work, body: bytes) -> None:
    answer = sent(work, body, **signature(body))

    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert work.server.data("GET", "/health") == "ok"


def test_a_host_that_nobody_has_is_a_404_and_too_much_is_a_413(work: Work) -> None:
    assert httpx2.post(address(work, "bitbucket"), json={}).status_code == 404
    body = json.dumps({"filler": "x" * (26 << 20)}).encode()
    assert sent(work, body, **signature(body)).status_code == 413
    assert SECRET not in work.server.log.read_text()


def test_gitlab_sends_word_too(work: Work, gitlab: GitLab) -> None:
    session = work.spawn("lab")
    hooks = gitlab.webhook(address(work, "gitlab"), SECRET)
    merge = gitlab.open_pull(session["branch"])
    work.becomes(session, "PrOpen", seconds=3)
    merge.check("unit", "failure", log="boom\n")
    work.becomes(session, "CiFixSent", seconds=3)
    merge.merge()
    work.becomes(session, "Merged", seconds=3)
    assert all(200 <= status < 300 for status in hooks.settle())
    hooks.close()
    gitlab.hooks = None
    forged = {"X-Gitlab-Event": "Merge Request Hook", "X-Gitlab-Token": "wrong"}

    assert httpx2.post(address(work, "gitlab"), json={}, headers=forged).status_code in {401, 403, 404}
