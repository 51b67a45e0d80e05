"""HTTP/1.1 as h11 reads it, and a little stricter: what two parsers could read in two ways is refused."""

import re
from typing import Any

import h11

_FRAMING = {b"content-length", b"transfer-encoding"}
_SCREEN = re.compile(rb"/api/v1/sessions/[A-Za-z0-9_-]{1,64}/screen")
_UPGRADE = {b"upgrade", b"http2-settings"}


class StrictConnection(h11.Connection):
    """The server's side of one connection.

    An offer to change the protocol (h2c, WebSocket) is overlooked, which RFC 9110, 7.8 allows: nothing
    but HTTP/1.1 is spoken here, and WebSocket at the screens of agents.
    """

    asks_only = False
    """Whether the request in progress changes nothing. Then a client that sends no more still gets its
    answer; otherwise it may have hung up, and what it asked for is undone."""

    def next_event(self) -> Any:
        """Return the next event, or raise `h11.RemoteProtocolError` for a request that is refused unread."""
        event = super().next_event()
        if not isinstance(event, h11.Request):
            return event
        _refuse_ambiguity(event)
        self.asks_only = event.method in {b"GET", b"HEAD"}
        return _without_upgrade(event)

    def start_next_cycle(self) -> None:
        """Be ready for the next request."""
        super().start_next_cycle()
        self.asks_only = False


def _refuse_ambiguity(request: h11.Request) -> None:
    framing = _FRAMING.intersection(name for name, _ in request.headers)
    if len(framing) > 1 or (framing and request.http_version == b"1.0" and b"transfer-encoding" in framing):
        raise h11.RemoteProtocolError("the body's length is given twice (RFC 9112, 6.3)")
    if request.http_version not in {b"1.0", b"1.1"}:
        raise h11.RemoteProtocolError("HTTP/2 is not spoken here")
    if not request.target.startswith(b"/") and (request.method, request.target) != (b"OPTIONS", b"*"):
        raise h11.RemoteProtocolError("the request's target must be a path")


def _without_upgrade(request: h11.Request) -> h11.Request:
    if _UPGRADE.isdisjoint(name for name, _ in request.headers):
        return request
    offers = [value.lower() for name, value in request.headers if name in _UPGRADE]
    if offers == [b"websocket"] and _SCREEN.fullmatch(request.target):
        return request
    return h11.Request(
        method=request.method,
        target=request.target,
        http_version=request.http_version,
        headers=[(name, value) for name, value in request.headers if name not in _UPGRADE],
    )
