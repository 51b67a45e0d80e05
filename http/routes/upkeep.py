"""Upkeep over HTTP: forgetting what ended long ago."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from quart import Blueprint, Response

from ennio.supervisor import Config, Supervisor

from ..requests import asked
from ..requests.bodies import PruneBody, read_as
from ..requests.strict_json import parse
from ..responses import view
from ..views import PrunedView


def upkeep(supervisor: Supervisor, config: Config) -> Blueprint:
    """Return the route by which ended sessions are forgotten."""
    routes = Blueprint("upkeep", __name__, url_prefix="/api/v1")

    @routes.post("/prune")
    async def prune() -> Response:
        content = await asked.body(optional=True)
        wanted = read_as(PruneBody, parse(content) if content else {})
        pruned = await supervisor.prune(_days_ago(wanted.days_or(config.retention_days)))
        return view(PrunedView(pruned=list(pruned.gone), kept=list(pruned.kept)))

    return routes


def _days_ago(days: float) -> datetime:
    """Return that moment, or the first one of the calendar when it would lie before it."""
    with suppress(OverflowError):
        return datetime.now(UTC) - timedelta(days=days)
    return datetime.min.replace(tzinfo=UTC)
