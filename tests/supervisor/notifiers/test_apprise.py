"""Notices by the real library apprise, which posts to a server on this machine from a thread."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from ennio.supervisor.errors import ConfigError, NotifierFailed
from ennio.supervisor.notifiers.apprise import AppriseNotifier
from ennio.supervisor.options import Options
from ennio.supervisor.records import Notice

# of the library's own imports, before Python 3.13
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def by_apprise(*urls: str, **more: Any) -> AppriseNotifier:
    return AppriseNotifier(Options({"urls": list(urls), **more}, "notifiers[0].config"))


class Lines(logging.Handler):
    """Keeps what reaches the log of the server, which pytest's own `caplog` hears before that."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hold that nothing is logged of a URL, whatever happens."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger().addHandler(lines := Lines())
    yield
    logging.getLogger().removeHandler(lines)
    ours = [line for line in lines.kept if not line.name.startswith("urllib3")]  # it does so to debug alone
    assert not [line for line in ours if line.name.startswith("apprise") or "s3cret" in line.getMessage()]


def json_url(server: Any, place: str = "s3cret") -> str:
    return f"json://127.0.0.1:{server.port}/{place}"


async def test_a_notice_is_given_to_each_service(server: Any, notice: Notice) -> None:
    notifier = by_apprise(json_url(server), json_url(server, "other"))
    await notifier.notify(notice)
    await notifier.aclose()
    assert {taken.target.rstrip("/") for taken in server.taken} == {"/s3cret", "/other"}
    for taken in server.taken:
        told = json.loads(taken.body)
        assert told["title"] == "CI fails & <fails>"
        assert told["message"] == f"{notice.text}\n{notice.url}"
        assert told["type"] == "warning"


@pytest.mark.parametrize(
    ("priority", "kind"),
    [("info", "info"), ("action", "info"), ("urgent", "warning"), ("critical", "failure")],
)
async def test_the_priority_is_the_type(server: Any, notice: Notice, priority: str, kind: str) -> None:
    await by_apprise(json_url(server)).notify(replace(notice, priority=priority))
    assert json.loads(server.taken[0].body)["type"] == kind


async def test_a_title_alone_is_enough(server: Any, notice: Notice) -> None:
    await by_apprise(json_url(server)).notify(replace(notice, text="", url=None))
    assert json.loads(server.taken[0].body)["message"] == notice.title


async def test_at_another_try_only_those_are_asked_that_did_not_take_it(server: Any, notice: Notice) -> None:
    server.answers = [(500, {}, b"")]
    notifier = by_apprise(json_url(server), json_url(server, "other"))
    with pytest.raises(NotifierFailed, match=r"could not deliver by JSON \(place \d\)$") as error:
        await notifier.notify(notice)
    assert not error.value.lasting
    failed = server.taken[0].target
    await notifier.notify(notice)
    assert [taken.target for taken in server.taken].count(failed) == 2
    assert len(server.taken) == 3
    await notifier.notify(replace(notice, id="n2"))
    assert len(server.taken) == 5


async def test_what_nobody_takes_is_remembered_for_a_while_only(server: Any, notice: Notice) -> None:
    notifier = by_apprise(json_url(server))
    for number in range(103):
        server.answers = [(500, {}, b"")]
        with pytest.raises(NotifierFailed):
            await notifier.notify(replace(notice, id=f"n{number}"))
    assert len(notifier._took) == 100


async def test_a_service_that_hangs_is_left_after_a_while(
    notice: Notice, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    notifier, release = by_apprise("json://x.example", "json://y.example"), threading.Event()
    monkeypatch.setattr(notifier._services[0][1], "notify", lambda **_: release.wait(60))
    monkeypatch.setattr(notifier._services[1][1], "notify", lambda **_: False)
    with pytest.raises(NotifierFailed, match=r"by JSON \(place 1\), JSON \(place 2\)$"):
        await notifier.notify(notice)
    assert trio.current_time() == pytest.approx(25)
    release.set()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "`notifiers[0].config.urls` must have at least one URL"),
        ({"urls": "json://s3cret"}, "must be a list"),
        ({"urls": ["json://x.example", "s3cret"]}, "has a URL at place 2 that apprise does not take"),
        ({"urls": ["nonsense://s3cret"]}, "has a URL at place 1"),
        ({"urls": ["slack://s3cret"]}, "has a URL at place 1"),
        ({"urls": ["json://x.example"], "url": "s3cret"}, "did you mean `urls`?"),
    ],
)
def test_options_that_are_wrong_are_refused_without_their_values(given: Any, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        AppriseNotifier(Options(given, "notifiers[0].config"))
    assert words in str(error.value)
    assert "s3cret" not in str(error.value)


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"`pip install 'ennio\[apprise\]'`"):
        by_apprise("json://x.example")
