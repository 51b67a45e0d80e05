"""The commands that watch: what happens, and until something is so."""

import math
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer

from ..shapes import Event, Session
from ..states import OVER
from .arguments import SessionArgument
from .ask_server import ask, configuration
from .known_words import known_word
from .tables import as_json
from .terminal import MISUSED, Failure, note, one_line, say

if TYPE_CHECKING:
    from ..client import Client

watching = typer.Typer()

_WIDTH = 24
"""Columns for what kind of event it is."""
_LOOK = 0.5
"""Seconds between looks at a session."""
_CALM = 2
"""Looks in a row by which an agent is at rest: one that was just told something does not look like it yet."""
_AT_REST = {"Ready", "Idle", "WaitingInput", "Blocked", "Exited"}
"""Activities of an agent that does nothing by itself."""


@watching.command()
def events(
    context: typer.Context,
    session_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Of this session alone.")] = None,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    after: Annotated[
        str | None, typer.Option("--after", metavar="EVENT", help="With -f: from after this event on.")
    ] = None,
) -> None:
    """Show what happened to a session, or with -f what happens to all."""
    if session_id is None and not follow:
        raise Failure("name a session, or say -f to see what happens to all of them from now on", MISUSED)
    if after is not None and not follow:
        raise Failure("--after says from where to follow: it goes with -f", MISUSED)

    async def question(client: "Client") -> None:
        place = after
        if session_id is None:
            await client.health()  # a server that is not there is told of, and not waited for
        elif after is None:
            for event in await client.events(session_id):
                place = event["id"]
                _show(event, json=context.obj.json)
        else:
            await client.get(session_id)
        if not follow:
            return
        async with aclosing(client.follow_events(place)) as happening:
            async for happened in happening:
                if happened is None:
                    note("what happened meanwhile was not told; `ennio status` has how everything is")
                elif session_id in {None, happened["session_id"]}:
                    _show(happened, json=context.obj.json)

    ask(configuration(context.obj), question)


@watching.command()
def wait(
    context: typer.Context,
    session_id: SessionArgument,
    until: Annotated[
        list[str] | None,
        typer.Option(
            "--until",
            metavar="WORD",
            help="A status or an activity, such as Merged or Ready; may be given again.",
        ),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Give up after so long.")
    ] = None,
) -> None:
    """Wait until a session is what you say, or without --until until its agent is at rest.

    Exit code 0 when it is so, 1 when it never will be or the time is over.
    """
    if timeout is not None and not (math.isfinite(timeout) and timeout > 0):
        raise Failure("--timeout takes a number over 0", MISUSED)
    wanted = {known_word(one) for one in until or ()}

    async def question(client: "Client") -> tuple[Session, bool]:
        import trio

        calm = 0
        with trio.move_on_after(math.inf if timeout is None else timeout):
            while True:
                session = await client.get(session_id)
                calm = calm + 1 if _rests(session) else 0
                so = bool(wanted & {session["status"], session["activity"]}) if wanted else calm >= _CALM
                if so or (wanted and session["status"] in OVER):
                    return session, so
                await trio.sleep(_LOOK)
        return await client.get(session_id), False

    session, so = ask(configuration(context.obj), question, f"waiting for {session_id}")
    if context.obj.json:
        say(as_json(session))
    if not so:
        awaited = f"not {' or '.join(sorted(wanted))}" if wanted else "its agent is still at work"
        raise Failure(one_line(f"{session_id} is {session['status']}, {awaited}"))
    if not context.obj.json:
        say(one_line(f"{session_id} is {_how(session, at_rest=not wanted)}"))


def _how(session: Session, *, at_rest: bool) -> str:
    """Say what a session is; at rest its status says little: that was its pull request's all the time."""
    status, activity = session["status"], session["activity"]
    if not at_rest or status in OVER or activity is None:
        return status
    return f"at rest: {activity} ({status})"


def _rests(session: Session) -> bool:
    activity = session["activity"]
    return session["status"] in OVER if activity is None else activity in _AT_REST


def _show(event: Event, *, json: bool) -> None:
    cells = (event["timestamp"], f"{one_line(event['event_type']):<{_WIDTH}}", one_line(event["message"]))
    say(as_json(event, indent=None) if json else "  ".join(cells))
