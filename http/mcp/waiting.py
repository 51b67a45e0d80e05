"""Waiting for a session: until its agent is at rest, or until one of some words is true of it."""

from collections.abc import Collection

import trio

from ..client import Client
from ..shapes import Session
from ..states import OVER

WAIT = 50.0
"""Seconds, unless told. Many programs give a tool no more than 60, and a wait that they break off tells
them nothing."""
LONGEST = 600.0
LOOK = 1.0
"""Seconds between two looks."""
_AT_WORK = {None, "Active"}


async def settled(
    ennio: Client, session_id: str, words: Collection[str] | None, seconds: float
) -> tuple[bool, Session]:
    """Look at a session until one of `words` is its status or activity, or without them until it is at rest.

    Return whether that came within `seconds`, and the session as it was seen last. An agent that was told
    something a moment ago may not look like it yet: it is at rest when two looks in a row say so.
    Raises what the client raises.
    """
    until, rested = trio.current_time() + seconds, False
    while True:
        session = await ennio.get(session_id)
        if words is None:
            rests = _rests(session)
            reached, rested = rests and (rested or session["status"] in OVER), rests
        else:
            reached = session["status"] in words or session["activity"] in words
        left = until - trio.current_time()
        if reached or left <= 0:
            return reached, session
        await trio.sleep(min(LOOK, left))


def _rests(session: Session) -> bool:
    """Whether its agent has ended, or waits for something."""
    if session["status"] in OVER:
        return True
    return session["status"] != "Spawning" and session["activity"] not in _AT_WORK
