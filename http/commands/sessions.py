"""What the commands about sessions do: ask the server, show the answer."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..shapes import Session
from .ask_server import Options, ask, configuration, whereabouts
from .known_words import known_status
from .logs import followed, said, show
from .tables import as_json, session_page, sessions_table
from .terminal import MISUSED, Failure, given_text, hint, note, one_line, say

if TYPE_CHECKING:
    from ..client import Client

_PRUNING = 600.0
"""Seconds that an answer may take for which many workspaces are removed."""


def status(options: Options, project_id: str | None) -> None:
    """Show the server, and the sessions that are active."""
    config = configuration(options)

    async def question(client: "Client") -> tuple[str, list[Session]]:
        about = await client.system()
        words = f"ennio {about.get('version')}, containment {about.get('containment')}"
        if trouble := about.get("trouble"):
            words += f", cannot store anything now ({trouble})"
        return words, await client.list_sessions(project_id)

    words, sessions = ask(config, question, "asking the server")
    if not options.json:
        say(one_line(f"{words}, at {whereabouts(config)}"))
        for trouble in sorted({one_line(why) for one in sessions if (why := one.get("host_trouble"))}):
            say(f"! {trouble}")
    _show_sessions(options, sessions, "no session is active")


def list_sessions(
    options: Options,
    project_id: str | None,
    ended: bool,
    statuses: Sequence[str] | None = None,
    agent: str | None = None,
) -> None:
    """Show the active sessions, and with `ended` the others too: of these statuses, and of this agent."""
    wanted = {known_status(one) for one in statuses or ()}
    sessions = ask(
        configuration(options),
        lambda client: client.list_sessions(project_id, ended=ended),
        "asking for the sessions",
    )
    found = [
        one
        for one in sessions
        if (not wanted or one["status"] in wanted) and agent in {None, one["agent_name"]}
    ]
    none = "there are no sessions" if ended else "no session is active"
    _show_sessions(options, found, f"{none} of this kind" if sessions else none)


def info(options: Options, session_id: str) -> None:
    """Show all that is known of one session; for people, what happened to it too."""

    async def question(client: "Client") -> str:
        session = await client.get(session_id)
        if options.json:
            return as_json(session)
        return session_page(session, await client.events(session_id))

    say(ask(configuration(options), question, f"asking for {session_id}"))


def spawn(
    options: Options,
    project_id: str,
    issue_id: str | None,
    prompt: str | None,
    branch: str | None,
    role: str | None,
) -> None:
    """Start an agent, and say how to follow it."""
    if issue_id is None and prompt is None:
        raise Failure("the agent needs something to do: -p PROMPT, -i ISSUE or both", MISUSED)
    text = None if prompt is None else given_text(prompt)
    session = ask(
        configuration(options),
        lambda client: client.spawn(project_id, issue_id=issue_id, prompt=text, branch=branch, role=role),
        f"starting an agent in {project_id}",
    )
    _show_started(options, session)


def restore(options: Options, session_id: str, prompt: str | None) -> None:
    """Start a session's agent again."""
    text = None if prompt is None else given_text(prompt)
    session = ask(
        configuration(options),
        lambda client: client.restore(session_id, text),
        f"starting the agent of {session_id} again",
    )
    _show_started(options, session)


def kill(options: Options, session_id: str) -> None:
    """End all that a session's agent started."""
    config = configuration(options)
    ask(config, lambda client: client.kill(session_id), f"killing {session_id}")
    say(as_json("killed") if options.json else f"killed {session_id}: nothing that it started is running")
    if options.json:
        return
    kept = ask(config, lambda client: _workspace_that_stays(client, session_id), "clearing up")
    if kept:
        why = "uncommitted work in it, or a project that is no longer configured"
        say(one_line(f"its workspace is still there ({why}): {kept}"))


async def _workspace_that_stays(client: "Client", session_id: str) -> str | None:
    """Give the removal, which follows a kill, two seconds; return the path of what is there then."""
    import trio

    for _ in range(20):
        path = (await client.get(session_id)).get("workspace_path")
        if path is None:
            return None
        await trio.sleep(0.1)
    return path


def logs(options: Options, session_id: str, follow: bool) -> None:
    """Print what a session's agent said, and with `follow` what it says until it has ended."""
    config = configuration(options)
    most = max((project.output_bytes for project in config.projects), default=0)

    async def question(client: "Client") -> None:
        outputs = followed(client, session_id) if follow else said(client, session_id, most)
        await show(outputs, json=options.json)

    ask(config, question)


def prune(options: Options, days: float | None) -> None:
    """Forget the sessions that ended long ago."""
    if days is not None and not (math.isfinite(days) and days >= 0):
        raise Failure("--days takes a number of 0 or more", MISUSED)
    done = ask(
        configuration(options), lambda client: client.prune(days), "forgetting what ended", patience=_PRUNING
    )
    if options.json:
        say(as_json(done))
        return
    count = len(done["pruned"])
    say(f"forgot {count} session{'s'[: count != 1]}")
    if done["kept"]:
        say(one_line(f"kept, for the uncommitted work in their workspaces: {', '.join(done['kept'])}"))


def _show_sessions(options: Options, sessions: list[Session], none: str) -> None:
    if options.json:
        say(as_json(sessions))
    elif sessions:
        say(sessions_table(sessions))
    else:
        say(none)
        hint("`ennio spawn PROJECT -p PROMPT` starts one")


def _show_started(options: Options, session: Session) -> None:
    if warning := session.get("base_warning"):
        note(one_line(f"! {warning}"))
    if options.json:
        say(as_json(session))
        return
    name = session["id"]
    say(one_line(f"{name} {session['status']} on {session['branch']} in {session.get('workspace_path')}"))
    hint(f"`ennio logs -f {name}` follows it, `ennio send {name} MESSAGE` talks to it,")
    hint(f"`ennio session kill {name}` ends it")
