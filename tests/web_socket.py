"""A WebSocket by hand, for tests of what the server says on one."""

import base64
import json
import socket
from typing import Any
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import Event, Request, TextMessage


class WebSocket:
    """One connection to `path` of a server; `token` goes as the page sends it."""

    def __init__(self, url: str, path: str, token: str | None = None, origin: str | None = None) -> None:
        place = urlsplit(url)
        assert place.hostname
        self._socket = socket.create_connection((place.hostname, place.port))
        self._socket.settimeout(10)
        self._protocol, self._events = WSConnection(ConnectionType.CLIENT), list[Event]()
        offered = ["ennio"]
        if token is not None:
            offered.append("ennio.token." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("="))
        headers = [(b"Origin", origin.encode())] if origin else []
        asked = Request(host=place.netloc, target=path, subprotocols=offered, extra_headers=headers)
        self._socket.sendall(self._protocol.send(asked))

    def __enter__(self) -> "WebSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def next(self) -> Event:
        """Wait for what comes next."""
        while not self._events:
            data = self._socket.recv(65536)
            self._protocol.receive_data(data or None)
            self._events += self._protocol.events()
        return self._events.pop(0)

    def message(self) -> Any:
        """Wait for a message and return what its JSON says."""
        text = ""
        while True:
            event = self.next()
            assert isinstance(event, TextMessage), event
            text += event.data
            if event.message_finished:
                return json.loads(text)

    def send(self, content: Any) -> None:
        """Send JSON."""
        self._socket.sendall(self._protocol.send(TextMessage(data=json.dumps(content))))
