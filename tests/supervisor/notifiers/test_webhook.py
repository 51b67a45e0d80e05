"""Notices as JSON, posted to a real server on this machine."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ennio.supervisor.errors import ConfigError
from ennio.supervisor.notifiers.webhook import WebhookNotifier, body_of, signature
from ennio.supervisor.options import Options
from ennio.supervisor.records import Notice

WHERE = "notifiers[0].config"


def webhook(**given: Any) -> WebhookNotifier:
    return WebhookNotifier(Options(given, WHERE))


async def test_a_notice_is_posted_as_json(server: Any, notice: Notice) -> None:
    notifier = webhook(url=f"{server.url}/hooks/ennio/?key=s3cret")
    await notifier.notify(notice)
    await notifier.aclose()
    (taken,) = server.taken
    assert (taken.method, taken.target) == ("POST", "/hooks/ennio/?key=s3cret")
    assert json.loads(taken.body) == {
        "id": "0192-n1",
        "session_id": "app-1",
        "project_id": "app",
        "reaction": "ci-failed",
        "priority": "urgent",
        "title": "CI fails & <fails>",
        "text": "The check `unit` failed:\nüber <!channel> & more",
        "url": "https://github.com/o/r/pull/7?a=1&b=2",
        "escalated": True,
        "timestamp": "2026-01-02T03:04:05Z",
    }
    assert taken.headers["content-type"] == "application/json"
    assert taken.headers["ennio-notice-id"] == "0192-n1"
    assert "ennio-signature-256" not in taken.headers


async def test_with_a_secret_the_body_is_signed_as_it_was_sent(server: Any, notice: Notice) -> None:
    notifier = webhook(url=server.url, secret="geheim über", headers={"X-Team": "ops, and others"})
    await notifier.notify(notice)
    await notifier.aclose()
    (taken,) = server.taken
    expected = hmac.new("geheim über".encode(), taken.body, hashlib.sha256).hexdigest()
    assert taken.headers["ennio-signature-256"] == f"sha256={expected}"
    assert taken.headers["x-team"] == "ops, and others"


def test_the_signature_is_that_of_the_rfc() -> None:
    # RFC 4231, test case 2
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert signature(b"Jefe", b"what do ya want for nothing?") == f"sha256={known}"


def test_moments_are_told_in_utc(notice: Notice) -> None:
    there = datetime(2026, 1, 2, 5, 4, 5, 600, tzinfo=timezone(timedelta(hours=2)))
    assert json.loads(body_of(replace(notice, at=there)))["timestamp"] == "2026-01-02T03:04:05.000600Z"


def test_half_a_character_does_not_keep_a_notice_back(notice: Notice) -> None:
    assert json.loads(body_of(replace(notice, text="\ud83d")))["text"] == "\ud83d"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "`notifiers[0].config.url` is missing"),
        ({"url": "ftp://x.example/s3cret"}, "must be a URL that begins with http:// or https://"),
        ({"url": "https://" + "ä" * 70 + ".example/s3cret"}, "is a URL that cannot be used"),
        ({"url": "https://x.example", "secret": ""}, "`notifiers[0].config.secret` must not be blank"),
        ({"url": "https://x.example", "header": {}}, "did you mean `headers`?"),
        ({"url": "https://x.example", "headers": {"content-type": "s3cret"}}, "must not have content-type"),
        ({"url": "https://x.example", "headers": {"Ennio-Notice-Id": "1"}}, "which ennio sets itself"),
        ({"url": "https://x.example", "headers": {"a b": "s3cret"}}, "a name that no header can have"),
        ({"url": "https://x.example", "headers": {"A": "s3cret\r\nB: 1"}}, "a value for A that is not"),
        ({"url": "https://x.example", "headers": {"A": "1", "a": "2"}}, "one header twice"),
    ],
)
def test_options_that_are_wrong_are_refused_without_their_values(given: Any, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        webhook(**given)
    assert words in str(error.value)
    assert "s3cret" not in str(error.value)
