"""The real agents of the tests and their scripted model, as the bench uses them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ennio.supervisor.agents.claude_code import ClaudeCode
from ennio.supervisor.agents.codex import Codex
from ennio.supervisor.agents.gemini import Gemini
from ennio.supervisor.agents.opencode import OpenCode
from ennio.supervisor.protocols import Agent

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))  # what leads an agent to the model is known there

from e2e.agents.programs import REAL, environment  # type: ignore[import-not-found]  # noqa: E402

KNOWLEDGE: dict[str, Callable[[str, str, Mapping[str, str]], Agent]] = {
    "claude": ClaudeCode,
    "codex": Codex,
    "opencode": OpenCode,
    "gemini": Gemini,
}


@dataclass(frozen=True, slots=True)
class Program:
    """One installed agent, led to the model. `name` is ennio's for it, `env` what leads it."""

    name: str
    knowledge: Agent
    path: Path
    model: str
    env: Mapping[str, str]


def installed(name: str) -> bool:
    """Tell whether `make agents` has put it there."""
    return bool(REAL[name].path.exists())


def program(name: str, home: Path, model: str) -> Program:
    """Return an agent whose home is this folder and whose model is at this address."""
    real = REAL[name]
    env: dict[str, str] = environment(real, home, model)
    knowledge = KNOWLEDGE[name](real.name, str(real.path), env)
    return Program(real.name, knowledge, real.path, real.model, env)


def bare_environment(folder: Path, mark: str) -> dict[str, str]:
    """Return what both a server and an agent without one start from: nothing of whoever runs the bench.

    All that either starts bears the mark, see `trees.marked`.
    """
    theirs = {name: os.environ[name] for name in ("PATH", "LANG", "USER") if name in os.environ}
    name, _, value = mark.partition("=")
    return {**theirs, "HOME": str(folder), name: value}


@contextmanager
def scripted_model() -> Iterator[str]:
    """Run the model until the block ends; give its address."""
    argv = [sys.executable, str(TESTS / "e2e" / "model.py")]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{process.stdout.readline().removeprefix('PORT=').strip()}"
        finally:
            process.kill()


def question(number: int) -> tuple[str, str]:
    """Return a message, and the words that only its answer holds."""
    message = f"[[echo]] number {number}"
    return message, f"user=<{message}>"


def holds(text: str, words: str) -> bool:
    """Tell whether a text holds words; where its lines are broken does not count."""
    return "".join(words.split()) in "".join(text.split())
