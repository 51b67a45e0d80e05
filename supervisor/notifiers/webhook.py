"""Notices as JSON, posted to a URL of the operator's own."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC

import httpx2

from ..options import Options
from ..records import Notice
from .posting import Destination, url_of

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
"""Of a header (RFC 9110, 5.1 and 5.5), in ASCII."""
_OURS = frozenset({"content-type", "content-length", "transfer-encoding"})


class WebhookNotifier:
    """Posts each notice to `url`, with the header Ennio-Notice-Id: the same at each try of one notice.

    With a `secret` there is `Ennio-Signature-256: sha256=HEX`, the HMAC-SHA256 of the body as it was sent
    (RFC 2104). `headers` are sent besides.
    """

    def __init__(self, options: Options, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        url, secret = url_of(options), options.text("secret")
        self._headers = _checked(options)
        options.done()
        self._secret = secret.encode() if secret is not None else None
        self._destination = Destination(url, transport)

    async def notify(self, notice: Notice) -> None:
        """Post it. Raises `NotifierFailed` unless a 2xx was answered."""
        content = body_of(notice)
        headers = {**self._headers, "Content-Type": "application/json", "Ennio-Notice-Id": notice.id}
        if self._secret is not None:
            headers["Ennio-Signature-256"] = signature(self._secret, content)
        await self._destination.post(content, headers)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._destination.aclose()


def body_of(notice: Notice) -> bytes:
    """Return a notice as the JSON that is posted."""
    told = {
        "id": notice.id,
        "session_id": notice.session_id,
        "project_id": notice.project_id,
        "reaction": notice.reaction,
        "priority": notice.priority,
        "title": notice.title,
        "text": notice.text,
        "url": notice.url,
        "escalated": notice.escalated,
        "timestamp": notice.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    return json.dumps(told, separators=(",", ":")).encode()


def signature(secret: bytes, content: bytes) -> str:
    """Return what the header Ennio-Signature-256 says of this body."""
    return f"sha256={hmac.new(secret, content, hashlib.sha256).hexdigest()}"


def _checked(options: Options) -> Mapping[str, str]:
    headers = options.table("headers")
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise options.wrong("headers", "has a name that no header can have")
        if name.lower() in _OURS or name.lower().startswith("ennio-"):
            raise options.wrong("headers", f"must not have {name}, which ennio sets itself")
        if not _VALUE.fullmatch(value):
            raise options.wrong("headers", f"has a value for {name} that is not printable ASCII on one line")
    if len({name.lower() for name in headers}) < len(headers):
        raise options.wrong("headers", "has one header twice, in capitals and without")
    return headers
