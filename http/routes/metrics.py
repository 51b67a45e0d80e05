"""The metrics over HTTP."""

from quart import Blueprint, Response

from ..metrics import Metrics
from ..metrics.exposition import CONTENT_TYPE


def metrics(measured: Metrics) -> Blueprint:
    """Return the route that Prometheus asks."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    async def show() -> Response:
        return Response(await measured.text(), content_type=CONTENT_TYPE)

    return routes
