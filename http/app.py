"""The application: every route behind one gate, every error in one shape."""

import structlog
from quart_trio import QuartTrio

from ennio.supervisor import Config, Supervisor

from .connections.asgi import answer_after_body, logged
from .errors import register_errors
from .metrics import Metrics
from .requests.access import guard
from .requests.asked import LARGEST_BODY
from .requests.idempotency import GivenAnswers
from .requests.passes import Passes
from .routes.agentapi import agentapi
from .routes.approvals import approvals
from .routes.budgets import budgets
from .routes.description import DOCS, description
from .routes.logins import logins
from .routes.mcp import mcp
from .routes.messages import messages
from .routes.metrics import metrics
from .routes.notifiers import notifiers
from .routes.page import PATHS, page
from .routes.projects import projects
from .routes.screens import screens
from .routes.sessions import sessions
from .routes.streams import streams
from .routes.system import system
from .routes.upkeep import upkeep
from .routes.webhooks import webhooks

SLOWEST_BODY = 30
"""Seconds that a request's body may take to arrive."""


def create_app(supervisor: Supervisor, config: Config, measured: Metrics | None = None) -> QuartTrio:
    """Return the front of `supervisor`: an ASGI application that turns calls into its methods.

    What happens to the supervisor and how long requests take is `measured` from now on.
    """
    app = QuartTrio(__name__, static_folder=None)
    app.url_map.merge_slashes = app.url_map.redirect_defaults = False
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        BODY_TIMEOUT=SLOWEST_BODY,
        RESPONSE_TIMEOUT=None,  # each connection has a limit for every piece that it writes
    )
    app.before_request(_forget_the_last_request)
    measured = measured or Metrics()
    measured.watch(supervisor, app)
    passes = Passes()
    guard(app, supervisor, config, passes, PATHS | DOCS)
    register_errors(app)
    given = GivenAnswers(supervisor.answers)
    for routes in (system, upkeep, approvals, page, description, projects, agentapi):
        app.register_blueprint(routes(supervisor, config))
    for answered_once in (sessions, messages):
        app.register_blueprint(answered_once(supervisor, config, given))
    app.register_blueprint(logins(passes))
    app.register_blueprint(metrics(measured))
    app.register_blueprint(mcp(app, config))
    for without_limits in (budgets, notifiers, screens, streams, webhooks):
        app.register_blueprint(without_limits(supervisor))
    app.asgi_app = logged(answer_after_body(app.asgi_app))  # type: ignore[method-assign, assignment]
    return app


async def _forget_the_last_request() -> None:
    structlog.contextvars.clear_contextvars()
