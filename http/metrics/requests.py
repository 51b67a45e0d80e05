"""How long requests take to be answered."""

import trio
from prometheus_client import CollectorRegistry, Histogram
from quart import Response, g, request
from quart_trio import QuartTrio

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_STREAM = "text/event-stream"


class RequestTimes:
    """Measures requests, by the rule of their route and never by their path: nobody can make up labels.

    Streams are left out, since how long one is open says nothing; so is a client that leaves before its
    answer. What matches no route has the route `none`, a method of somebody's own is `other`.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "ennio_http_request_duration_seconds",
            "How long requests took from their head until their answer was there; streams are left out.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=registry,
        )

    def watch(self, app: QuartTrio) -> None:
        """Measure the requests of `app` from now on. What was registered before this is not in it."""
        app.before_request(self._begun)
        app.after_request(self._answered)

    async def _begun(self) -> None:
        g.begun = trio.current_time()

    async def _answered(self, response: Response) -> Response:
        begun = g.get("begun")
        if begun is not None and response.mimetype != _STREAM:
            rule = request.url_rule
            self._seconds.labels(
                request.method if request.method in _METHODS else "other",
                rule.rule if rule else "none",
                response.status_code,
            ).observe(trio.current_time() - begun)
        return response
