"""The command line: what can be typed, and how it ends.

Exit codes: 0 done, 1 refused by the server or no server there, 2 usage or configuration, 130 Ctrl-C.
What is slow to import is imported by the command that needs it, so that `--help` is quick.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .commands import sessions
from .commands.arguments import ProjectArgument, SessionArgument
from .commands.ask_server import Options, configuration, configuration_errors
from .commands.killing import killing
from .commands.leaving import run
from .commands.notifying import notifying
from .commands.tables import as_json
from .commands.talking import talking
from .commands.terminal import say
from .commands.top import top
from .commands.watching import watching


class Format(StrEnum):
    """How answers look."""

    TABLE = "table"
    JSON = "json"


app = typer.Typer(
    name="ennio",
    help="Start AI coding agents, talk to them, and end them for sure.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
session = typer.Typer(help="Look at sessions, end them, start them again.", no_args_is_help=True)
app.add_typer(session, name="session")
app.add_typer(notifying, name="notify")
app.add_typer(talking)
app.add_typer(watching)
app.add_typer(killing)
app.command()(top)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"ennio {version('ennio')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The configuration; else ennio.toml, from this folder upward."),
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How answers look.")] = Format.TABLE,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Start AI coding agents, talk to them, and end them for sure."""
    context.obj = Options(config, output is Format.JSON)


@app.command()
def init(path: Annotated[Path, typer.Argument(metavar="PATH", help="A git repository.")] = Path()) -> None:
    """Write a first ennio.toml for a git repository."""
    from .commands.first_config import init as write

    write(path)


@app.command()
def start(context: typer.Context) -> None:
    """Run the server, in the foreground, until Ctrl-C or `ennio stop`."""
    config = configuration(context.obj, serving=True)
    from .server import serve

    with configuration_errors():
        raise typer.Exit(serve(config))


@app.command()
def stop(context: typer.Context) -> None:
    """End the server in good order, and wait until it is gone."""
    from .commands.running import stop as stop_server

    server = stop_server(configuration(context.obj).data_dir)
    told = {"pid": server.pid, "stopped": True}
    say(as_json(told) if context.obj.json else f"stopped the server (pid {server.pid})")


@app.command()
def status(context: typer.Context, project: ProjectArgument = None) -> None:
    """Show the server and the sessions that are active."""
    sessions.status(context.obj, project)


@app.command()
def spawn(
    context: typer.Context,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project to work in.")],
    issue: Annotated[
        str | None, typer.Option("-i", "--issue", metavar="ISSUE", help="The issue to work on.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option("-p", "--prompt", metavar="PROMPT", help="What to do; - reads it from the input."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option("-b", "--branch", metavar="BRANCH", help="Else one is made.")
    ] = None,
    role: Annotated[
        str | None, typer.Option("-r", "--role", metavar="ROLE", help="The agent's role.")
    ] = None,
) -> None:
    """Start an agent on an issue, on a prompt, or on both."""
    sessions.spawn(context.obj, project, issue, prompt, branch, role)


@app.command()
def logs(
    context: typer.Context,
    session_id: SessionArgument,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the agent has ended.")] = False,
) -> None:
    """Print what an agent said."""
    sessions.logs(context.obj, session_id, follow)


@app.command()
def issues(
    context: typer.Context,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project whose issues they are.")],
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", metavar="N", help="At most so many; 50 unless told.")
    ] = None,
) -> None:
    """List the open issues of a project, newest first."""
    from .commands.issues import issues as list_issues

    list_issues(context.obj, project, limit)


@app.command("open")
def open_it(
    context: typer.Context,
    session_id: SessionArgument,
    pull_request: Annotated[
        bool, typer.Option("--pr", help="The page of its pull request instead, in a browser.")
    ] = False,
) -> None:
    """Get to the terminal of an agent in tmux, or to its pull request."""
    from .commands import opening, pages

    (pages.open_pull_request if pull_request else opening.open_terminal)(context.obj, session_id)


@app.command()
def dashboard(context: typer.Context) -> None:
    """Open the operators' page in a browser, which is let in by a link that works once."""
    from .commands import pages

    pages.open_dashboard(context.obj)


@app.command()
def prune(
    context: typer.Context,
    days: Annotated[
        float | None,
        typer.Option("--days", metavar="N", help="What ended so many days ago; else [retention] days."),
    ] = None,
) -> None:
    """Forget sessions that ended long ago, but for those with uncommitted work."""
    sessions.prune(context.obj, days)


@app.command()
def doctor(context: typer.Context) -> None:
    """Look for what ennio needs on this machine."""
    from .commands.doctor import doctor as examine

    examine(context.obj)


@app.command()
def mcp(context: typer.Context) -> None:
    """Offer all of this to an agent, as tools of the Model Context Protocol over stdin and stdout."""
    from .commands.mcp import serve

    serve(context.obj)


@session.command("list")
def list_sessions(
    context: typer.Context,
    project: ProjectArgument = None,
    ended: Annotated[bool, typer.Option("-a", "--all", help="The ended ones too.")] = False,
    statuses: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help="With this status alone; may be given again."),
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="AGENT", help="Of this agent alone.")
    ] = None,
) -> None:
    """List the active sessions, newest first."""
    sessions.list_sessions(context.obj, project, ended, statuses, agent)


@session.command()
def info(context: typer.Context, session_id: SessionArgument) -> None:
    """Show all that is known of a session, and what happened to it."""
    sessions.info(context.obj, session_id)


@session.command()
def kill(context: typer.Context, session_id: SessionArgument) -> None:
    """End all that a session's agent started, for good."""
    sessions.kill(context.obj, session_id)


@session.command()
def restore(
    context: typer.Context,
    session_id: SessionArgument,
    prompt: Annotated[
        str | None,
        typer.Option("-p", "--prompt", metavar="PROMPT", help="What to say first; - reads it."),
    ] = None,
) -> None:
    """Start a session's agent again, in its workspace."""
    sessions.restore(context.obj, session_id, prompt)


def main() -> int:
    """Run the command line and return its exit code; usage errors leave by `SystemExit`."""
    return run(app)


if __name__ == "__main__":
    sys.exit(main())
