"""A server that comes back with another configuration than the one under which its sessions began."""

from pathlib import Path
from typing import Any

from installed import alive, marked, running, settings


def begin(folder: Path) -> dict[str, Any]:
    """Let a server begin a session, and be killed."""
    with running(folder, settings()) as server:
        session = server.spawn("cat")
        server.wait_for(session["id"], "heard hello")
        server.process.kill()
    return session


def test_a_session_of_a_project_that_left_the_configuration_is_owned_and_ended(tmp_path: Path) -> None:
    session = begin(tmp_path)
    without = settings().replace('name = "cat"\npath', 'name = "other"\npath')
    assert "[agents.cat]" in without
    with running(tmp_path, without) as server:
        assert server.data("GET", f"/sessions/{session['id']}")["status"] == "Working"
        server.data("POST", f"/sessions/{session['id']}/send", json={"message": "again"})
        server.wait_for(session["id"], "heard again")
        pids = marked(session["id"])
        assert pids
        server.data("DELETE", f"/sessions/{session['id']}")
        assert not any(map(alive, pids))
        killed = server.data("GET", f"/sessions/{session['id']}")
        assert killed["status"] == "Killed"
        assert Path(killed["workspace_path"]).is_dir(), "whose repository it is nobody says any more"
        again = server.http.post(f"/sessions/{session['id']}/restore")
        assert again.status_code == 409


def test_an_agent_that_left_the_configuration_can_be_read_and_ended(tmp_path: Path) -> None:
    session = begin(tmp_path)
    without = settings().replace("agents.cat]", "agents.dog]").replace('agent = "cat"', 'agent = "dog"')
    without = without.replace('name = "cat"', 'name = "dog"')
    with running(tmp_path, without) as server:
        assert "heard hello" in server.text(session["id"])
        server.data("DELETE", f"/sessions/{session['id']}")
        assert server.data("GET", f"/sessions/{session['id']}")["status"] == "Killed"
        assert marked(session["id"]) == []
