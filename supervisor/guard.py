"""The guard: it looks at all agents, tells sessions of limits that are near, and has runaways ended."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog
import trio

from .config import Budget
from .errors import EnnioError
from .events import now
from .ids import SessionId
from .journal import Journal
from .ledger import Ledger, Level
from .limits import Facts, Finding, coming_near, measure, needs_survey, passed
from .messages import Limit, OverBudget, Stuck
from .protocols import Runtime
from .session import Session
from .stuck import stuck_for

_PERIOD = 1.0
"""Seconds between looks."""
_SELDOM = 10
"""So many looks between surveys that no limit needs: they also remember who belongs to whom."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _Watch:
    """What was done about one run of an agent."""

    near: frozenset[str] = frozenset()
    told: bool = False
    struck: bool = False
    budgets: set[tuple[Budget, Level]] = field(default_factory=set)
    stuck_since: float | None = None
    """The silence of which the session was told last, by when it began."""


class Guard:
    """Hold the agents of `sessions` to their projects' limits.

    It waits for no session and for no survey: a session that is busy is told at the next look, and a survey
    that hangs or fails only leaves memory and processes unseen.
    """

    def __init__(self, sessions: Callable[[], Iterable[Session]], journal: Journal, ledger: Ledger) -> None:
        self._sessions, self._journal, self._ledger = sessions, journal, ledger
        self._watches: dict[tuple[SessionId, int], _Watch] = {}
        self._surveying, self._blind = set[int](), set[int]()
        self._unlooked = set[SessionId]()

    async def run_forever(self) -> None:
        """Look once a second. A bug here goes on to whoever started it: agents must not run unguarded."""
        looks = 0
        async with trio.open_nursery() as surveys:
            while True:
                for runtime in self._look_at_all(seldom=looks % _SELDOM == 0):
                    if id(runtime) not in self._surveying:
                        self._surveying.add(id(runtime))
                        surveys.start_soon(self._survey, runtime)
                looks += 1
                await trio.sleep(_PERIOD)

    def _look_at_all(self, *, seldom: bool) -> list[Runtime]:
        """Act on what is known of every running agent; return the runtimes that are to be surveyed now."""
        before, self._watches = self._watches, {}
        wanted: dict[int, Runtime] = {}
        for session in self._sessions():
            try:
                if (facts := session.facts()) is None:
                    continue
                key = (session.record.id, session.record.incarnation)
                self._watches[key] = before.get(key) or _Watch()
                self._look(session, facts, self._watches[key])
                self._look_at_money(session, self._watches[key])
                self._look_for_life(session, facts, self._watches[key])
                if seldom or needs_survey(session.project.config.limits):
                    wanted[id(session.runtime)] = session.runtime
            except Exception:
                self._tell_once(session)
        return list(wanted.values())

    def _look(self, session: Session, facts: Facts, watch: _Watch) -> None:
        findings = measure(session.project.config.limits, facts, trio.current_time())
        if over := passed(findings):
            self._end(session, over, watch)
            return
        near, news = coming_near(watch.near, findings)
        unheard = {finding.name for finding in news if not session.mailbox.hint(_as_message(finding))}
        watch.near = near - unheard

    def _look_at_money(self, session: Session, watch: _Watch) -> None:
        """Tell a session once of each budget that is near its end, and of one that is spent."""
        record = session.record
        for verdict in self._ledger.verdicts(record.id, record.project_id, now()):
            exceeded, key = verdict.level is Level.OVER, (verdict.budget, verdict.level)
            if key not in watch.budgets and session.mailbox.hint(OverBudget(verdict.words, exceeded)):
                watch.budgets.add(key)

    def _look_for_life(self, session: Session, facts: Facts, watch: _Watch) -> None:
        """Tell a session once of each silence in which its agent seems to be stuck."""
        reaction = session.project.config.reactions["agent-stuck"]
        silent = stuck_for(session.record, facts, trio.current_time())
        if silent is None or watch.stuck_since == facts.silent_since or not reaction.enabled:
            return
        long = reaction.threshold is not None and silent >= reaction.threshold
        if long and session.mailbox.hint(Stuck(silent)):
            watch.stuck_since = facts.silent_since

    def _end(self, session: Session, over: Finding, watch: _Watch) -> None:
        watch.told = watch.told or session.mailbox.hint(_as_message(over))
        if self._journal.trouble and not watch.struck:
            watch.struck = True
            session.strike(_as_message(over))

    async def _survey(self, runtime: Runtime) -> None:
        try:
            await runtime.survey()
            self._blind.discard(id(runtime))
        except Exception as error:
            if id(runtime) not in self._blind:
                what = (
                    "agents cannot be surveyed; their memory and processes are not held to limits meanwhile"
                )
                _log.error(what, error=str(error), exc_info=not isinstance(error, EnnioError))
            self._blind.add(id(runtime))
        finally:
            self._surveying.discard(id(runtime))

    def _tell_once(self, session: Session) -> None:
        """One session that cannot be looked at leaves the others guarded."""
        if session.record.id not in self._unlooked:
            self._unlooked.add(session.record.id)
            _log.exception("a session cannot be held to its limits", session_id=session.record.id)


def _as_message(finding: Finding) -> Limit:
    return Limit(finding.name, finding.used, finding.most)
