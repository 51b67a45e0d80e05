"""Getting to the terminal of an agent that has one."""

import os
import re
import shlex
import stat
import sys
from pathlib import Path
from typing import NoReturn

from ..shapes import Session
from .ask_server import Options, ask, configuration
from .tables import as_json
from .terminal import MISUSED, Failure, hint, is_terminal, one_line, say

_TARGET = re.compile(r"[=\w.:@$%-]+", re.ASCII)
_NAME = re.compile(r"[\w.-]+", re.ASCII)


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
        case [program, "-L", name, "attach" | "attach-session", "-t", target]:
            known = _NAME.fullmatch(name) is not None  # it stands in a folder that tmux makes sure is ours
        case [program, "-S", socket, "attach" | "attach-session", "-t", target]:
            known = _is_own_socket(socket)
        case _:
            return False
    return known and Path(program).name == "tmux" and _TARGET.fullmatch(target) is not None


def _is_own_socket(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return True  # tmux has the better words for it
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()


def _become(argv: list[str]) -> NoReturn:
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        where = "install it, or do this on the machine on which the server runs"
        raise Failure(f"{Path(argv[0]).name} cannot be started here ({error.strerror}): {where}") from error
