"""The application: every route behind one gate, every error in one shape."""

import structlog
from quart_trio import QuartTrio

from ennio.supervisor import Config, Supervisor

from .connections.asgi import answer_after_body, logged
from .errors import register_errors
from .requests.access import guard
from .requests.asked import LARGEST_BODY
from .routes.projects import projects
from .routes.sessions import sessions
from .routes.system import system
from .routes.upkeep import upkeep

SLOWEST_BODY = 30
"""Seconds that a request's body may take to arrive."""


def create_app(supervisor: Supervisor, config: Config) -> QuartTrio:
    """Return the front of `supervisor`: an ASGI application that turns calls into its methods."""
    app = QuartTrio(__name__, static_folder=None)
    app.url_map.merge_slashes = app.url_map.redirect_defaults = False
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        BODY_TIMEOUT=SLOWEST_BODY,
        RESPONSE_TIMEOUT=None,  # each connection has a limit for every piece that it writes
    )
    app.before_request(_forget_the_last_request)
    guard(app, supervisor, config)
    register_errors(app)
    for routes in (system, sessions, upkeep):
        app.register_blueprint(routes(supervisor, config))
    app.register_blueprint(projects(supervisor))
    app.asgi_app = logged(answer_after_body(app.asgi_app))  # type: ignore[method-assign, assignment]
    return app


async def _forget_the_last_request() -> None:
    structlog.contextvars.clear_contextvars()
