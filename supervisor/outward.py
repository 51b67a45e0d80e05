"""What a supervisor has to do with the world outside: trackers, code hosts, and the ways to operators."""

from collections.abc import Mapping, Sequence

import trio

from .completion import Completion
from .config import PluginConfig, Timeouts
from .couriers import Couriers
from .errors import Invalid, deadline
from .grants import Grants
from .ids import ProjectId
from .journal import Journal
from .ledger import Ledger
from .lifecycle import ended
from .projects import Projects
from .protocols import Hooked
from .records import Issue, SessionRecord
from .starting import Starting
from .watchers import Watchers


class Outward(Starting):
    """The side of a supervisor that faces outward. `notifiers` are those of the configuration, by name."""

    def __init__(
        self,
        nursery: trio.Nursery,
        projects: Projects,
        journal: Journal,
        timeouts: Timeouts,
        ledger: Ledger,
        couriers: Couriers | None = None,
        notifiers: Mapping[str, PluginConfig] | None = None,
        poll_interval: float = 30.0,
        grants: Grants | None = None,
    ) -> None:
        super().__init__(nursery, projects, journal, timeouts, ledger)
        self._grants = grants
        self._couriers, self._notifiers = couriers or Couriers({}), notifiers or {}
        scms = [project.scm for project in projects if project.scm is not None]
        self._watchers = Watchers(scms, poll_interval, self._roster.all)
        self._completion = Completion(self._roster.all)
        journal.listen(self._completion.heard)

    def _face_outward(self) -> None:
        """Begin to look at code hosts, and for projects that are complete; once all sessions are known."""
        self._nursery.start_soon(self._watchers.run_forever)
        self._nursery.start_soon(self._completion.run_forever)

    async def issues(
        self, project_id: ProjectId, *, limit: int = 50, seconds: float | None = None
    ) -> Sequence[Issue]:
        """Return the open issues of a project, newest first. Raises `Invalid` where it has no tracker."""
        tracker = self.project(project_id).tracker
        if tracker is None:
            raise Invalid(f"project {project_id} has no tracker: give it a tracker_config")
        with deadline(f"listing the issues of {tracker.name}", seconds or self._timeouts.spawn):
            return await tracker.issues(limit)

    def granted(self, token: str) -> SessionRecord | None:
        """Return the session whose agent was given this token, while that session is not ended; else None."""
        holder = self._grants.holder_of(token) if self._grants else None
        record = self._roster.record_of(holder) if holder else None
        may = record is not None and self._projects.of(record).config.may_supervise
        return record if record and may and not ended(record) else None

    def hear(self, kind: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Take in a code host's word that something has changed, and look at that.

        Return whether it was proved to come from the host of a configured repository. Raises `Invalid` for
        one that was, and cannot be understood.
        """
        proved, seen = False, set[str]()
        for project in self._projects:
            scm = project.scm
            if not isinstance(scm, Hooked) or scm.kind != kind:
                continue
            hint = scm.hear(headers, body)
            if hint is not None:
                proved = True
                if scm.name not in seen:
                    self._watchers.hint(scm, hint)
                seen.add(scm.name)
        return proved

    def hooked(self, kind: str) -> bool:
        """Whether any repository is configured whose host sends word of this kind."""
        scms = (project.scm for project in self._projects)
        return any(isinstance(scm, Hooked) and scm.kind == kind and scm.listens for scm in scms)

    def notifiers(self) -> Mapping[str, PluginConfig]:
        """Return the configured notifiers, by their names."""
        return self._notifiers

    async def test_notifier(self, name: str) -> None:
        """Have a notifier deliver a word, once. Raises `NotFound`, and `NotifierFailed` with its words."""
        await self._couriers.test(name)
