"""What code hosts send by themselves when something has changed."""

from typing import Any

from quart import Blueprint, Response, request

from ennio.supervisor import NotFound, Supervisor

from ..errors import error_answer
from ..requests import asked
from ..responses import json_answer

PROOFS = {"github": "X-Hub-Signature-256", "gitlab": "X-Gitlab-Token"}
"""By which header each kind of code host proves that it knows the secret."""


def webhooks(supervisor: Supervisor) -> Blueprint:
    """Return the routes where code hosts say that something has changed.

    Their word is proved by the repository's `webhook_secret`, and leads to no more than another look.
    """
    routes = Blueprint("webhooks", __name__, url_prefix="/api/v1/webhooks")
    for kind in PROOFS:
        routes.add_url_rule(f"/{kind}", kind, _listening(supervisor, kind), methods=["POST"])
    return routes


def _listening(supervisor: Supervisor, kind: str) -> Any:
    async def listen() -> Response:
        if not supervisor.hooked(kind):
            hint = f'set `webhook_secret` in the scm_config of a project with plugin = "{kind}"'
            raise NotFound(f"no project listens to webhooks of {kind}: {hint}")
        content = await asked.body()
        if not supervisor.hear(kind, _headers(), content):
            return error_answer(401, _not_proved(kind))
        return json_answer({"data": "accepted"}, 202)

    return listen


def _headers() -> dict[str, str]:
    """Return the request's headers; what was given twice is one value that proves nothing (RFC 9110, 5.3)."""
    return {name: ", ".join(request.headers.getlist(name)) for name, _ in request.headers.items()}


def _not_proved(kind: str) -> str:
    proof = PROOFS[kind]
    what = f"its header {proof} is wrong" if proof in request.headers else f"it has no header {proof}"
    hint = "the secret there must be `webhook_secret` here, and the repository one of a configured project"
    return f"this is not proved to come from a repository of ours: {what}; {hint}"
