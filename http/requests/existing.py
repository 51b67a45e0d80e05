"""What a request names must be there: 404 comes before whatever else is wrong with it."""

import re
from typing import TypeVar

from ennio.supervisor import Invalid, NotFound, ProjectId, SessionId, Supervisor

AnyId = TypeVar("AnyId", ProjectId, SessionId)
_APPROVAL = re.compile(r"[A-Za-z0-9_-]{1,64}")


def must_exist(supervisor: Supervisor, text: str | None) -> None:
    """Raise `NotFound` for a session that nobody knows.

    A malformed id is complained of later, since 413 and 415 come between 404 and 400.
    """
    if (session_id := _well_formed(SessionId, text)) is not None:
        supervisor.get(session_id)


def project_must_exist(supervisor: Supervisor, text: object) -> None:
    """Raise `NotFound` for a project that nobody knows; a malformed id is complained of later."""
    if (project_id := _well_formed(ProjectId, text)) is not None:
        supervisor.project(project_id)


def approval_must_exist(supervisor: Supervisor, session: str, approval_id: str) -> None:
    """Raise `NotFound` for a session that nobody knows, and for a permission that it does not wait for.

    Malformed ids are complained of later, by `SessionId.parse` and `well_formed_approval`.
    """
    must_exist(supervisor, session)
    session_id = _well_formed(SessionId, session)
    if session_id is None or not _APPROVAL.fullmatch(approval_id):
        return
    if approval_id not in {approval.id for approval in supervisor.get(session_id).approvals}:
        raise NotFound(
            f"{session_id} waits for no approval {approval_id}: it was answered, or never asked for"
        )


def well_formed_approval(text: str) -> str:
    """Return the name of a permission, or raise `Invalid` where it cannot be one."""
    if not _APPROVAL.fullmatch(text):
        raise Invalid(f"{text[:80]!a} is no approval id: it takes 1 to 64 of A-Z a-z 0-9 - _")
    return text


def _well_formed(kind: type[AnyId], text: object) -> AnyId | None:
    try:
        return kind.parse(text) if isinstance(text, str) else None
    except Invalid:
        return None
