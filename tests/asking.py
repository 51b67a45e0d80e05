"""What the tests of a supervisor over fakes ask of it again and again."""

import trio

from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import Order, SessionRecord
from ennio.supervisor.supervisor import Supervisor

P, Q = ProjectId("p"), ProjectId("q")
"""The projects of `conftest.projects`."""


async def spawn(supervisor: Supervisor, **wishes: str) -> SessionRecord:
    """Spawn a session in the first project."""
    return await supervisor.spawn(Order(P, **{"prompt": "do it", **wishes}))


async def types(supervisor: Supervisor, session_id: SessionId) -> list[str]:
    """Return what happened to a session, in the words of the API."""
    return [event.event_type for event in await supervisor.history(session_id)]


async def settle() -> None:
    """Let everything happen that does not wait for anyone, in virtual time."""
    await trio.sleep(1)


def only(supervisor: Supervisor) -> SessionRecord:
    """Return the one session that there is."""
    (record,) = supervisor.list(ended=True)
    return record
