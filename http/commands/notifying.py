"""The commands about notifiers: which there are, and whether one works."""

from typing import Annotated

import typer

from .ask_server import ask, configuration
from .tables import as_json, table
from .terminal import hint, say

notifying = typer.Typer(help="Look at notifiers, and try one out.", no_args_is_help=True)


@notifying.command("list")
def list_notifiers(context: typer.Context) -> None:
    """List the notifiers by which operators are told."""
    there = ask(configuration(context.obj), lambda client: client.notifiers(), "asking for the notifiers")
    if context.obj.json:
        say(as_json(there))
    elif there:
        say(table(("NAME", "PLUGIN"), [(each["name"], each["plugin"]) for each in there]))
        hint("`ennio notify test NAME` sends a test by one of them")
    else:
        say("no notifier is configured")


@notifying.command()
def test(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The notifier, as the configuration names it.")],
) -> None:
    """Send a test by a notifier, once."""
    ask(configuration(context.obj), lambda client: client.test_notifier(name), f"sending a test by {name}")
    say(as_json("sent") if context.obj.json else f"sent a test by {name}")
