"""What GitHub sends by itself."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from canned_github import OURS, options

from ennio.supervisor.errors import Invalid
from ennio.supervisor.forges.github import GitHubPulls
from ennio.supervisor.protocols import Hooked
from ennio.supervisor.records import Hint

SECRET = "It's a Secret to Everybody"


@pytest.fixture
def pulls() -> GitHubPulls:
    return GitHubPulls(options(webhook_secret=SECRET))


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def hear(pulls: GitHubPulls, event: Any, **headers: str) -> Hint | None:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return pulls.hear({"X-Hub-Signature-256": signature(body)} | headers, body)


def hint(branches: str = "", numbers: tuple[int, ...] = (), commits: str = "") -> Hint:
    return Hint(frozenset(branches.split()), frozenset(numbers), frozenset(commits.split()))


def test_a_signature_is_what_githubs_own_example_says() -> None:
    body = b"Hello, World!"
    given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    with pytest.raises(Invalid, match="no JSON"):
        GitHubPulls(options(webhook_secret=SECRET)).hear({"x-hub-signature-256": given}, body)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": signature(b"other")},
        {"X-Hub-Signature-256": signature(b"{}", "another secret")},
        {"X-Hub-Signature-256": signature(b"{}").removeprefix("sha256=")},
        {"X-Hub-Signature-256": signature(b"{}").upper()},
        {"X-Hub-Signature-256": "sha256=\udc80é"},
        {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), b"{}", "sha1").hexdigest()},
    ],
)
def test_what_is_not_signed_with_the_secret_is_not_heard(pulls: GitHubPulls, headers: dict[str, str]) -> None:
    assert pulls.hear(headers, b"{}") is None


def test_without_a_secret_nothing_is_heard(pulls: GitHubPulls) -> None:
    body, deaf = b"{}", GitHubPulls(options())
    assert isinstance(pulls, Hooked)
    assert (pulls.kind, pulls.listens, deaf.listens) == ("github", True, False)
    assert deaf.hear({"X-Hub-Signature-256": signature(body, "")}, body) is None


def test_headers_are_looked_up_without_regard_to_case(pulls: GitHubPulls) -> None:
    event = {"repository": OURS, "ref": "refs/heads/b"}
    body = json.dumps(event).encode()
    for name in ("x-hub-signature-256", "X-HUB-SIGNATURE-256"):
        assert pulls.hear({name: signature(body)}, body) == hint("b")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"action": "synchronize", "pull_request": {"number": 7, "head": {"ref": "b", "sha": "c1"}}},
            hint("b", (7,), "c1"),
        ),
        (
            {
                "check_run": {
                    "head_sha": "c1",
                    "check_suite": {"head_branch": "b", "head_sha": "c1"},
                    "pull_requests": [{"number": 7}, {"number": 8}],
                }
            },
            hint("b", (7, 8), "c1"),
        ),
        (
            {"check_suite": {"head_branch": "b", "head_sha": "c1", "pull_requests": [{"number": 7}]}},
            hint("b", (7,), "c1"),
        ),
        ({"workflow_run": {"head_branch": "b", "head_sha": "c1", "pull_requests": []}}, hint("b", (), "c1")),
        ({"workflow_job": {"head_branch": "b", "head_sha": "c1"}}, hint("b", (), "c1")),
        ({"ref": "refs/heads/feature/x", "before": "c0", "after": "c1"}, hint("feature/x", (), "c1")),
        ({"ref": "refs/heads/b", "after": "0" * 40}, hint("b")),
        ({"ref": "refs/tags/v1", "after": "c1"}, hint("", (), "c1")),
        (
            {"sha": "c1", "state": "success", "branches": [{"name": "b"}, {"name": "d"}]},
            hint("b d", (), "c1"),
        ),
        ({"issue": {"number": 7, "pull_request": {"url": "..."}}, "comment": {}}, hint("", (7,))),
        ({"issue": {"number": 7}, "comment": {}}, hint()),
        ({"zen": "Keep it logically awesome."}, hint()),
        ({"pull_request": "odd", "check_run": [1], "branches": {"name": 1}, "ref": 5, "sha": None}, hint()),
        ({"pull_request": {"number": True, "head": {"ref": ["b"]}}}, hint()),
    ],
)
def test_a_hint_is_all_that_an_event_says_of_what_may_have_changed(
    pulls: GitHubPulls, event: dict[str, Any], expected: Hint
) -> None:
    assert hear(pulls, {**event, "repository": {"full_name": "O/R"}}) == expected


def test_what_is_signed_and_of_another_repository_is_not_ours(pulls: GitHubPulls) -> None:
    assert hear(pulls, {"repository": {"full_name": "o/other"}, "ref": "refs/heads/b"}) is None


def test_what_is_signed_and_of_no_repository_says_nothing(pulls: GitHubPulls) -> None:
    assert hear(pulls, {"zen": "Design for failure.", "organization": {"login": "o"}}) == Hint()


def test_a_hook_may_send_a_form(pulls: GitHubPulls) -> None:
    event = json.dumps({"repository": OURS, "ref": "refs/heads/b"})
    body = f"payload={quote_plus(event)}".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert hear(pulls, body, **form) == hint("b")
    with pytest.raises(Invalid):
        hear(pulls, b"other=1", **form)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b'{"a": \x00}'])
def test_garbage_that_is_signed_is_told_as_such(pulls: GitHubPulls, body: bytes) -> None:
    with pytest.raises(Invalid, match="signed"):
        hear(pulls, body)
