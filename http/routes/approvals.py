"""Permissions that agents ask for, over HTTP: the inbox of one session, and of all."""

from quart import Blueprint, Response

from ennio.supervisor import Config, SessionId, Supervisor

from ..requests import asked
from ..requests.bodies import DecisionBody, read_as
from ..requests.existing import approval_must_exist, well_formed_approval
from ..requests.strict_json import parse
from ..responses import data, views
from ..views import ApprovalView


def approvals(supervisor: Supervisor, config: Config) -> Blueprint:
    """Return the routes by which permissions are seen, allowed and denied."""
    routes = Blueprint("approvals", __name__, url_prefix="/api/v1")

    @routes.get("/approvals")
    async def of_all() -> Response:
        return views(ApprovalView.of(record, approval) for record, approval in supervisor.approvals())

    @routes.get("/sessions/<session>/approvals")
    async def of_one(session: str) -> Response:
        record = supervisor.get(SessionId.parse(session))
        return views(ApprovalView.of(record, approval) for approval in record.approvals)

    @routes.post("/sessions/<session>/approvals/<approval_id>")
    async def decide(session: str, approval_id: str) -> Response:
        approval_must_exist(supervisor, session, approval_id)
        content = await asked.body()
        session_id, approval_id = SessionId.parse(session), well_formed_approval(approval_id)
        wanted, seconds = read_as(DecisionBody, parse(content)), asked.timeout(config.timeouts.send)
        allow = wanted.decision == "allow"
        await supervisor.decide(session_id, approval_id, allow=allow, seconds=seconds)
        return data("allowed" if allow else "denied")

    return routes
