"""What a token may do that an agent was given: supervise sessions that it has spawned, in its own project.

It reads what is in its project, and spawns there. It sends to, restores, decides for and kills its own
sessions alone: neither itself nor its siblings, so that it cannot give itself permissions.
"""

import re

from quart import Request, g
from werkzeug.exceptions import Forbidden

from ennio.supervisor import Invalid, NotFound, SessionId, SessionRecord, Supervisor

_SESSION = re.compile(r"/api/v1/sessions/([^/]+)(/.*)?")
_CHANGES = re.compile(r"|/send|/restore|/approvals/[^/]+|/agentapi/message")
_HINT = "an agent's token is for its own project and for sessions that it has spawned"


def narrow(asked: Request, path: str, holder: SessionRecord, supervisor: Supervisor) -> None:
    """Raise `Forbidden` for what the holder of such a token may not do."""
    reads = asked.method in {"GET", "HEAD"}
    if path == "/mcp" or (path == "/api/v1/sessions" and asked.method == "POST"):  # the body says of which
        return
    if path == "/api/v1/sessions" and reads:
        _must_be_own(asked.args.get("project_id"), holder)
        return
    if reads and path == f"/api/v1/projects/{holder.project_id}/issues":
        return
    found = _SESSION.fullmatch(path)
    if found is None:
        raise Forbidden(f"{asked.method} {path[:80]} is not for agents: {_HINT}")
    session = _session(found[1], supervisor)
    if session is None:  # it will be told so
        return
    changes = _CHANGES.fullmatch(found[2] or "") is not None and not reads
    if session.project_id != holder.project_id or (changes and session.parent != holder.id):
        raise Forbidden(f"{found[1][:64]} is not for this agent to see or to change: {_HINT}")
    if not reads and not changes:
        raise Forbidden(f"{asked.method} {path[:80]} is not for agents: {_HINT}")


def owned(path: str) -> str:
    """Return a path as what keeps apart the Idempotency-Keys of operators and of each agent."""
    holder: SessionRecord | None = g.get("holder")
    return path if holder is None else f"{path} {holder.id}"


def parent_of(project_id: object) -> SessionId | None:
    """Return who spawns in a project now: the session whose token it is, None for an operator.

    Raises `Forbidden` when that token is for another project.
    """
    holder: SessionRecord | None = g.get("holder")
    if holder is None:
        return None
    _must_be_own(project_id, holder)
    return holder.id


def _must_be_own(project_id: object, holder: SessionRecord) -> None:
    if project_id != holder.project_id:
        raise Forbidden(f"name the project {holder.project_id}: {_HINT}")


def _session(text: str, supervisor: Supervisor) -> SessionRecord | None:
    try:
        return supervisor.get(SessionId.parse(text))
    except (Invalid, NotFound):
        return None
