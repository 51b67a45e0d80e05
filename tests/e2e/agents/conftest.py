import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.agents.driving import Driven, Model, running, scripted
from e2e.agents.programs import REAL, Real, configuration, environment


@pytest.fixture(params=REAL)
def agent(request: pytest.FixtureRequest) -> Real:
    """Each real agent that is installed, and among those of the variable AGENTS, if it is set."""
    chosen = os.environ.get("AGENTS", "").split() or list(REAL)
    if request.param not in chosen:
        pytest.skip(f"{request.param} is not among AGENTS={' '.join(chosen)}")
    real = REAL[request.param]
    if not real.path.exists():
        pytest.skip(f"{request.param} is not installed here: make agents AGENTS={request.param}")
    return real


@pytest.fixture
def model() -> Iterator[Model]:
    with scripted() as one:
        yield one


@pytest.fixture
def subscription() -> bool:
    """Whether the agent's account is a subscription, where that makes a difference."""
    return False


@pytest.fixture
def ennio(agent: Real, model: Model, tmp_path: Path, subscription: bool) -> Iterator[Driven]:
    """A server of the test's own, whose projects run the agent; stopped at the end if it still runs."""
    env = environment(agent, tmp_path / "home", model.url, subscription=subscription)
    with running(Driven(tmp_path, configuration(agent, env), agent)) as server:
        yield server
