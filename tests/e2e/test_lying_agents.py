"""Agents that speak a protocol and mean no good: whatever they say, a kill comes first."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from installed import alive, marked, running

FLOOD = """
import json, sys
def ask(number):
    request = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "rm -rf /"}}
    print(json.dumps({"type": "control_request", "request_id": str(number), "request": request}))
for number in range(20_000):
    ask(number)
sys.stdout.flush()
sys.stdin.read()
"""


def test_an_agent_that_asks_for_twenty_thousand_permissions_is_killed_at_once(tmp_path: Path) -> None:
    (tmp_path / "flood.py").write_text(FLOOD)
    config = f"""
port = 0
data_dir = "state"
[agents.flood]
command = ["{sys.executable}", "{tmp_path}/flood.py"]
protocol = "stream-json"
[[projects]]
name = "flood"
path = "repo"
agent = "flood"
"""
    with running(tmp_path, config) as server:
        session = server.spawn("flood", prompt="go on")["id"]
        until(lambda: server.data("GET", f"/sessions/{session}")["approvals"] > 0)
        everyone, began = marked(session), time.monotonic()

        assert server.data("DELETE", f"/sessions/{session}") == "killed"

        assert time.monotonic() - began < 8
        assert everyone
        assert not [pid for pid in everyone if alive(pid)]
        assert server.data("GET", f"/sessions/{session}/approvals") == []


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)
