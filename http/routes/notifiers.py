"""Notifiers over HTTP: which there are, and whether one works."""

import trio
from quart import Blueprint, Response

from ennio.supervisor import DeadlineExceeded, Supervisor

from ..requests import asked
from ..responses import data, views
from ..views import NotifierView

LONGEST_TEST = 30.0
"""Seconds that a test may take."""


def notifiers(supervisor: Supervisor) -> Blueprint:
    """Return the routes by which notifiers are seen and tested."""
    routes = Blueprint("notifiers", __name__, url_prefix="/api/v1")

    @routes.get("/notifiers")
    async def list_notifiers() -> Response:
        configured = supervisor.notifiers().items()
        return views(NotifierView(name=name, plugin=notifier.plugin) for name, notifier in configured)

    @routes.post("/notifiers/<name>/test")
    async def test(name: str) -> Response:
        seconds = asked.timeout(LONGEST_TEST)
        with trio.move_on_after(seconds):
            await supervisor.test_notifier(name)
            return data("sent")
        raise DeadlineExceeded(f"testing the notifier {name} took longer than {seconds:g} s")

    return routes
