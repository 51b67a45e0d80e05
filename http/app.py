"""The application: every route behind one gate, every error in one shape."""

import structlog
from quart_trio import QuartTrio

from ennio.supervisor import Config, Supervisor

from .connections.asgi import answer_after_body, logged
from .errors import register_errors
from .requests.access import guard
from .requests.asked import LARGEST_BODY
from .requests.idempotency import GivenAnswers
from .routes.approvals import approvals
from .routes.budgets import budgets
from .routes.messages import messages
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
    given = GivenAnswers(supervisor.answers)
    for routes in (system, upkeep, approvals):
        app.register_blueprint(routes(supervisor, config))
    for answered_once in (sessions, messages):
        app.register_blueprint(answered_once(supervisor, config, given))
    for readable in (projects, budgets):
        app.register_blueprint(readable(supervisor))
    app.asgi_app = logged(answer_after_body(app.asgi_app))  # type: ignore[method-assign, assignment]
    return app


async def _forget_the_last_request() -> None:
    structlog.contextvars.clear_contextvars()
