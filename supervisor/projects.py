"""The projects of a server: those of its configuration, and what stands in for those that have left it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .errors import NotFound
from .ids import ProjectId
from .project import Project
from .records import SessionRecord

_SURENESS = ("best-effort", "shim+marker", "cgroup+shim")


class Projects:
    """Find a project by its name or by a session of it. `folder` keeps what belongs to single sessions.

    `retired` makes what stands in for the project of a session that the configuration has no more.
    """

    def __init__(
        self,
        configured: Mapping[ProjectId, Project],
        folder: Path,
        retired: Callable[[SessionRecord], Project],
    ) -> None:
        self._configured, self._retired = configured, retired
        self.folder = folder

    def __iter__(self) -> Iterator[Project]:
        """Yield the configured projects, in the configuration's order."""
        return iter(self._configured.values())

    def find(self, project_id: ProjectId) -> Project:
        """Return a configured project, or raise `NotFound`."""
        try:
            return self._configured[project_id]
        except KeyError:
            known = ", ".join(self._configured) or "none"
            raise NotFound(f"there is no project {project_id}; the configuration has: {known}") from None

    def of(self, record: SessionRecord) -> Project:
        """Return the project of a session, whether it is configured or not."""
        return self._configured.get(record.project_id) or self._retired(record)

    @property
    def containment(self) -> str:
        """How surely a tree of processes can be ended here: the least sure of the runtimes in use."""
        used = {project.runtime.containment for project in self}
        return min(used, key=_SURENESS.index, default=_SURENESS[0])
