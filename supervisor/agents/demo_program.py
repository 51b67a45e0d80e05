"""The demo agent: a program that does what the lines on its standard input say, in its current folder.

Run by path with any Python 3.11, standard library alone. What is slow to import is imported where it is
used, so that a demo agent is up within milliseconds. Say `help` to it for what it knows.
"""

import os
import signal
import sys
import time
from collections.abc import Callable

NOTES = "NOTES.md"
_PAUSE = "import signal\nwhile True: signal.pause()"


class NotMeant(ValueError):
    """The line begins like a command but does not go on like one: it is a task."""


class Refused(RuntimeError):
    """The command cannot be done; the message says why."""


def say(text: str) -> None:
    """Print TEXT."""
    print(text, flush=True)


def write(rest: str) -> None:
    """Write TEXT and a newline to FILE, whatever it held."""
    _put(rest, "w")


def append(rest: str) -> None:
    """Add TEXT and a newline to the end of FILE."""
    _put(rest, "a")


def commit(rest: str) -> None:
    """Commit all that is not committed."""
    if not rest:
        raise NotMeant
    _git("add", "--all")
    _commit(rest)


def run(rest: str) -> None:
    """Run PROGRAM with its arguments, without a shell, and wait for it."""
    import shlex
    import subprocess

    try:
        argv = shlex.split(rest)
    except ValueError as error:
        raise Refused(f"{rest}: {error}") from error
    if not argv:
        raise NotMeant
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, check=False)
    except OSError as error:
        raise Refused(f"cannot run {argv[0]}: {error.strerror}") from error
    say(f"{argv[0]} ended with {done.returncode}")


def status(_: str) -> None:
    """Print what is not committed."""
    say(_git("status", "--short", "--branch"))


def log(_: str) -> None:
    """Print the last ten commits."""
    say(_git("log", "--oneline", "--max-count=10"))


def task(line: str) -> None:
    """Take the line as a task: note it in NOTES.md and commit that."""
    say(f"a task: {line}")
    _put(f"{NOTES} - {line}", "a")
    _git("add", "--", NOTES)
    _commit(line, "--", NOTES)


def hang(_: str) -> None:
    """Read nothing more, for ever."""
    say("hanging: I read no more")
    while True:
        signal.pause()


def flood(rest: str) -> None:
    """Print as fast as can be, for SECONDS or until ended."""
    end = time.monotonic() + _seconds(rest, float("inf"))
    block = "".join(f"flood {number:04} {'~' * 52}\n" for number in range(1000))
    while time.monotonic() < end:
        sys.stdout.write(block)
    say("the flood is over")


def fork(rest: str) -> None:
    """Leave N children (100 at most) behind, each in a session of its own, out of the process tree."""
    for _ in range(_whole(rest, 1, 100)):
        if _left_behind():
            while True:
                signal.pause()
    say(f"left {rest} children behind")


def hide(rest: str) -> None:
    """Leave N children behind like fork, and with an empty environment."""
    for _ in range(_whole(rest, 1, 100)):
        if _left_behind():
            os.execve(sys.executable, [sys.executable, "-ISc", _PAUSE], {})
    say(f"hid {rest} children")


def bomb(rest: str) -> None:
    """For SECONDS (10 unless told, 60 at most) let a process live only to start the next one."""
    end = time.monotonic() + min(_seconds(rest, 10.0), 60.0)
    if _left_behind():
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
            time.sleep(0.005)
        os._exit(0)
    say("the bomb is lit")


def ignore_term(_: str) -> None:
    """Ignore SIGTERM, SIGINT and SIGHUP from now on; children left behind later do so too."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    say("I ignore SIGTERM now")


def stop(_: str) -> None:
    """Stop this process with SIGSTOP."""
    say("stopping myself")
    os.kill(os.getpid(), signal.SIGSTOP)
    say("I was continued")


def crash(_: str) -> None:
    """End with an unhandled exception."""
    raise RuntimeError("the demo agent was told to crash")


def leave(rest: str) -> None:
    """End with the exit code CODE, 0 to 255."""
    code = _whole(rest, 0, 255)
    say(f"leaving with {code}")
    raise SystemExit(code)


def sleep(rest: str) -> None:
    """Do nothing for SECONDS, then read on."""
    seconds = _seconds(rest)
    say(f"sleeping for {seconds:g} s")
    time.sleep(seconds)
    say("awake again")


def slow(rest: str) -> None:
    """From now on think for SECONDS about every line."""
    _pace[0] = _seconds(rest)
    say(f"I think for {_pace[0]:g} s about every line now")


def show_help(_: str) -> None:
    """Print this."""
    for usage, does in COMMANDS.items():
        say(f"  {usage:<24} {does.__doc__}")
    say(f"  {'anything else':<24} {task.__doc__}")


COMMANDS: dict[str, Callable[[str], None]] = {
    "help": show_help,
    "say TEXT": say,
    "write FILE TEXT": write,
    "append FILE TEXT": append,
    "commit MESSAGE": commit,
    "run PROGRAM [ARGUMENTS]": run,
    "status": status,
    "log": log,
    "sleep SECONDS": sleep,
    "slow SECONDS": slow,
    "hang": hang,
    "flood [SECONDS]": flood,
    "fork N": fork,
    "hide N": hide,
    "bomb [SECONDS]": bomb,
    "ignore-term": ignore_term,
    "stop": stop,
    "crash": crash,
    "exit CODE": leave,
}
_USAGES = {usage.split()[0]: usage for usage in COMMANDS}
_pace = [0.0]


def obey(line: str) -> None:
    """Do what one line says: a command, or a task when it does not read as one."""
    verb, _, rest = line.partition(" ")
    usage = _USAGES.get(verb, "")
    try:
        if usage and not (rest and usage == verb):
            return COMMANDS[usage](rest.strip())
    except NotMeant:
        pass
    return task(line)


def main() -> None:
    """Greet, then obey line by line until the input ends."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    branch = os.environ.get("ENNIO_BRANCH") or "no branch that I know of"
    say(f"demo agent, pid {os.getpid()}, in {os.getcwd()}, on {branch}; `help` says what I can do")
    for raw in sys.stdin.buffer:
        if line := raw.decode(errors="replace").replace("\0", "").strip():
            time.sleep(_pace[0])
            try:
                obey(line)
            except Refused as error:
                say(f"I cannot: {error}")
    say("no more messages; goodbye")


def _seconds(text: str, default: float | None = None) -> float:
    if not text and default is not None:
        return default
    try:
        seconds = float(text)
    except ValueError as error:
        raise NotMeant from error
    if 0 <= seconds <= 86400:
        return seconds
    raise NotMeant


def _whole(text: str, least: int, most: int) -> int:
    if text.isdecimal() and len(text) < 4 and least <= int(text) <= most:
        return int(text)
    raise NotMeant


def _left_behind() -> bool:
    """Return True in a new process that has left the session and whose parent is gone, False here."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    return True


def _put(name_and_text: str, mode: str) -> None:
    name, _, text = name_and_text.partition(" ")
    if not text:
        raise NotMeant
    top = os.path.realpath(".")
    path = os.path.realpath(name)
    if os.path.commonpath([top, path]) != top or ".git" in os.path.relpath(path, top).split(os.sep):
        raise Refused(f"{name} is not a file of this worktree")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, mode, encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        raise Refused(f"{name}: {error.strerror}") from error
    say(f"wrote {os.path.relpath(path, top)}")


def _commit(message: str, *paths: str) -> None:
    _git("commit", "--quiet", f"--message={message}", *paths)
    say(f"committed {_git('log', '--oneline', '--max-count=1')}")


def _git(*arguments: str) -> str:
    import subprocess

    ours = ("user.name=ennio demo agent", "user.email=demo@localhost", "commit.gpgsign=false")
    argv = ["git", *(word for setting in ours for word in ("-c", setting)), *arguments]
    # GIT_AUTHOR_NAME and its like would win over `-c user.name`.
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))}
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=env, check=False)
    except OSError as error:
        raise Refused(f"cannot run git: {error.strerror}") from error
    words = (done.stdout + (done.stderr if done.returncode else b"")).decode(errors="replace").strip()
    if done.returncode:
        raise Refused(f"git {arguments[0]} ended with {done.returncode}: {words or 'it said nothing'}")
    return words


if __name__ == "__main__":
    main()
