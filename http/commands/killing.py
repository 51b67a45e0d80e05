"""The command that ends agents: one, several, or all of a project; with what became of each."""

from typing import TYPE_CHECKING, Annotated

import typer

from .ask_server import ask, configuration
from .sessions import kill as kill_one
from .tables import as_json
from .terminal import MISUSED, Failure, note, one_line, say

if TYPE_CHECKING:
    from ..client import Client

killing = typer.Typer()

_AT_ONCE = 8


@killing.command()
def kill(
    context: typer.Context,
    session_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="The sessions.")] = None,
    project: Annotated[
        str | None, typer.Option("--project", metavar="PROJECT", help="All active ones of this project.")
    ] = None,
) -> None:
    """End all that sessions' agents started, for good."""
    named = list(dict.fromkeys(session_ids or ()))
    if bool(named) == (project is not None):
        raise Failure("name sessions, or a project with --project", MISUSED)
    if len(named) == 1:
        kill_one(context.obj, named[0])
        return

    async def question(client: "Client") -> dict[str, str | None]:
        names = named or [session["id"] for session in await client.list_sessions(project)]
        return await _kill_all(client, names)

    ended = ask(configuration(context.obj), question, "killing")
    if context.obj.json:
        say(as_json([{"id": name, "killed": words is None, "error": words} for name, words in ended.items()]))
    else:
        _tell(ended)
    if left := [name for name, words in ended.items() if words is not None]:
        raise Failure(f"not killed: {', '.join(left)}; ennio goes on trying where it has begun")


def _tell(ended: dict[str, str | None]) -> None:
    for name, words in ended.items():
        if words is None:
            say(f"killed {name}: nothing that it started is running")
        else:
            note(one_line(f"{name}: {words}"))
    if not ended:
        say("no session is active")


async def _kill_all(client: "Client", names: list[str]) -> dict[str, str | None]:
    """Kill sessions side by side; return why it failed for each, None where nothing is left."""
    import trio

    from ..client import Refused, Unreachable

    ended: dict[str, str | None] = dict.fromkeys(names)
    at_once = trio.CapacityLimiter(_AT_ONCE)

    async def end(name: str) -> None:
        async with at_once:
            try:
                await client.kill(name)
            except (Refused, Unreachable) as error:
                ended[name] = str(error)

    async with trio.open_nursery() as nursery:
        for name in names:
            nursery.start_soon(end, name)
    return ended
