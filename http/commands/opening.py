"""Getting to the terminal of an agent that has one."""

import os
import re
import shlex
import sys
from typing import NoReturn

from ..shapes import Session
from .ask_server import Options, ask, configuration
from .tables import as_json
from .terminal import MISUSED, Failure, hint, is_terminal, one_line, say

_NAME = re.compile(r"=?[\w.-]+", re.ASCII)


def open_terminal(options: Options, session_id: str) -> None:
    """Attach this terminal to the one of a session's agent; as JSON, print the command that does it.

    Raises `Failure` for an agent that has none, and when this is not typed at a terminal.
    """
    session = ask(configuration(options), lambda client: client.get(session_id), f"asking for {session_id}")
    command = session.get("attach")
    if not command:
        raise Failure(one_line(_why_not(session)))
    if options.json:
        say(as_json(command))
        return
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise Failure(f"this is no terminal: type `ennio open {session_id}` at one", MISUSED)
    argv = shlex.split(command)
    if not _only_attaches(argv):
        raise Failure(
            one_line(f"the server says to run `{command}`, and that is not attaching to tmux: refused")
        )
    hint("Ctrl-B D leaves it, and the agent goes on")
    _become(argv)


def _why_not(session: Session) -> str:
    name = session["id"]
    if session["status"] == "Spawning":
        return f"the agent of {name} is just being started: try again in a moment"
    if session.get("pid") is None:
        return f"{name} is {session['status']}, its agent does not run: `ennio logs {name}` has what it said"
    return f"{name} has no terminal, as only agents in tmux have: `ennio logs {name} -f` follows it"


def _only_attaches(argv: list[str]) -> bool:
    """Whether this attaches to a tmux of this user, and does nothing else.

    Whoever answers in a server's place must not get more. A foreign tmux server could run commands in its
    clients, and tmux itself takes many more words than these.
    """
    match argv:
        case ["tmux", "-L", server, "attach", "-t", target]:  # -L names one in a folder of this user alone
            return all(_NAME.fullmatch(name) for name in (server, target))
    return False


def _become(argv: list[str]) -> NoReturn:
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        where = "install it, or do this on the machine on which the server runs"
        raise Failure(f"{argv[0]} cannot be started here ({error.strerror}): {where}") from error
