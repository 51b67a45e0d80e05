"""What a request names must be there: 404 comes before whatever else is wrong with it."""

from typing import TypeVar

from ennio.supervisor import Invalid, ProjectId, SessionId, Supervisor

AnyId = TypeVar("AnyId", ProjectId, SessionId)


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


def _well_formed(kind: type[AnyId], text: object) -> AnyId | None:
    try:
        return kind.parse(text) if isinstance(text, str) else None
    except Invalid:
        return None
