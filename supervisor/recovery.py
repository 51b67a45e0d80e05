"""What an earlier server left that belongs to no session: ended, told, and removed if clean."""

from collections.abc import Collection
from pathlib import Path

import structlog
import trio

from .errors import EnnioError
from .ids import SessionId
from .project import Project
from .projects import Projects
from .records import Hold

_log = structlog.get_logger()


async def settle_the_rest(projects: Projects, known: Collection[str], owned: Collection[str]) -> None:
    """End agents of sessions that the journal did not know, look after workspaces that no session owns now.

    Such are left by a database that was lost or replaced, and by a spawn that could not be undone.
    """
    for name in await trio.to_thread.run_sync(_names, projects.folder):
        if name not in known:
            await _end(projects, SessionId(name))
    for project in projects:
        await _look_after_workspaces(project, owned)


async def _end(projects: Projects, session_id: SessionId) -> None:
    """End whatever runs of a session without a record. What it said stays until somebody removes it."""
    for project in projects:
        hold = Hold(session_id, 0, str(projects.folder / session_id), 1, project.kill_grace, 0)
        try:
            terminal = await project.runtime.adopt(hold, None)
        except EnnioError as error:
            _log.error("what an unknown session left cannot be ended", session=session_id, error=str(error))
            return
        await terminal.stop(project.kill_grace)
        await terminal.aclose()
        _log.warning("a folder belongs to no session; nothing of it runs", session=session_id)
        return


async def _look_after_workspaces(project: Project, owned: Collection[str]) -> None:
    try:
        strays = await project.workspace.strays(owned)
    except EnnioError as error:
        _log.error("stray workspaces cannot be found", project_id=project.config.id, error=str(error))
        return
    for stray in strays:
        name = Path(stray.path).name
        if stray.kept is None:
            _log.info("a workspace of no session was removed", workspace=name)
        else:
            _log.warning("a workspace of no session stays", workspace=name, reason=stray.kept)


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
