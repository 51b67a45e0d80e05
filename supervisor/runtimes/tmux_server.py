"""The tmux server of one data folder: started when it is wanted, talked to by commands, left alone to end."""

import os
import re
import shlex
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
import trio

from ..errors import AgentMissing, CommandFailed, Unavailable
from ..protocols import Host, Picture, Shown

_log = structlog.get_logger()

TERM = "screen-256color"
"""What a pane is to the programs in it; every system's terminfo has it."""

_OLDEST = (3, 2)
"""The first version with -D, -N and `new-session -e`."""

_KEPT = ("HOME", "LOGNAME", "PATH", "SHELL", "TMUX_TMPDIR", "USER")
"""What tmux needs of the environment. All else of the server's stays out of the panes."""

_NOT_THERE = re.compile("no server running|error connecting|server exited|lost server")

_UP = 5.0
"""Seconds that a new server may take until it answers."""

_LOOK = 0.01

_LINGER = 0.2
"""Seconds that a pane stays after its end: what has not reached the pipe when it goes is lost."""

_OPTIONS = (
    ("set-option", "-g", "default-terminal", TERM),
    ("set-option", "-g", "update-environment", ""),
    ("set-option", "-g", "remain-on-exit", "on"),
    ("set-hook", "-g", "pane-died", f'run-shell -b -C -d {_LINGER} "kill-pane -t #{{hook_pane}}"'),
)
"""Said before each session, since they count from then on; the server may be new."""


@dataclass(frozen=True, slots=True)
class Pane:
    """One pane: its id in tmux, its terminal, and how many messages were pasted into it, and entered."""

    id: str
    tty: str
    pasted: int = 0
    entered: int = 0


class TmuxServer:
    """`tmux -L NAME`, which knows no configuration file, and no environment but what it needs.

    It is a child of ours in our session, so nobody takes it for what a command left running, and in a
    group of its own, so that what a terminal sends to ours does not reach it. It outlives us, and ends with
    its last session.
    """

    def __init__(self, host: Host, nursery: trio.Nursery, name: str) -> None:
        self.name = name
        self._host, self._nursery = host, nursery
        self._env = {key: os.environ[key] for key in _KEPT if key in os.environ} | {"LC_ALL": "C.UTF-8"}
        self._env.setdefault("PATH", os.defpath)
        self._checked = False
        self._turn = trio.Lock()

    def attach(self, session: str) -> tuple[str, ...]:
        """Return the command by which somebody attaches to a session."""
        return ("tmux", "-L", self.name, "attach", "-t", f"={session}")

    async def check(self) -> None:
        """Raise `AgentMissing` where there is no tmux, or one that is too old."""
        if self._checked:
            return
        advice = 'install it, or use runtime = "process"'
        if self._program() is None:
            raise AgentMissing(f"tmux is not on this machine, and the runtime needs it: {advice}")
        said = await self._host.run(["tmux", "-V"], cwd="/", env=self._env)
        version = re.search(r"(\d+)\.(\d+)", said)
        if version and (int(version[1]), int(version[2])) < _OLDEST:
            raise AgentMissing(f"{said.strip()} is too old, the runtime needs 3.2 or newer: {advice}")
        self._checked = True

    async def open(self, session: str, mark: str, argv: Sequence[str], recorder: Sequence[str]) -> Pane:
        """Run `argv` in a new session, and pipe what it shows to `recorder`, which is told of the pane.

        Whatever the session starts carries `mark`. Cancelled or failed: what was made stays, for `close`.
        Raises `Unavailable`.
        """
        format_ = "#{pane_id} #{pane_tty}"
        size = ("-x", "200", "-y", "50")
        new = ("new-session", "-d", "-P", "-F", format_, "-s", session, *size, "-c", "/")
        await self.close(session)
        try:
            said = await self._started(
                *_OPTIONS,
                (*new, "-e", f"ENNIO_MARK={mark}", "--", *argv),
                ("set-option", "-s", "exit-empty", "on"),
                ("pipe-pane", "-O", "-t", f"={session}:", _pipe(recorder)),
            )
            pane_id, tty = said.split()
        except (CommandFailed, ValueError) as error:
            raise Unavailable(f"tmux has made no terminal for {session}: {error}") from error
        return Pane(pane_id, tty)

    async def pipe(self, pane: Pane, recorder: Sequence[str]) -> None:
        """Pipe what a pane shows to a new recorder. Raises `CommandFailed` when the pane is gone."""
        await self.run(("pipe-pane", "-O", "-t", pane.id, _pipe(recorder)))

    async def find(self, pid: int) -> Pane | None:
        """Return the pane in which this process was started, or None."""
        format_ = "#{pane_pid} #{pane_id} #{pane_tty} #{@pasted} #{@entered} ."
        with suppress(CommandFailed):
            for line in (await self.run(("list-panes", "-a", "-F", format_))).splitlines():
                first, pane_id, tty, *counts = line.removesuffix(".").split()
                if first == str(pid):
                    return Pane(pane_id, tty, *map(int, counts))
        return None

    async def paste(
        self, pane: Pane, folder: str, *, text: bytes, enter: bool, pasted: int = 0, whole: bool = True
    ) -> None:
        """Type into a pane, all at once: the text if any, and Enter if told.

        tmux notes that so many were `pasted`, and, unless Enter is still to come, that they are `whole`. A
        program that knows how is told that the text is pasted. `folder` holds it meanwhile. Raises
        `CommandFailed` when the pane is gone, and `OSError` when the folder takes no file.
        """
        buffer, words = f"ennio{pane.id}", list[tuple[str, ...]]()
        if text:
            await trio.to_thread.run_sync(_put, f"{folder}/pasted", text)
            words += [("load-buffer", "-b", buffer, "pasted")]
        if pasted:
            words += [("set-option", "-p", "-t", pane.id, "@pasted", str(pasted))]
        if whole:
            words += [("set-option", "-p", "-F", "-t", pane.id, "@entered", "#{@pasted}")]
        if text:
            words += [("paste-buffer", "-d", "-p", "-r", "-b", buffer, "-t", pane.id)]
        if enter:
            words += [
                ("set-buffer", "-b", buffer, "\r"),
                ("paste-buffer", "-d", "-r", "-b", buffer, "-t", pane.id),
            ]
        await self.run(*words, cwd=folder)

    async def screen(self, pane: Pane) -> Shown:
        """Return what a pane shows now, without its colours. Raises `CommandFailed` when it is gone."""
        title = ("display-message", "-p", "-t", pane.id, "#{pane_title}")
        said = await self.run(title, ("capture-pane", "-p", "-t", pane.id))
        first, _, rest = said.encode(errors="surrogateescape").decode(errors="replace").partition("\n")
        return Shown(text=rest, title=first)

    async def picture(self, pane: Pane) -> Picture:
        """Return how a pane looks now. Raises `CommandFailed` when it is gone."""
        format_ = "#{pane_width} #{pane_height} #{cursor_x} #{cursor_y} #{pane_title}"
        told = ("display-message", "-p", "-t", pane.id, format_)
        said = await self.run(told, ("capture-pane", "-e", "-p", "-t", pane.id))
        first, _, rest = said.encode(errors="surrogateescape").decode(errors="replace").partition("\n")
        width, height, x, y, *title = first.split(" ", 4)
        return Picture(rest, "".join(title), int(width), int(height), (int(x), int(y)))

    async def press(self, pane: Pane, text: str, key: str | None) -> None:
        """Type a text into a pane as if by hand, then press a key. Raises `CommandFailed` when it is gone."""
        words = list[tuple[str, ...]]()
        if text:  # a semicolon at a word's end would end the command (tmux(1), PARSING SYNTAX)
            typed = f"{text[:-1]}\\;" if text.endswith(";") else text
            words.append(("send-keys", "-t", pane.id, "-l", "--", typed))
        if key is not None:
            words.append(("send-keys", "-t", pane.id, "--", key))
        if words:
            await self.run(*words)

    async def close(self, session: str) -> None:
        """End a session, if it is there. What runs in it is hung up."""
        with suppress(CommandFailed):
            await self.run(("kill-session", "-t", f"={session}"))

    async def run(self, *commands: Sequence[str], cwd: str = "/") -> str:
        """Have the server obey some commands, one after the other; return what it says.

        Raises `CommandFailed`: with the first that fails, the others are not obeyed.
        """
        words = [word for command in commands for word in (";", *command)][1:]
        return await self._host.run(
            ["tmux", "-N", "-L", self.name, "-f", "/dev/null", *words], cwd=cwd, env=self._env
        )

    async def _started(self, *commands: Sequence[str]) -> str:
        """Do the same; where there is no server, start one first. It may end while we speak."""
        async with self._turn:
            with trio.move_on_after(_UP):
                pid: int | None = None
                while True:
                    try:
                        return await self.run(*commands)
                    except CommandFailed as error:
                        if not _NOT_THERE.search(error.words):
                            raise
                    if pid is None or not _lives(pid):
                        pid = self._start()
                    await trio.sleep(_LOOK)
        raise Unavailable(f"the tmux server {self.name} does not answer {_UP:g} s after its start")

    def _start(self) -> int:
        """Start the server, in the foreground as it calls that; see the class."""
        program = self._program()
        if program is None:
            raise AgentMissing("tmux is no longer on this machine")
        null = [(os.POSIX_SPAWN_OPEN, each, os.devnull, os.O_RDWR, 0) for each in (0, 1, 2)]
        shell = ["/bin/sh", "-c", 'cd / && exec "$0" "$@"']
        try:
            pid = os.posix_spawn(
                shell[0],
                [*shell, program, "-D", "-L", self.name, "-f", "/dev/null"],
                self._env,
                file_actions=null,
                setpgroup=0,
                setsigmask=[],
                setsigdef=[number for number in signal.valid_signals() if _is_ignored(number)],
            )
        except OSError as error:
            raise Unavailable(f"the tmux server {self.name} cannot be started: {error.strerror}") from error
        self._nursery.start_soon(_see_out, pid)
        return pid

    def _program(self) -> str | None:
        return shutil.which("tmux", path=self._env["PATH"])


async def _see_out(pid: int) -> None:
    """Reap a child when it ends; who is cancelled leaves it to whoever comes after us."""
    with suppress(ChildProcessError, ProcessLookupError):
        pidfd = os.pidfd_open(pid)
        try:
            await trio.lowlevel.wait_readable(pidfd)
        finally:
            os.close(pidfd)
            _reap(pid)


def _reap(pid: int) -> None:
    os.waitpid(pid, os.WNOHANG)


def _lives(pid: int) -> bool:
    with suppress(ProcessLookupError, ChildProcessError):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    return False


def _is_ignored(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def _pipe(recorder: Sequence[str]) -> str:
    """Return what tmux makes a shell's command of: in it `%` begins a time and `#` a variable (tmux(1))."""
    command = shlex.join(recorder).replace("%", "%%").replace("#", "##")
    return f"exec {command} '#{{pane_tty}}' '#{{pane_pid}}'"


def _put(path: str, text: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(text)
