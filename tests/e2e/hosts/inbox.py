"""Who is told by the notifier `webhook`: a small server that keeps what it is given."""

from typing import Any, Self

from quart import Response, request
from quart_trio import QuartTrio

from .replies import Json
from .serving import Served


class Inbox:
    """Takes notices; `notices` are their bodies, `headers` what came with each."""

    def __init__(self) -> None:
        self.notices: list[Json] = []
        self.headers: list[dict[str, str]] = []
        app = QuartTrio("inbox")
        app.add_url_rule("/in", "in", self._take, methods=["POST"])
        self._served = Served(app)

    @property
    def url(self) -> str:
        """Where it takes them."""
        return f"{self._served.url}/in"

    def of(self, session_id: str, reaction: str | None = None) -> list[Json]:
        """Return what was told of a session, and of one of its reactions alone."""
        return [
            one
            for one in self.notices
            if one["session_id"] == session_id and reaction in (None, one["reaction"])
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._served.close()

    async def _take(self) -> Any:
        self.headers.append(dict(request.headers.items()))
        self.notices.append(await request.get_json())
        return Response("", 204)
