"""Notices as messages of Slack's, posted to a stand-in for its incoming webhooks."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ennio.supervisor.errors import ConfigError, NotifierFailed
from ennio.supervisor.notifiers.slack import SlackNotifier, escaped, message_of
from ennio.supervisor.options import Options
from ennio.supervisor.records import Notice


def slack(**given: Any) -> SlackNotifier:
    return SlackNotifier(Options(given, "notifiers[0].config"))


async def test_a_notice_becomes_a_message_in_blocks(server: Any, notice: Notice) -> None:
    notifier = slack(url=f"{server.url}/services/T0/B0/s3cret")
    await notifier.notify(notice)
    await notifier.aclose()
    (taken,) = server.taken
    assert (taken.method, taken.target) == ("POST", "/services/T0/B0/s3cret")
    assert taken.headers["content-type"] == "application/json"
    header, section, context = json.loads(taken.body)["blocks"]
    assert header == {
        "type": "header",
        "text": {"type": "plain_text", "text": "CI fails & <fails>", "emoji": False},
    }
    assert section == {
        "type": "section",
        "text": {
            "type": "mrkdwn",
            "text": "The check `unit` failed:\nüber &lt;!channel&gt; &amp; more",
            "verbatim": True,
        },
    }
    assert context["type"] == "context"
    assert [element["text"] for element in context["elements"]] == [
        "app-1 in app",
        "ci-failed, urgent",
        "<https://github.com/o/r/pull/7?a=1&amp;b=2|Open>",
    ]
    assert json.loads(taken.body)["text"] == "CI fails &amp; &lt;fails&gt;"


def test_without_text_and_url_there_is_neither_section_nor_link(notice: Notice) -> None:
    message = message_of(replace(notice, text=" \n", url=None))
    assert [block["type"] for block in message["blocks"]] == ["header", "context"]
    assert len(message["blocks"][1]["elements"]) == 2


def test_whatever_is_told_keeps_within_the_limits(notice: Notice) -> None:
    long = "<&>" * 5000
    message = message_of(
        replace(notice, title=long, text=long, reaction=long, url="https://x.example/" + "a" * 5000)
    )
    header, section, context = message["blocks"]
    assert len(header["text"]["text"]) == 150
    assert 2990 < len(section["text"]["text"]) <= 3000
    assert all(len(element["text"]) <= 300 for element in context["elements"])
    assert len(context["elements"]) == 2, "a link too long for Slack is left out"
    assert len(message["text"]) <= 300


def test_a_blank_title_is_none(notice: Notice) -> None:
    assert message_of(replace(notice, title="  "))["blocks"][0]["text"]["text"] == "ci-failed"


def test_a_link_cannot_be_ended_from_within(notice: Notice) -> None:
    message = message_of(replace(notice, url="https://x.example/a|b>c<!here> d/%C3%BC"))
    link = message["blocks"][2]["elements"][2]["text"]
    assert link == "<https://x.example/a%7Cb%3Ec%3C!here%3E%20d/%C3%BC|Open>"


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a&b", 7, "a&amp;b"),
        ("a&b", 6, "a…"),
        ("&&&", 11, "&amp;&amp;…"),
    ],
)
def test_no_escape_is_cut_through(text: str, most: int, cut: str) -> None:
    assert escaped(text, most) == cut
    assert len(cut) <= most


@pytest.mark.parametrize(
    ("status", "word"),
    [(400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service"), (410, "channel_is_archived")],
)
async def test_what_slack_will_not_take_is_told_in_its_word(
    server: Any, notice: Notice, status: int, word: str
) -> None:
    server.answers = [(status, {}, word.encode())]
    notifier = slack(url=f"{server.url}/s3cret")
    with pytest.raises(NotifierFailed, match=f"127.0.0.1 answered {status} .*: {word}$") as error:
        await notifier.notify(notice)
    assert error.value.lasting
    await notifier.aclose()


async def test_what_only_looks_like_slack_is_not_quoted(server: Any, notice: Notice) -> None:
    server.answers = [(404, {}, b"Cannot POST /s3cret")]
    notifier = slack(url=f"{server.url}/s3cret")
    with pytest.raises(NotifierFailed, match=r"answered 404 \(Not Found\)$"):
        await notifier.notify(notice)
    await notifier.aclose()


async def test_a_limit_of_slacks_passes(server: Any, notice: Notice) -> None:
    server.answers = [(429, {"Retry-After": "30"}, b""), (500, {}, b"rollup_error")]
    notifier = slack(url=server.url)
    for seconds in (30, None):
        with pytest.raises(NotifierFailed) as error:
            await notifier.notify(notice)
        assert (error.value.lasting, error.value.seconds) == (False, seconds)
    await notifier.aclose()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "url` is missing"),
        ({"url": "hooks.slack.com/s3cret"}, "must be a URL"),
        ({"url": "https://hooks.slack.com/services/s3cret", "channel": "x"}, "`.*channel` is no key here"),
    ],
)
def test_options_that_are_wrong_are_refused_without_their_values(given: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as error:
        slack(**given)
    assert "s3cret" not in str(error.value)
