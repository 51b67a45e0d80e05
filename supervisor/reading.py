"""What can be told of the projects and sessions without asking any session: readers never wait for one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

from .config import ProjectConfig
from .errors import Conflict
from .events import Event, now
from .evidence import Evidence
from .feed import Feed
from .ids import ProjectId, SessionId
from .journal import Journal
from .ledger import Ledger, Standing
from .lifecycle import status
from .output import OutputLog
from .project import Project
from .projects import Projects
from .protocols import Answers, Touchable
from .records import Approval, Message, SessionRecord
from .roster import Roster
from .transcript import Excerpt, excerpt


class Reading:
    """The side of a supervisor that changes nothing. An id that nobody knows raises `NotFound`."""

    def __init__(self, projects: Projects, journal: Journal, ledger: Ledger) -> None:
        self._projects, self._journal, self._ledger = projects, journal, ledger
        self._roster = Roster()
        self.feed = Feed(journal)
        """What happens to all sessions, as it happens."""

    @property
    def containment(self) -> str:
        """How surely a tree of processes can be ended here; see `Projects.containment`."""
        return self._projects.containment

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored just now, or None."""
        return self._journal.trouble

    @property
    def answers(self) -> Answers:
        """Where answers to requests with an Idempotency-Key are kept."""
        return self._journal.answers

    def projects(self) -> list[ProjectConfig]:
        """Return the configured projects, in the configuration's order."""
        return [project.config for project in self._projects]

    def project(self, project_id: ProjectId) -> Project:
        """Return one project."""
        return self._projects.find(project_id)

    def get(self, session_id: SessionId) -> SessionRecord:
        """Return one session, ended ones too."""
        return self._roster.find(session_id).record

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        ended: bool = False,
        limit: int | None = None,
        after: SessionId | None = None,
    ) -> list[SessionRecord]:
        """Return the active sessions, newest first, at most `limit`; with `ended` the ended ones too.

        `after` leaves out everything up to and with that session.
        """
        if project_id is not None:
            self.project(project_id)
        return list(islice(self._roster.records(project_id=project_id, ended=ended, after=after), limit))

    def spawned_under(self, key: str, parent: SessionId | None = None) -> SessionRecord | None:
        """Return what was spawned under an Idempotency-Key, by the agent of `parent` if any; or None."""
        records = self._roster.records(project_id=None, ended=True, after=None)
        return next((record for record in records if (record.key, record.parent) == (key, parent)), None)

    def output(self, session_id: SessionId, *, after: str | None, limit: int, raw: bool) -> Excerpt:
        """Return what the agent said after a cursor; see `transcript.excerpt`."""
        record = self.get(session_id)
        project = self._projects.of(record)
        log = OutputLog(project.output(session_id), project.config.output_bytes)
        dialogue = project.agent.dialogue(project.job(record, record.tree, None))
        readable = dialogue.readable if dialogue.turns else None
        return excerpt(
            log, after=after, limit=limit, raw=raw, complete=record.handle is None, readable=readable
        )

    def said(self, session_id: SessionId) -> int:
        """Return how many bytes a session's agent has ever said."""
        project = self._projects.of(self.get(session_id))
        return OutputLog(project.output(session_id), project.config.output_bytes).end

    def attach(self, session_id: SessionId) -> tuple[str, ...] | None:
        """Return what an operator runs to see the agent's terminal, or None when it has none."""
        return self._roster.find(session_id).attach

    def screen(self, session_id: SessionId) -> Touchable:
        """Return the screen of a session's agent. Raises `Conflict` where it has none."""
        session = self._roster.find(session_id)
        if session.touchable is None:
            hint = 'only agents in a terminal have one, with runtime = "tmux"'
            raise Conflict(f"{session_id} is {status(session.record)} and has no screen now: {hint}")
        return session.touchable

    def budgets(self) -> Sequence[Standing]:
        """Return each budget with what was spent of it in its period, in the configuration's order."""
        return self._ledger.standings(now())

    async def spent(self, days: int) -> Mapping[tuple[date, ProjectId], Decimal]:
        """Return what each project has spent on each of the last days, in US dollars; today's too, by UTC."""
        today = now().replace(hour=0, minute=0, second=0, microsecond=0)
        amounts = defaultdict[tuple[date, ProjectId], Decimal](Decimal)
        for spend in await self._journal.spends(today - timedelta(days=days - 1)):
            amounts[spend.at.date(), spend.project_id] += spend.cost_usd
        return amounts

    def approvals(self) -> Sequence[tuple[SessionRecord, Approval]]:
        """Return every permission that an agent waits for, the one that was asked first first."""
        waiting = [
            (session.record, approval)
            for session in self._roster.all()
            for approval in session.record.approvals
            if not session.vanished
        ]
        return sorted(waiting, key=lambda one: one[1].asked_at)

    def evidence(self, session_id: SessionId) -> Sequence[Evidence]:
        """Return what was seen last of an agent's present run, oldest first."""
        return self._roster.find(session_id).evidence()

    async def messages(self, session_id: SessionId) -> Sequence[Message]:
        """Return what a session was sent, oldest first; what waits at the door is not among it yet."""
        self._roster.find(session_id)
        return await self._journal.messages(session_id)

    async def history(self, session_id: SessionId) -> Sequence[Event]:
        """Return what happened to a session, oldest first."""
        self._roster.find(session_id)
        return await self._journal.history(session_id)
