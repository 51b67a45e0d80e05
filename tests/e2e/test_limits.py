"""Runaway agents and agents that end too often, with a real server."""

import sys
import time
from pathlib import Path
from typing import Any

from installed import Server, marked, running, settings

GREEDY = "kept = bytearray(200 << 20)\nfor at in range(0, len(kept), 4096): kept[at] = 1"
WORK = "import time; print('at work', flush=True)\n{}\nprint('done', flush=True)\ntime.sleep(60)"
LIMITS = """
[[projects]]
name = "{name}-limited"
path = "repo"
agent = "{name}"
{keys}
"""


def python(words: str) -> list[str]:
    return [sys.executable, "-c", words]


def limited(**keys: str) -> str:
    return "".join(LIMITS.format(name=name, keys=line) for name, line in keys.items())


def wait_until_over(server: Server, session_id: str, word: str = "Exited") -> dict[str, Any]:
    give_up = time.monotonic() + 12
    while (session := server.data("GET", f"/sessions/{session_id}"))["status"] != word:
        assert time.monotonic() < give_up, f"{session}\n{server.log.read_text()}"
        time.sleep(0.05)
    return dict(session)


def types(server: Server, session_id: str) -> list[str]:
    return [one["event_type"] for one in server.data("GET", f"/sessions/{session_id}/events")]


def test_whatever_runs_away_is_ended_whole_and_told_why(own: Path) -> None:
    agents = {
        "greedy": python(WORK.format(GREEDY)),
        "fertile": ["sh", "-c", "for n in 1 2 3 4 5 6 7 8; do sleep 60 & done; echo up; wait"],
        "eternal": ["sh", "-c", "while :; do echo x; sleep 0.2; done"],
        "silent": ["sh", "-c", "echo x; exec sleep 60"],
        "talked": ["sh", "-c", 'while read -r word; do echo "$word"; done'],
        "modest": python(WORK.format("kept = b'x' * (20 << 20)")),
    }
    projects = limited(
        greedy="limits = { memory_mb = 100 }",
        fertile="limits = { processes = 5 }",
        eternal="limits = { wall_clock = 2 }",
        silent="limits = { idle = 1.5 }",
        talked="limits = { turns = 3 }",
        modest="limits = { memory_mb = 100, processes = 2, wall_clock = 100, idle = 100, turns = 2 }",
    )
    reasons = {
        "greedy": "limit memory_mb: 20",
        "fertile": "limit processes: 9 of 5",
        "eternal": "limit wall_clock: ",
        "silent": "limit idle: ",
        "talked": "limit turns: 4 of 3",
    }
    top = '[restart]\npolicy = "always"'
    with running(own, settings(projects, top=top, **agents)) as server:
        sessions = {name: server.spawn(f"{name}-limited")["id"] for name in agents}
        for word in ("one", "two", "three"):
            server.data("POST", f"/sessions/{sessions['talked']}/send", json={"message": word})
        for name, reason in reasons.items():
            session = wait_until_over(server, sessions[name])
            assert reason in session["reason"], session
            assert marked(sessions[name]) == []
            *_, limit, end, notice = types(server, sessions[name])
            assert (limit, end, notice) == ("LimitExceeded", "SessionExited", "ReactionTriggered")
        server.wait_for(sessions["modest"], "done")
        assert server.data("GET", f"/sessions/{sessions['modest']}")["status"] == "Working"
        again = server.data("POST", f"/sessions/{sessions['eternal']}/restore")
        assert again["status"] == "Working"


def test_an_agent_that_fails_too_often_stays_exited_and_one_that_finishes_is_done(own: Path) -> None:
    agents = {"broken": ["sh", "-c", "echo again; exit 3"], "fine": ["sh", "-c", "exit 0"]}
    top = '[restart]\npolicy = "on-failure"\nintensity = 2\nperiod = 60'
    with running(own, settings(top=top, **agents)) as server:
        broken, fine = server.spawn("broken")["id"], server.spawn("fine")["id"]
        session = wait_until_over(server, fine, "Done")
        assert session["exit_code"] == 0
        give_up = time.monotonic() + 10
        while "so it is not any more" not in ((session := wait_until_over(server, broken))["reason"] or ""):
            assert time.monotonic() < give_up, session
        assert session["reason"].startswith("it ended with exit code 3; it was started again 2 times")
        assert server.text(broken).count("again") == 3
        assert types(server, broken).count("SessionRestored") == 2
