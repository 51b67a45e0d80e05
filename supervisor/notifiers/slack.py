"""Notices in a channel of Slack, by an incoming webhook.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks for what is sent and answered,
https://docs.slack.dev/reference/block-kit/blocks for the limits, and
https://docs.slack.dev/messaging/formatting-message-text for what has to be escaped.
"""

import json
import re
from typing import Any
from urllib.parse import quote

import httpx2

from ..options import Options
from ..records import Notice
from .posting import Destination, url_of

_HEADER, _SECTION = 150, 3000
"""Characters that the text of such a block may have."""
_SHORT = 300
"""Characters of what a pop-up shows, and of each part of the context."""
_WORD = re.compile(rb"[a-z][a-z_]{1,59}")


class SlackNotifier:
    """Posts each notice to `url`, an incoming webhook: whoever has that URL can post, so it is a secret."""

    def __init__(self, options: Options, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        url = url_of(options)
        options.done()
        self._destination = Destination(url, transport)

    async def notify(self, notice: Notice) -> None:
        """Post it. Raises `NotifierFailed` with Slack's own word (`no_service`) unless Slack took it."""
        content = json.dumps(message_of(notice), separators=(",", ":")).encode()
        await self._destination.post(content, {"Content-Type": "application/json"}, _word)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._destination.aclose()


def message_of(notice: Notice) -> dict[str, Any]:
    """Return a notice as a message of Slack's.

    Nobody is called by it: what outsiders wrote (`<!channel>`, `@here`) stays plain text. A link takes the
    place of a button, for whose click Slack would ask us.
    """
    place = f"{notice.session_id} in {notice.project_id}"
    context = [_mrkdwn(escaped(part, _SHORT)) for part in (place, f"{notice.reaction}, {notice.priority}")]
    if notice.url is not None and (link := _link(notice.url)):
        context.append(_mrkdwn(link))
    title = cut(notice.title.strip() or notice.reaction, _HEADER)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}},
        {"type": "context", "elements": context},
    ]
    if notice.text.strip():
        blocks.insert(1, {"type": "section", "text": _mrkdwn(escaped(notice.text, _SECTION))})
    return {"text": escaped(title, _SHORT), "blocks": blocks}


def escaped(text: str, most: int) -> str:
    """Return text with `&`, `<` and `>` escaped, cut to so many characters; no escape is cut through."""
    whole = _escape(text)
    if len(whole) <= most:
        return whole
    room, kept = most - 1, []
    for sign in text:
        room -= len(_escape(sign))
        if room < 0:
            break
        kept.append(sign)
    return _escape("".join(kept)) + "…"


def cut(text: str, most: int) -> str:
    """Return text of at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _link(url: str) -> str | None:
    """Return a link, or None for a URL too long for one: half of it would lead elsewhere."""
    link = f"<{_escape(quote(url, safe=_IN_URLS))}|Open>"
    return link if len(link) <= _SECTION else None


_IN_URLS = ":/?#[]@!$&'()*+,;=%-._~"
"""What RFC 3986 lets stand in a URL as it is; `|`, `<` and `>` would end the link."""


def _word(said: bytes) -> str:
    """Return the word by which Slack says what is wrong; whatever else answers may echo the URL."""
    return said.strip().decode() if _WORD.fullmatch(said.strip()) else ""
