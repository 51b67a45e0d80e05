"""Runs an agent that knows no conversation once for each message: a process is a turn.

    turns_program.py [--log FILE] [--folder FOLDER] [--ignored FOLDER] -- PROGRAM [ARGUMENT...]

It reads lines of JSON, `{"tell": TEXT}` and `{"interrupt": true}`, and prints lines of JSON: `{"hello": 1}`
once; then for each message `{"turn": "started"}`, `{"out": TEXT}` for each line that the program prints (with
`"more": true` where the line goes on in the next one), `{"log": {...}}` for each object that the program adds
to FILE as a line, and `{"turn": "ended", "code": CODE, "cancelled": BOOL}`; a program that cannot be started:
`{"turn": "ended", "error": WORDS}`. `{"error": WORDS}` is about a line of the input.

In an argument `{message_file}` stands for a private file that holds the text, and `{prompt}` for the text
itself; where neither stands, the program reads the text from its standard input. The file is in `--folder`;
`--ignored` is a folder that the program makes for itself, and that git is not to see. What is told during a
turn waits. When the input ends, what was told is done first. SIGTERM ends the turn, and this program.
Run by path with any Python 3.11, standard library alone, without threads.
"""

import json
import os
import re
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable

PIECE = 64 * 1024  # bytes that are read, and of a line printed, at once
LONGEST_LOG_LINE = 1024 * 1024
PATIENCE = 5.0  # seconds from SIGINT to SIGTERM to SIGKILL
LOOK_EVERY = 0.5  # seconds between looks at the log, and at the clock
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_PLACEHOLDER = re.compile(r"\{(?:prompt|message_file)\}")


def say(**message: object) -> None:
    """Print one line of JSON, whole."""
    rest = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    while rest:
        rest = rest[os.write(1, rest) :]


def parsed(line: bytes | bytearray) -> dict[str, object]:
    """Return the object that a line is, an empty one for anything else."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


class Output:
    """What comes through a pipe, line by line, and long lines in pieces."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd, self.open = fd, True
        self._held = bytearray()

    def read(self) -> bool:
        """Say what has come, if anything has; `open` is False once there can be no more."""
        try:
            data = os.read(self.fd, PIECE)
        except BlockingIOError:
            return False
        if not data:
            self.flush()
            os.close(self.fd)
            self.open = False
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._take(line)
            self.flush(newline=True)
        self._take(rest)
        return self.open

    def flush(self, *, newline: bool = False) -> None:
        """Say what is held: a line, or what of one has no newline yet."""
        if self._held or newline:
            say(out=self._held.removesuffix(b"\r").decode(errors="replace"))
            self._held.clear()

    def _take(self, data: bytes) -> None:
        self._held += data
        while len(self._held) > PIECE:
            # Not in the middle of a character: UTF-8 goes on with bytes 10xxxxxx, three at most.
            cut = next((at for at in range(PIECE, PIECE - 4, -1) if self._held[at] & 0xC0 != 0x80), PIECE)
            say(out=self._held[:cut].decode(errors="replace"), more=True)
            del self._held[:cut]


class Log:
    """A file that grows by lines of JSON. What stood in it at the beginning is not read."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._at = self._size()

    def look(self) -> None:
        """Say what is new, in whole lines. A file that has become shorter is read from its start."""
        size = self._size()
        self._at = self._at if self._at <= size else 0
        while self._at < size:
            with open(self._path, "rb") as file:
                file.seek(self._at)
                data = file.read(LONGEST_LOG_LINE)
            end = data.rfind(b"\n") + 1 or (len(data) if len(data) == LONGEST_LOG_LINE else 0)
            if not end:
                return
            self._at += end
            for line in data[:end].splitlines():
                if entry := parsed(line):
                    say(log=entry)

    def _size(self) -> int:
        """Return the size of a regular file; all else, a pipe too, is empty."""
        return os.path.getsize(self._path) if os.path.isfile(self._path) else 0


class Turn:
    """One run of the program, in a process group of its own. Raises OSError or ValueError if none begins."""

    def __init__(self, argv: list[str], text: str, file: str) -> None:
        values = {"{prompt}": text, "{message_file}": file}
        filled = [_PLACEHOLDER.sub(lambda match: values[match[0]], word) for word in argv]
        stdin = file if filled == argv else os.devnull
        read, write = os.pipe()
        outputs = [(os.POSIX_SPAWN_DUP2, write, fd) for fd in (1, 2)]
        try:
            self.pid = os.posix_spawnp(
                filled[0],
                filled,
                os.environ,
                file_actions=[(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0), *outputs],
                setpgroup=0,
                setsigdef=[signal.SIGPIPE, *ENDING],
            )
        except (OSError, ValueError):
            os.close(read)
            raise
        finally:
            os.close(write)
        self.output = Output(read)
        self.asked, self._again_at = 0, float("inf")

    def ask(self, number: int) -> None:
        """Ask it to end: with SIGINT, SIGTERM or SIGKILL, and after a while with the next of these."""
        self.asked, self._again_at = number, time.monotonic() + PATIENCE
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # It has ended just now, which is seen next.

    def insist(self) -> None:
        """Ask more firmly if it was asked and it is time to."""
        if time.monotonic() >= self._again_at:
            self.ask(signal.SIGTERM if self.asked == signal.SIGINT else signal.SIGKILL)

    def code(self) -> int | None:
        """Return the exit code, negative for a signal, or None while it runs. Not to be asked again then."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None


class Conversation:
    """Message after message: what was told, the turn that is on, and what earlier ones left running."""

    def __init__(self, argv: list[str], folder: str, log: Log) -> None:
        self._argv, self._log = argv, log
        self._file = os.path.join(folder, f"message-{os.getpid()}")
        self._told: deque[str] = deque()
        self._turn: Turn | None = None
        self._left: list[Output] = []
        self._input, self._listening, self._ended_by = bytearray(), True, 0
        self._woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *ENDING):
            signal.signal(number, lambda *_: None)

    def run(self) -> int:
        """Go on until the input has ended and all is done, or a signal came, which is returned; else 0."""
        say(hello=1)
        try:
            while self._turn or (self._listening and not self._ended_by):
                self._wait()
                self._go_on()
        finally:
            if self._turn:
                self._turn.ask(signal.SIGKILL)
            _remove(self._file)
        return self._ended_by

    def _wait(self) -> None:
        """Wait until there is something to read, a child ended, a signal came, or it is time to look."""
        outputs = [*self._left, *([self._turn.output] if self._turn else [])]
        readers: dict[int, Callable[[], object]] = {each.fd: each.read for each in outputs if each.open}
        readers[self._woken] = self._hear
        if self._listening:
            readers[0] = self._listen
        poll = select.poll()
        for fd in readers:
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(1000 * LOOK_EVERY if self._turn else None):
            readers[fd]()

    def _hear(self) -> None:
        """Take in which signals came: each is a byte (`signal.set_wakeup_fd`)."""
        self._ended_by = next((n for n in os.read(self._woken, PIECE) if n in ENDING), self._ended_by)

    def _go_on(self) -> None:
        """Do what is due: end the turn that is over, begin the next."""
        self._left = [each for each in self._left if each.open]
        self._log.look()
        if self._turn:
            if self._ended_by and self._turn.asked in {0, signal.SIGINT}:
                self._turn.ask(signal.SIGTERM)
            self._turn.insist()
            code = self._turn.code()
            if code is not None:
                self._end(self._turn, code)
        self._begin()

    def _listen(self) -> None:
        """Take in what stands on the input. A last line without a newline was cut off, and is none."""
        data = os.read(0, PIECE)
        self._listening = bool(data)
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._obey(parsed(self._input + line))
            self._input.clear()
        self._input += rest

    def _obey(self, message: dict[str, object]) -> None:
        text = message.get("tell")
        if isinstance(text, str):
            self._told.append(text)
            self._begin()
        elif message.get("interrupt") is not True:
            say(error="a line of the input is no message, and was left out")
        elif self._turn and not self._turn.asked:
            self._turn.ask(signal.SIGINT)

    def _begin(self) -> None:
        """Begin the next turn, if none is on and one was told of."""
        while self._told and not self._turn and not self._ended_by:
            text = self._told.popleft()
            say(turn="started")
            try:
                _write_private(self._file, text)
                self._turn = Turn(self._argv, text, self._file)
            except (OSError, ValueError) as error:
                words = (isinstance(error, OSError) and error.strerror) or error
                say(turn="ended", error=f"cannot run {self._argv[0]}: {words}")

    def _end(self, turn: Turn, code: int) -> None:
        # What it left running may go on to print; what stands in the pipe now is of this turn.
        for _ in range(16):
            if not turn.output.open or not turn.output.read():
                break
        turn.output.flush()
        self._left.append(turn.output)
        self._log.look()
        _remove(self._file)
        self._turn = None
        say(turn="ended", code=code, cancelled=bool(turn.asked))


def main(words: list[str]) -> None:
    """Read the options, converse, and end as asked to."""
    options = {"--folder": os.environ.get("TMPDIR") or "/tmp", "--log": "", "--ignored": ""}
    while words and words[0] in options and len(words) > 1:
        options[words[0]] = words[1]
        del words[:2]
    if len(words) < 2 or words[0] != "--":
        sys.exit(f"turns_program.py: {' '.join(words[:1]) or 'the end'} stands where `-- PROGRAM` must")
    if options["--ignored"] and not os.path.lexists(options["--ignored"]):
        os.mkdir(options["--ignored"])
        with open(os.path.join(options["--ignored"], ".gitignore"), "x", encoding="ascii") as file:
            file.write("*\n")
    ended_by = Conversation(words[1:], options["--folder"], Log(options["--log"])).run()
    if ended_by:
        signal.signal(ended_by, signal.SIG_DFL)
        os.kill(os.getpid(), ended_by)


def _write_private(path: str, text: str) -> None:
    _remove(path)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text.encode(errors="replace"))


def _remove(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)


if __name__ == "__main__":
    main(sys.argv[1:])
