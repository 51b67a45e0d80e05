"""What happened to sessions, counted as it is stored: never what was merely tried."""

from collections.abc import Callable, Iterable

import structlog
import trio
from prometheus_client import CollectorRegistry, Counter, Histogram

from ennio.supervisor import (
    Event,
    KillRequested,
    NotFound,
    Phase,
    ProjectId,
    ReactionEscalated,
    ReactionTriggered,
    SessionId,
    SessionKilled,
    SessionRecord,
    SessionWorking,
    Step,
    status,
)

_COMPLETED = {"Merged", "Done"}
_ENDED = {*_COMPLETED, "Killed"}
_LIVES = (10, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 259_200, 604_800)
_KILLS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60)

_log = structlog.get_logger()


class Happenings:
    """Counters of what the journal holds since the server was started.

    `before` returns a session as it was before the step that is being told; it raises `NotFound` for one
    that nobody was told of.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._before: Callable[[SessionId], SessionRecord] = _unknown
        self._kills: dict[SessionId, float] = {}
        """When each of those that are being ended was asked to be killed."""

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(name, words, labels, registry=registry)

        self._spawned = counter("ennio_sessions_spawned", "Sessions whose agent was started.", "project")
        self._killed = counter("ennio_sessions_killed", "Sessions that were killed.", "project")
        self._completed = counter(
            "ennio_sessions_completed", "Sessions that became Merged or Done.", "project"
        )
        self._events = counter("ennio_events", "Events that were stored, by type.", "type")
        self._cost = counter("ennio_cost_usd", "What was spent on models, in US dollars.", "project")
        self._triggered = counter(
            "ennio_reactions_triggered", "Reactions that did something.", "reaction", "action"
        )
        self._escalated = counter(
            "ennio_reactions_escalated", "Reactions that were left to an operator.", "reaction"
        )
        self._lives = Histogram(
            "ennio_session_duration_seconds",
            "How long sessions were there, from spawn until Merged, Done or Killed.",
            buckets=_LIVES,
            registry=registry,
        )
        self._killing = Histogram(
            "ennio_kill_duration_seconds",
            "How long it took from the begin of a kill until nothing of the agent was running.",
            buckets=_KILLS,
            registry=registry,
        )

    def begin(self, projects: Iterable[ProjectId], before: Callable[[SessionId], SessionRecord]) -> None:
        """Begin each project's counters at 0, so that the first thing to happen is an increase."""
        self._before = before
        for project in projects:
            for counter in (self._spawned, self._killed, self._completed, self._cost):
                counter.labels(project)

    def heard(self, step: Step) -> None:
        """Take in what was stored. A bug here is logged: it must not stop the storing."""
        try:
            self._count(step)
        except Exception:
            _log.exception("what happened was not counted", session_id=step.record.id)

    def _count(self, step: Step) -> None:
        for event in step.events:
            if event.public:
                self._events.labels(event.event_type).inc()
            self._look_at(event)
        for spend in step.spends:
            self._cost.labels(spend.project_id).inc(float(spend.cost_usd))
        if step.events:
            self._look_for_the_end(step)

    def _look_at(self, event: Event) -> None:
        match event:
            case ReactionTriggered():
                self._triggered.labels(event.reaction, event.action).inc()
            case ReactionEscalated():
                self._escalated.labels(event.reaction).inc()
            case KillRequested():
                self._kills.setdefault(event.session_id, trio.current_time())
            case SessionKilled():
                self._killed.labels(event.project_id).inc()
                if (began := self._kills.get(event.session_id)) is not None:
                    self._killing.observe(trio.current_time() - began)
            case SessionWorking() if type(event) is SessionWorking:  # and not that it was restored
                self._spawned.labels(event.project_id).inc()

    def _look_for_the_end(self, step: Step) -> None:
        record = step.record
        if record.phase is not Phase.STOPPING:
            self._kills.pop(record.id, None)
        word = status(record)
        if word not in _ENDED:
            return
        try:
            if status(self._before(record.id)) in _ENDED:
                return
        except NotFound:  # its spawn was undone
            return
        self._lives.observe((step.events[-1].timestamp - record.created_at).total_seconds())
        if word in _COMPLETED:
            self._completed.labels(record.project_id).inc()


def _unknown(session_id: SessionId) -> SessionRecord:
    raise NotFound(f"there is no session {session_id}")
