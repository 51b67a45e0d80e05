"""What goes in and out of an agent, and who commands it; real agents."""

import os
import signal
import socket
import sys
import time
from typing import Any

import pytest
from real_shim import PATIENCE, Run, Zygote, alive, wait_until

SLOW = """
import os, sys, time
print("ready", flush=True)
while not os.path.exists("read"):
    time.sleep(0.01)
total = 0
while data := os.read(0, 65536):
    total += len(data)
    if data.endswith(b"!"):
        print(total, flush=True)
"""
"""Reads once it may, and says how much it has read after each `!`."""


def started(zygote: Zygote, *argv: str, **order: Any) -> Run:
    run = zygote.run(*argv, **order)
    run.started()
    return run


def slow(zygote: Zygote) -> Run:
    run = started(zygote, sys.executable, "-ISc", SLOW)
    run.wait_for_output(b"ready")
    return run


def descends_from(pid: int, holder: int) -> bool:
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b") ")[2].split()[1]) == holder


def test_letters_arrive_in_order_and_each_is_begun_and_done(zygote: Zygote) -> None:
    run = started(zygote, "cat")
    for seq in range(1, 51):
        run.server.say("write", b"%d\n" % seq, seq=seq)
    run.server.say("close_input")
    assert run.server.end()[-1] == {"is": "exited", "code": 0}
    assert run.output() == b"".join(b"%d\n" % seq for seq in range(1, 51))
    answers = [header for header in run.server.heard if "seq" in header]
    assert answers == [{"is": what, "seq": seq} for seq in range(1, 51) for what in ("begun", "done")]
    assert (run.folder / "input").read_bytes() == b"50"


def test_a_number_that_comes_again_is_not_written_again(zygote: Zygote) -> None:
    run = started(zygote, "cat")
    for _ in range(3):
        run.server.say("write", b"once\n", seq=1)
    run.server.say("close_input")
    heard = run.server.end()
    assert run.output() == b"once\n"
    assert heard.count({"is": "done", "seq": 1}) == 3
    assert heard.count({"is": "begun", "seq": 1}) == 1


def test_a_letter_that_waits_is_withdrawn_and_a_begun_one_completed(zygote: Zygote) -> None:
    run = slow(zygote)
    run.server.say("write", b"a" * 300_000 + b"!", seq=1)
    run.server.say("write", b"b" * 300_000 + b"!", seq=2)
    run.server.say("write", b"c!", seq=3)
    run.server.say("withdraw", seq=1)
    run.server.say("withdraw", seq=2)
    assert [run.server.next() for _ in range(3)] == [
        {"is": "begun", "seq": 1},
        {"is": "begun", "seq": 1},
        {"is": "withdrawn", "seq": 2},
    ]
    (run.folder / "read").touch()
    assert run.server.until("done") == {"is": "done", "seq": 1}
    assert run.server.until("done") == {"is": "done", "seq": 3}
    run.wait_for_output(b"300003")


def test_an_agent_that_reads_no_more_is_deaf_and_lives_on(zygote: Zygote) -> None:
    run = started(zygote, "sh", "-c", "exec 0<&-; echo closed; exec sleep 20")
    run.wait_for_output(b"closed")
    run.server.say("write", b"hello", seq=1)
    run.server.say("write", b"hello", seq=2)
    assert run.server.next() == {"is": "deaf", "seq": 1}
    assert run.server.next() == {"is": "deaf", "seq": 2}
    assert not (run.folder / "exit.json").exists()


def test_an_agent_that_closes_its_output_is_served_on_and_by_the_next_server_too(zygote: Zygote) -> None:
    """The next connection gets the number of the descriptor that was closed."""
    run = started(zygote, "sh", "-c", "echo bye; exec >/dev/null 2>&1; cat > heard")
    run.wait_for_output(b"bye")
    heard = run.folder / "heard"
    wait_until(heard.exists)
    later = run.attach()
    assert later.until("attached")
    later.say("write", b"hello", seq=1)
    assert later.until("done")
    wait_until(lambda: heard.read_bytes() == b"hello")
    assert run.notes() == ""


def test_what_the_disk_refused_is_in_the_log_once_it_takes_it(zygote: Zygote) -> None:
    run = started(zygote, "sh", "-c", "read word; echo $word; read word; exec >/dev/null; read word")
    output = run.folder / "output"
    output.write_text("this is no folder")
    run.server.say("write", b"hello\n", seq=1)
    wait_until(lambda: "cannot be written" in run.notes())
    run.server.say("write", b"be quiet now\n", seq=2)
    output.unlink()
    run.wait_for_output(b"hello")


def test_who_comes_later_hears_what_was_taken_and_done_and_what_was_not_begun_is_dropped(
    zygote: Zygote,
) -> None:
    run = slow(zygote)
    run.server.say("write", b"a!", seq=1)
    run.server.until("done")
    run.server.say("write", b"b" * 300_000 + b"!", seq=2)
    run.server.until("begun")
    run.server.say("write", b"c!", seq=3)
    run.server.say("close_input")
    run.server.socket.shutdown(socket.SHUT_WR)
    assert run.server.next() is None
    later = run.attach()
    assert later.next() == {
        "is": "attached",
        "taken": 2,
        "done": 1,
        "end": 6,
        "exit": None,
        "stopping": False,
    }
    (run.folder / "read").touch()
    assert later.until("done") == {"is": "done", "seq": 2}
    later.say("write", b"d!", seq=3)
    assert later.until("done") == {"is": "done", "seq": 3}
    run.wait_for_output(b"300005")


def test_the_newest_that_attaches_is_served_and_the_older_is_closed(zygote: Zygote) -> None:
    run = started(zygote, "cat")
    second = run.attach()
    assert second.until("attached")
    assert run.server.next() is None
    third = run.attach()
    assert third.until("attached")
    assert second.next() is None
    third.say("write", b"hello\n", seq=1)
    run.wait_for_output(b"hello")


@pytest.mark.parametrize("said", [None, b"\xff\xff\xff\xff", b"\0\0\0\1x", b'\0\0\0\x0d{"do":"stop"}'])
def test_who_connects_without_attaching_changes_nothing(zygote: Zygote, said: bytes | None) -> None:
    run = started(zygote, "cat")
    stranger = run.connect()
    if said:
        stranger.socket.sendall(said)
        assert stranger.next() is None
    else:
        stranger.socket.close()
    run.server.say("write", b"hello\n", seq=1)
    assert run.server.until("done")


@pytest.mark.parametrize(
    "frame",
    [
        {"do": "write", "seq": 0},
        {"do": "write", "seq": "1"},
        {"do": "write"},
        {"do": "stop"},
        {"do": "dance"},
        {"do": "start"},
        {},
    ],
)
def test_who_says_what_is_not_understood_is_let_go_and_the_agent_lives(
    zygote: Zygote, frame: dict[str, Any]
) -> None:
    run = started(zygote, "cat")
    run.server.say(**{"do": None, **frame})
    assert run.server.next() is None
    later = run.attach()
    assert later.until("attached")["stopping"] is False
    assert run.notes() == ""


def test_without_a_server_the_agent_ends_when_the_lease_does(zygote: Zygote) -> None:
    run = started(zygote, "sh", "-c", "trap 'echo asked; exit 5' TERM; sleep 20 & wait", orphan_timeout=0.2)
    began = time.monotonic()
    run.server.socket.close()
    run.gone()
    assert time.monotonic() - began >= 0.2
    assert (run.file("exit.json")["code"], run.file("exit.json")["alone"]) == (5, 0.2)
    assert "no server" in run.notes()


def test_who_attaches_in_time_keeps_the_agent(zygote: Zygote) -> None:
    run = started(zygote, "cat", orphan_timeout=0.5)
    run.server.socket.close()
    later = run.attach(orphan_timeout=0.1)
    assert later.until("attached")
    time.sleep(0.7)
    later.say("write", b"hello\n", seq=1)
    assert later.until("done"), "the lease of the one before counts no more"
    later.socket.close()
    run.gone(PATIENCE)


def test_a_connection_that_does_not_attach_is_no_server(zygote: Zygote) -> None:
    run = started(zygote, "cat", orphan_timeout=0.2)
    stranger = run.connect()
    run.server.socket.close()
    run.gone()
    assert stranger.next() is None


def test_what_an_agent_leaves_running_ends_with_it(zygote: Zygote) -> None:
    run = started(zygote, "sh", "-c", "setsid sleep 20 & echo $!; exit 3")
    assert run.server.until("exited") == {"is": "exited", "code": 3}
    run.server.end()
    assert alive({int(run.output())}) == set()
    assert run.file("exit.json")["empty"] is True


def test_the_exit_is_in_the_folder_while_what_was_left_is_still_ending(zygote: Zygote) -> None:
    left = "trap 'sleep 1; exit' TERM; echo ready; while :; do sleep 0.05; done"
    run = started(zygote, "sh", "-c", f"(setsid sh -c \"{left}\") & while [ ! -e go ]; do sleep 0.05; done",
                  grace=10)  # fmt: skip
    run.wait_for_output(b"ready")
    (run.folder / "go").touch()
    run.server.until("exited")
    ended = run.file("exit.json")
    assert ended == {"code": 0, "at": ended["at"]}
    later = run.attach()
    attached = later.until("attached")
    assert (attached["exit"], attached["stopping"]) == (0, True)
    later.end()
    assert run.file("exit.json") == {**ended, "empty": True}


def test_an_agent_is_asked_once_and_has_its_grace(zygote: Zygote) -> None:
    asked = "signal.signal(15, lambda *_: (print('asked'), time.sleep(0.6), print('bye'), sys.exit(3)))"
    wait = f"import signal, sys, time; {asked}; print('ready', flush=True); signal.pause()"
    run = started(zygote, sys.executable, "-ISc", wait)
    run.wait_for_output(b"ready")
    run.server.say("stop", grace=10)
    run.server.say("stop", grace=20)
    assert run.server.end()[-1] == {"is": "exited", "code": 3}
    assert run.output() == b"ready\nasked\nbye\n"


def test_a_second_stop_shortens_the_grace(zygote: Zygote) -> None:
    run = started(zygote, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    run.wait_for_output(b"ready")
    run.server.say("stop", grace=60)
    run.server.say("stop", grace=0)
    assert run.server.end()[-1] == {"is": "exited", "code": -signal.SIGKILL}


def test_a_stopped_agent_that_obeys_is_asked_too(zygote: Zygote) -> None:
    run = started(zygote, "sh", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.05; done")
    run.wait_for_output(b"ready")
    os.kill(run.file("state.json")["agent"][0], signal.SIGSTOP)
    run.server.say("stop", grace=10)
    assert run.server.end()[-1] == {"is": "exited", "code": 4}


def test_a_stop_during_the_start_ends_it(zygote: Zygote) -> None:
    run = zygote.run("sleep", "20")
    run.server.say("stop", grace=5)
    heard = run.server.end()
    assert [header["is"] for header in heard] == ["started", "exited"]
    assert heard[-1]["code"] == -signal.SIGTERM


def test_a_flood_is_braked_and_a_server_that_does_not_read_stops_nothing(zygote: Zygote) -> None:
    run = started(zygote, "sh", "-c", "yes | head -c 3000000")
    began = time.monotonic()
    wait_until(lambda: run.attach and (run.folder / "exit.json").exists())
    assert time.monotonic() - began > 0.4, "3 MB at 4 MB/s, but for the burst"
    assert len(run.output()) == 3_000_000
    ends = [header["end"] for header in run.server.end() if header["is"] == "output"]
    assert ends == sorted(set(ends))
    assert ends[-1] == 3_000_000


def test_the_brake_is_lifted_when_the_agent_is_to_end(zygote: Zygote) -> None:
    last = "signal.signal(15, lambda *_: (os.write(1, bytes(20_000_000)), os._exit(0)))"
    wait = f"import os, signal; {last}; os.write(1, b'ready\\n'); signal.pause()"
    run = started(zygote, sys.executable, "-ISc", wait, keep_bytes=1 << 25)
    run.wait_for_output(b"ready")
    began = time.monotonic()
    run.server.say("stop", grace=30)
    run.server.end()
    assert time.monotonic() - began < 4
    assert len(run.output()) == 20_000_006
