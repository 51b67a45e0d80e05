"""What ennio needs on this machine, and what to do about what is missing."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ask_server import Options, ask, configuration, whereabouts
from .containment import containment
from .findings import Finding, Verdict
from .outward import configured, reached
from .running import Running, running
from .storage import database, stored
from .tables import as_json, table
from .terminal import Failure, one_line, progress, say
from .unowned import unowned

if TYPE_CHECKING:
    from ennio.supervisor.config import AgentConfig, Config

    from ..client import Client

_OLDEST_GIT = (2, 31)
_OLDEST_TMUX = (3, 2)
_PATIENCE = 5.0


def doctor(options: Options) -> None:
    """Look at everything and tell; raise `Failure` when something essential is missing."""
    with progress("looking around"):
        findings = list(examine(options))
    if options.json:
        say(as_json([asdict(finding) for finding in findings]))
    else:
        rows = [[f.check, f.verdict, f.says] for f in findings]
        say(table(["CHECK", "VERDICT", "WHAT WAS FOUND"], rows))
    missing = [finding.check for finding in findings if finding.verdict is Verdict.MISSING]
    if missing:
        raise Failure(f"mend this first: {', '.join(missing)}")


def examine(options: Options) -> Iterator[Finding]:
    """Yield the findings; what depends on the configuration is left out where that is wrong."""
    yield _tool("git", _version("git"), _OLDEST_GIT)
    try:
        config = configuration(options, serving=True)
    except Failure as failure:
        yield _tmux(needed=False)
        yield Finding("configuration", Verdict.MISSING, one_line(str(failure)))
        return
    yield _tmux(needed=any(project.runtime == "tmux" for project in config.projects))
    yield _configuration(config)
    for name in sorted({project.agent for project in config.projects}):
        yield _agent(name, config.agents.get(name))
    yield from configured(config)
    yield _data_folder(config.data_dir)
    try:
        server = running(config.data_dir)
    except Failure as failure:
        yield Finding("server", Verdict.MISSING, str(failure))
        return
    yield from _alive(config, server) if server else _at_rest(config)


def _tool(name: str, said: str | None, oldest: tuple[int, int]) -> Finding:
    found = re.search(r"(\d+)\.(\d+)", said or "")
    wanted = ".".join(map(str, oldest))
    if said is None or found is None:
        return Finding(name, Verdict.MISSING, f"not on PATH: install {name} {wanted} or later")
    if (int(found[1]), int(found[2])) < oldest:
        return Finding(name, Verdict.MISSING, f"{said} is too old: install {wanted} or later")
    return Finding(name, Verdict.OK, said)


def _tmux(*, needed: bool) -> Finding:
    said = _version("tmux", "-V")
    if needed:
        return _tool("tmux", said, _OLDEST_TMUX)
    return Finding("tmux", Verdict.OK, f"{said or 'not on PATH'}, and nothing here needs it")


def _configuration(config: "Config") -> Finding:
    if not config.projects:
        return Finding("configuration", Verdict.MISSING, f"{config.file} has no [[projects]] yet: add one")
    if config.warnings:
        return Finding("configuration", Verdict.MIND, f"{config.file}: {'; '.join(config.warnings)}")
    count = len(config.projects)
    return Finding("configuration", Verdict.OK, f"{config.file}, {count} project{'s'[: count != 1]}")


def _agent(name: str, settings: "AgentConfig | None") -> Finding:
    check = f"agent {name}"
    custom = settings is not None and settings.command is not None
    program = _program(name, settings)
    if program.startswith("{workspace}"):
        return Finding(check, Verdict.OK, f"{program}, to be found in each workspace")
    path = shutil.which(program)
    if path is None:
        advice = "install it, put it on the PATH of the server, or say where it is in the configuration"
        return Finding(check, Verdict.MISSING, f"there is no program {program}: {advice}")
    # A custom agent may be any program: it is not for us to run it, be it with --version.
    return Finding(check, Verdict.OK, path if custom else f"{path}, {_version(path) or 'of unknown version'}")


def _program(name: str, settings: "AgentConfig | None") -> str:
    from ennio.supervisor.plugins import load

    if settings is not None and settings.command is not None:
        return settings.command[0]
    agent = load("agents", name)(name=name, program=settings.program if settings else None, env={})
    return str(agent.program)


def _data_folder(folder: Path) -> Finding:
    check = "data folder"
    # os.path, since Path.exists raises where a folder above may not be entered
    if not os.path.exists(folder):
        above = next(parent for parent in folder.parents if os.path.exists(parent))
        if os.access(above, os.W_OK | os.X_OK):
            return Finding(check, Verdict.OK, f"{folder}, made when the server starts")
        return Finding(check, Verdict.MISSING, f"{folder} cannot be made: {above} is not yours to write in")
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(check, Verdict.MISSING, f"{folder} is no folder that you can write in: set data_dir")
    if folder.stat().st_mode & 0o077:
        return Finding(check, Verdict.MIND, f"{folder} is open to other users: `chmod 700` closes it")
    return Finding(check, Verdict.OK, f"{folder}, private")


def _alive(config: "Config", server: Running) -> Iterator[Finding]:
    """Say what the server that runs says of itself."""

    async def question(client: "Client") -> tuple[dict[str, Any], list[Finding]] | None:
        if not await client.ready():
            return None
        return await client.system(), await reached(config, client)

    try:
        told = ask(config, question, patience=_PATIENCE)
    except Failure as failure:
        advice = "`ennio stop` ends it, if it started with another configuration"
        says = f"pid {server.pid} runs on port {server.port}, but {failure}; {advice}"
        yield Finding("server", Verdict.MISSING, says)
        return
    where = f"runs at {whereabouts(config)}, pid {server.pid}"
    if told is None:
        says = f"{where}; it is not ready: it still takes over what an earlier one left, or shuts down"
        yield Finding("server", Verdict.MIND, says)
        return
    about, outward = told
    yield Finding("server", Verdict.OK, where)
    yield from outward
    yield containment(str(about.get("containment")))
    yield stored(about.get("trouble"))


def _at_rest(config: "Config") -> Iterator[Finding]:
    """Say what a server would find here."""
    yield _place(config)
    yield containment()
    yield database(config)
    yield unowned(config.data_dir, config.orphan_timeout)


def _place(config: "Config") -> Finding:
    if config.port == 0:
        return Finding("server", Verdict.OK, "does not run; it will take any free port")
    why = _cannot_listen(config.host, config.port)
    if why:
        return Finding("server", Verdict.MISSING, f"cannot listen on {config.host} port {config.port}: {why}")
    return Finding("server", Verdict.OK, f"does not run; port {config.port} is free for it (`ennio start`)")


def _cannot_listen(host: str, port: int) -> str | None:
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        return f"{error.strerror}; set another host or port, or end the program that has this one"
    return None


def _version(program: str, option: str = "--version") -> str | None:
    """Return the first line of what a program says of its version, None when there is no such program."""
    try:
        done = subprocess.run(
            [program, option], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return one_line(done.stdout.decode(errors="replace").partition("\n")[0]) or None
