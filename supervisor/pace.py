"""How often a session's pull request is looked at: as often as it may change, and all of it now and then."""

from collections.abc import Set
from datetime import datetime, timedelta

from .ids import SessionId
from .lifecycle import AT_WORK
from .records import PullState, SessionRecord

_THOROUGH = 4
"""Every so many looks ask for everything, whether the host says that it has changed or not."""
_SELDOM = 20
"""What is hardly expected to change is looked at every so many rounds."""
_FRESH = timedelta(hours=1)
"""So long after its end a session's pull request may well be about to be opened, or opened again."""
_LONGEST = timedelta(days=7)
"""So long after its end it is looked for at all; after that only a webhook brings it to notice."""


class Pace:
    """Which sessions of a repository are due in each round of looks."""

    def __init__(self) -> None:
        self._rounds = dict[SessionId, int]()
        self._looks = dict[SessionId, int]()

    def keep(self, ids: Set[SessionId]) -> None:
        """Forget all sessions but these."""
        for known in (self._rounds, self._looks):
            for session_id in known.keys() - ids:
                del known[session_id]

    def hinted(self, record: SessionRecord) -> None:
        """Note that its host says that something about a session has changed: then all is asked for."""
        self._looks.pop(record.id, None)

    def is_due(self, record: SessionRecord, now: datetime, *, resting: bool) -> bool:
        """Tell whether a session is looked at in this round.

        `resting`: the host's limits are nearly used up, so that only what is hinted at is worth a request.
        """
        if resting:
            return False
        every = _every(record, now)
        number = self._rounds[record.id] = self._rounds.get(record.id, -1) + 1
        return every is not None and number % every == 0

    def thorough(self, record: SessionRecord) -> bool:
        """Tell whether the next look at a session asks for everything: the first does."""
        return self._looks.get(record.id, 0) % _THOROUGH == 0

    def looked(self, record: SessionRecord) -> None:
        """Note that a session was looked at."""
        self._looks[record.id] = self._looks.get(record.id, 0) + 1

    def again(self) -> None:
        """Note that looks have failed: all are due in the next round, whatever their pace."""
        self._rounds.clear()


def _every(record: SessionRecord, now: datetime) -> int | None:
    """Return how many rounds lie between looks at a session; None: it is not looked at."""
    pull = record.pull
    if pull is not None and pull.state is PullState.MERGED:
        return None
    if record.phase in AT_WORK or (pull is not None and pull.open):
        return 1
    since = now - (record.ended_at or record.created_at)
    if since <= _FRESH:
        return 1
    return _SELDOM if since <= _LONGEST else None
