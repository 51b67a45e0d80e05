"""Real agents in a terminal: what stands on their screens is all that is known of them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.agents.driving import Driven, Model, none_alive, running
from e2e.agents.programs import Real, configuration, environment
from installed import marked

pytestmark = [
    pytest.mark.agents,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed here"),
]

KEY = "sk-ant-scripted-0123456789"


@pytest.fixture
def ennio(agent: Real, model: Model, tmp_path: Path) -> Iterator[Driven]:
    """A server whose projects run the agent in a terminal, at home where its first questions are answered."""
    home = tmp_path / "home"
    env = environment(agent, home, model.url)
    if agent.program == "claude":
        env["ANTHROPIC_API_KEY"] = KEY
        (home / ".claude.json").write_text(json.dumps(_answered(tmp_path / "state" / "workspaces")))
    config = configuration(agent, env).replace('agent = "', 'runtime = "tmux"\nagent = "')
    with running(Driven(tmp_path, config, agent)) as server:
        yield server


def _answered(workspaces: Path) -> dict[str, object]:
    """What claude 2.1.197 would ask at its first start. A folder that is trusted covers those below it."""
    return {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {str(workspaces): {"hasTrustDialogAccepted": True}},
    }


def test_it_takes_up_its_prompt_and_a_second_message(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[echo]]", "ask")
    ennio.until(session, lambda shown: shown["turns"] == 1 and shown["activity"] == "Ready", 60)

    ennio.tell(session, "two [[echo]]")

    ennio.until(session, lambda shown: shown["turns"] == 2 and shown["activity"] == "Ready", 60)
    assert model.requests()[-1]["heard"] == ["one [[echo]]", "two [[echo]]"]
    assert ennio.messages(session) == [("one [[echo]]", "accepted"), ("two [[echo]]", "accepted")]


def test_it_is_seen_to_work_and_killed_in_the_middle_of_it(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[hang]]", "ask")
    ennio.until(session, lambda _: bool(model.requests()), 60)
    ennio.until(session, lambda shown: shown["turns"] == 1, 60)
    everyone = marked(session)

    ennio.data("DELETE", f"/sessions/{session}")

    assert everyone
    assert none_alive(everyone)
