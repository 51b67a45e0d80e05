"""What `ennio top` does: the sessions in the terminal, live."""

import signal
import sys
from typing import TYPE_CHECKING

import typer

from .ask_server import Options, ask, client_of, configuration
from .terminal import MISUSED, Failure, is_terminal

if TYPE_CHECKING:
    from ..client import Client
    from ..tui.app import Top


def top(context: typer.Context) -> None:
    """Watch the sessions in the terminal, by what needs a human first, and act on them."""
    app = _application()
    _insist_on_a_terminal(context.obj)
    config = configuration(context.obj)
    ask(config, lambda client: client.list_sessions(limit=1), "asking the server")
    import asyncio

    asyncio.run(_run(app, client_of(config)))


def _application() -> "type[Top]":
    try:
        from ..tui.app import Top
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ennio."):
            raise
        raise Failure("`ennio top` needs the extra `tui`: pip install 'ennio[tui]'", MISUSED) from error
    return Top


def _insist_on_a_terminal(options: Options) -> None:
    if options.json:
        raise Failure("`ennio top` has no JSON; `ennio --format json status` has", MISUSED)
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise Failure("`ennio top` needs a terminal; `ennio status` needs none", MISUSED)


async def _run(app: "type[Top]", client: "Client") -> None:
    """Run the application; a signal ends it in good order, so that the terminal is as it was."""
    import asyncio

    async with client:
        shown = app(client)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, shown.exit)
        await shown.run_async()
