"""Whether an agent that ended unasked is started again, as a pure function: restart intensity after OTP."""

import signal
from dataclasses import dataclass
from datetime import datetime

from .config import Restart

_COMES_BACK: dict[str, frozenset[bool]] = {
    "never": frozenset(),
    "on-failure": frozenset({True}),
    "always": frozenset({True, False}),
}
"""By policy: the ends, failed or not, after which an agent is started again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a session whose agent has ended and nobody asked for that.

    `restarts` has the times that count from now on, this start included; None: it is not started again.
    `so` is what the session's reason has to say of that, empty where the policy has nothing to do with it.
    """

    restarts: tuple[datetime, ...] | None = None
    so: str = ""


STAYS = Verdict()
"""It is left to an operator."""


def judge(policy: Restart, past: tuple[datetime, ...], exit_code: int | None, now: datetime) -> Verdict:
    """Say whether the agent is started again, `past` being the times when that was done before.

    As in OTP (https://www.erlang.org/doc/system/sup_princ), more than `intensity` restarts within `period`
    seconds are one too many. An exit code that nobody knows (None) counts as a failure. Times that seem to
    be in the future, since the clock was set back, count like those as far in the past.
    """
    if (exit_code != 0) not in _COMES_BACK[policy.policy]:
        return STAYS
    recent = tuple(then for then in past if abs((now - then).total_seconds()) <= policy.period)
    if len(recent) < policy.intensity:
        return Verdict(restarts=(*recent, now))
    times = "once" if policy.intensity == 1 else f"{policy.intensity} times"
    return Verdict(so=f"; it was started again {times} within {policy.period:g} s, so it is not any more")


def how_it_ended(exit_code: int | None, alone: float | None = None) -> str:
    """Return in a clause how an agent ended unasked; `alone`: after so many seconds without a server."""
    if alone is not None:
        return f"no server came for {alone:g} s, so its holder ended it"
    if exit_code is None:
        return "what held it was killed or did not outlive its server; all of it was ended"
    if exit_code >= 0:
        return f"it ended with exit code {exit_code}"
    try:
        return f"it was ended by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"it was ended by signal {-exit_code}"
