"""A program that appends for as long as it lives, and prints the id of each event that is stored."""

import os
import sys

import trio

from ennio.supervisor.events import ActivityChanged, now
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.protocols import Step
from ennio.supervisor.records import Activity, SessionRecord
from ennio.supervisor.stores.database import DatabaseStore


async def keep_appending(store: DatabaseStore, name: str) -> None:
    """Append to one session, its record having the event's id as the prompt."""
    project, session, made = ProjectId("p"), SessionId(name), now()
    while True:
        event = ActivityChanged(session_id=session, project_id=project, activity=Activity.ACTIVE)
        await store.append(Step((event,), SessionRecord(session, project, "demo", made, prompt=event.id)))
        os.write(1, f"{name} {event.id}\n".encode())


async def main(url: str) -> None:
    """Append to several sessions at once."""
    store = DatabaseStore(url)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run_forever)
        for number in range(5):
            nursery.start_soon(keep_appending, store, f"s-{number}")


trio.run(main, sys.argv[1])
