"""The program as a real process, and the processes that it runs."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from installed import alive

from ennio.supervisor.agents import turns_program

SCRIPT = Path(turns_program.__file__)
WAIT = 20.0
HASTY = f"""
import sys
source = open({str(SCRIPT)!r}).read().replace("PATIENCE = 5.0", "PATIENCE = 0.2")
exec(compile(source, "turns_program.py", "exec"), {{"__name__": "__main__"}})
"""

Message = dict[str, Any]


class Turns:
    """One running program; it is killed at the end, with all that it has started."""

    def __init__(self, folder: Path, *words: str, hasty: bool = False) -> None:
        run = ["-c", HASTY] if hasty else [str(SCRIPT)]
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", *run, *words],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.seen: list[Message] = []

    def say(self, **message: object) -> None:
        self.write(json.dumps(message) + "\n")

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def read(self) -> Message:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it has ended: {self.seen}"
        self.seen.append(json.loads(line))
        return self.seen[-1]

    def until(self, **expected: object) -> Message:
        """Read until a message holds all this, and return it."""
        while True:
            message = self.read()
            if expected.items() <= message.items():
                return message

    def turn(self, text: str) -> list[str]:
        """Have one turn; return what was printed in it."""
        self.say(tell=text)
        self.until(turn="started")
        start = len(self.seen)
        self.until(turn="ended")
        return [message["out"] for message in self.seen[start:] if "out" in message]

    def all(self) -> list[Message]:
        """Tell it no more; return all that it says until it ends."""
        out, _ = self.process.communicate(timeout=WAIT)
        return [*self.seen, *map(json.loads, out.splitlines())]


@pytest.fixture
def running() -> Iterator[list[Turns]]:
    turns: list[Turns] = []
    yield turns
    for one in turns:
        if one.process.poll() is None:
            for process in (*psutil.Process(one.process.pid).children(recursive=True), one.process):
                process.kill()
        one.process.communicate(timeout=WAIT)


class Start:
    def __init__(self, folder: Path, running: list[Turns]) -> None:
        self._folder, self._running = folder, running

    def __call__(self, *words: str, hasty: bool = False) -> Turns:
        self._running.append(Turns(self._folder, *words, hasty=hasty))
        return self._running[-1]


@pytest.fixture
def start(tmp_path: Path, running: list[Turns]) -> Start:
    return Start(tmp_path, running)


def shell(script: str) -> tuple[str, ...]:
    return ("--", "sh", "-c", script)


# The message.


def test_a_message_is_read_from_standard_input_where_the_command_has_no_place_for_it(start: Start) -> None:
    turns = start("--", "cat")
    assert turns.turn("two\nlines, José") == ["two", "lines, José"]
    assert turns.turn("and again") == ["and again"]
    assert turns.process.poll() is None


def test_a_message_stands_in_a_private_file_while_its_turn_lasts(start: Start, tmp_path: Path) -> None:
    show = (
        'import os, sys; print(sys.argv[1], oct(os.stat(sys.argv[1]).st_mode)); print(*sys.stdin, "no more")'
    )
    turns = start("--folder", str(tmp_path), "--", sys.executable, "-c", show, "{message_file}")
    shown, rest = turns.turn("Fix it")
    path, mode = shown.split()
    assert Path(path).parent == tmp_path
    assert int(mode, 8) == stat.S_IFREG | 0o600
    assert rest == "no more"
    assert list(tmp_path.iterdir()) == []


def test_what_stands_under_the_file_s_name_is_not_written_through(start: Start, tmp_path: Path) -> None:
    turns = start("--", "cat", "{message_file}")
    turns.until(hello=1)
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / f"message-{turns.process.pid}").symlink_to(precious)
    assert turns.turn("Fix it") == ["Fix it"]
    assert precious.read_text() == "mine"


def test_a_message_stands_in_arguments_whole_and_is_not_filled_in_again(start: Start) -> None:
    text = "a 'b'\n$(c) {message_file} {prompt}"
    assert start("--", "printf", "<%s>", "{prompt}", "--m={prompt}").turn(text) == (
        f"<{text}><--m={text}>".split("\n")
    )


def test_a_long_message_arrives_whole(start: Start) -> None:
    text = "é" * 1_000_000
    assert start("--", "wc", "-c").turn(text) == ["2000000"]
    turns = start("--", "true", "{prompt}")
    assert turns.turn(text) == []
    assert turns.seen[-1] == {"turn": "ended", "error": "cannot run true: Argument list too long"}


def test_half_of_a_surrogate_pair_does_no_harm(start: Start) -> None:
    assert start("--", "cat").turn("a \ud83d") == ["a ?"]


def test_messages_that_come_in_mid_turn_wait_for_its_end(start: Start) -> None:
    turns = start("--", "cat")
    for text in "abc":
        turns.say(tell=text)
    one = [{"turn": "started"}, {"out": "?"}, {"turn": "ended", "code": 0, "cancelled": False}]
    said = [{**message, "out": text} if "out" in message else message for text in "abc" for message in one]
    assert turns.all() == [{"hello": 1}, *said]
    assert turns.process.returncode == 0


def test_what_is_no_message_is_left_out_and_said_so(start: Start) -> None:
    turns = start("--", "cat")
    turns.write('\nno json\n[]\n{"tell": 3}\n{"tell": "x"}\n{"tell": "cut o')
    messages = turns.all()
    assert [message for message in messages if "out" in message] == [{"out": "x"}]
    assert sum("error" in message for message in messages) == 4


# Output.


def test_both_outputs_are_told_line_by_line_in_their_order(start: Start) -> None:
    assert start(*shell("echo a; echo b >&2; printf 'c\\r\\n\\n'; printf d")).turn("") == [
        "a",
        "b",
        "c",
        "",
        "d",
    ]


def test_bytes_that_are_no_text_are_replaced(start: Start) -> None:
    assert start(*shell(r"printf 'a\377b\n'")).turn("") == ["a\ufffdb"]


def test_a_long_line_is_cut_in_pieces_and_in_no_character(start: Start) -> None:
    turns = start("--", "cat")
    pieces = turns.turn("é" * 100_000 + "\nshort")
    assert "".join(pieces[:-1]) == "é" * 100_000
    assert pieces[-1] == "short"
    assert max(len(piece.encode()) for piece in pieces) <= 64 * 1024
    told = [message for message in turns.seen if "out" in message]
    assert [message.get("more") for message in told] == [*[True] * (len(told) - 2), None, None]


def test_output_is_told_as_it_comes(start: Start) -> None:
    turns = start(*shell("echo now; sleep 60"))
    turns.say(tell="")
    turns.until(out="now")
    turns.say(interrupt=True)
    turns.until(turn="ended")


def test_what_a_turn_left_running_does_not_hold_it_up(start: Start) -> None:
    turns = start(*shell("(sleep 0.3; echo late) & echo early"))
    assert turns.turn("") == ["early"]
    assert turns.read() == {"out": "late"}
    assert turns.turn("") == ["early"]


def test_a_flood_of_what_a_turn_left_running_does_not_hold_it_up(start: Start) -> None:
    turns = start(*shell("(sleep 0.05; exec yes) & echo $!; sleep 0.1"))
    pid = next(line for line in turns.turn("") if line != "y")
    os.kill(int(pid), signal.SIGKILL)
    assert turns.seen[-1]["turn"] == "ended"


# The log.


def test_objects_that_are_added_to_the_log_are_told_within_the_turn(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"old": 1}\n')
    add = """printf '{"n": 1}\\nno json\\n[2]\\n{"n": ' >> log.jsonl; printf '3}\\n{"cut": ' >> log.jsonl"""
    turns = start("--log", str(log), *shell(add))
    turns.turn("")
    assert [message["log"] for message in turns.seen if "log" in message] == [{"n": 1}, {"n": 3}]
    assert turns.seen[-1]["turn"] == "ended"


def test_the_log_is_told_while_the_turn_goes_on(start: Start, tmp_path: Path) -> None:
    turns = start("--log", str(tmp_path / "log"), *shell("""echo '{"n": 1}' > log; exec sleep 60"""))
    turns.say(tell="")
    turns.until(log={"n": 1})
    turns.say(interrupt=True)
    turns.until(turn="ended")


def test_a_log_that_was_written_anew_is_read_from_its_start(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("x" * 100)
    turns = start("--log", str(log), *shell("""echo '{"n": 1}' > log"""))
    turns.turn("")
    assert {"log": {"n": 1}} in turns.seen


def test_a_log_that_is_no_file_and_a_line_that_is_too_long_are_passed_over(
    start: Start, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert start("--log", str(tmp_path / "pipe"), *shell("echo a")).turn("") == ["a"]
    long = "head -c 3000000 /dev/zero | tr '\\0' x >> log; echo >> log; echo '{\"n\": 1}' >> log"
    turns = start("--log", str(tmp_path / "log"), *shell(long))
    turns.turn("")
    assert [message for message in turns.seen if "log" in message] == [{"log": {"n": 1}}]


# Its end.


def test_a_code_is_told(start: Start) -> None:
    turns = start("--", "sh", "-c", "{prompt}")
    turns.turn("exit 3")
    assert turns.seen[-1] == {"turn": "ended", "code": 3, "cancelled": False}
    turns.turn("kill -9 $$")
    assert turns.seen[-1] == {"turn": "ended", "code": -9, "cancelled": False}


def test_a_program_that_cannot_be_started_ends_its_turn_and_no_more(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "program"
    turns = start("--", str(program))
    turns.turn("")
    assert turns.seen[-1] == {"turn": "ended", "error": f"cannot run {program}: No such file or directory"}
    program.write_text("#!/bin/sh\necho here\n")
    turns.turn("")
    assert turns.seen[-1]["error"].endswith("Permission denied")
    program.chmod(0o700)
    assert turns.turn("") == ["here"]


def test_nul_in_an_argument_ends_its_turn(start: Start) -> None:
    turns = start("--", "echo", "{prompt}")
    turns.turn("a\0b")
    assert turns.seen[-1] == {"turn": "ended", "error": "cannot run echo: embedded null byte"}


def test_an_interrupt_is_a_sigint_to_the_program_s_group_and_ends_one_turn(start: Start) -> None:
    turns = start(*shell("trap 'echo asked; exit 5' INT; sleep 60 & echo begun; wait"))
    turns.say(tell="a")
    turns.until(out="begun")
    turns.say(tell="b")
    turns.say(interrupt=True)
    assert turns.until(turn="ended") == {"turn": "ended", "code": 5, "cancelled": True}
    assert {"out": "asked"} in turns.seen
    turns.until(out="begun")
    turns.say(interrupt=True)
    turns.until(turn="ended")


def test_an_interrupt_between_turns_does_nothing(start: Start) -> None:
    turns = start("--", "cat")
    turns.say(interrupt=True)
    assert turns.turn("a") == ["a"]
    assert turns.seen[-1]["cancelled"] is False


@pytest.mark.parametrize(("ignored", "code"), [("INT", -signal.SIGTERM), ("INT TERM", -signal.SIGKILL)])
def test_a_program_that_does_not_heed_an_interrupt_is_ended(start: Start, ignored: str, code: int) -> None:
    turns = start(*shell(f"trap '' {ignored}; echo begun; while :; do sleep 0.05; done"), hasty=True)
    turns.say(tell="")
    turns.until(out="begun")
    turns.say(interrupt=True)
    assert turns.until(turn="ended") == {"turn": "ended", "code": code, "cancelled": True}


def test_when_the_input_ends_what_was_told_is_done_first(start: Start) -> None:
    turns = start(*shell("cat; sleep 0.2; echo"))
    turns.say(tell="a")
    turns.say(tell="b")
    assert [message["out"] for message in turns.all() if "out" in message] == ["a", "b"]
    assert turns.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_turn_and_the_program(start: Start, tmp_path: Path, number: int) -> None:
    turns = start(*shell("echo $$; exec sleep 60"))
    turns.say(tell="a")
    turns.say(tell="never")
    turns.until(turn="started")
    pid = int(turns.read()["out"])
    turns.process.send_signal(number)
    assert turns.all()[-1] == {"turn": "ended", "code": -signal.SIGTERM, "cancelled": True}
    assert turns.process.returncode == -number
    assert not alive(pid)
    assert list(tmp_path.iterdir()) == []


def test_nobody_who_listens_any_more_ends_it(start: Start) -> None:
    turns = start(*shell("echo $$; exec yes"))
    turns.say(tell="a")
    turns.until(turn="started")
    pid = int(turns.read()["out"])
    assert turns.process.stdout is not None
    turns.process.stdout.close()
    turns.process.wait(WAIT)
    end = time.monotonic() + WAIT
    while alive(pid):
        assert time.monotonic() < end
        time.sleep(0.01)


# All else.


def test_a_folder_that_git_is_not_to_see_is_made_once(start: Start, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    for _ in range(2):
        start("--ignored", ".cache", *shell("touch .cache/map")).turn("")
    status = ["git", "status", "--porcelain"]
    assert subprocess.run(status, cwd=tmp_path, check=True, capture_output=True).stdout == b""
    assert (tmp_path / ".cache" / "map").exists()


def test_a_wrong_command_line_is_refused(start: Start) -> None:
    turns = start("--what", "--", "cat")
    out, _ = turns.process.communicate(timeout=WAIT)
    assert b"--what stands where" in out
    assert turns.process.returncode == 1


def test_it_imports_nothing_beyond_the_standard_library_and_little_of_that(tmp_path: Path) -> None:
    show = "import sys; exec(open(sys.argv[1]).read(), {'__name__': 'turns'}); print(*sys.modules)"
    argv = [sys.executable, "-I", "-S", "-c", show, str(SCRIPT)]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded <= {*sys.stdlib_module_names, "__main__"}
    assert not loaded & {"subprocess", "threading", "typing", "selectors", "tempfile"}
