"""An agent that needs no model and no account: to try ennio out, and to see it end what misbehaves."""

import sys
from collections.abc import Mapping
from pathlib import Path

from ..protocols import Dialogue
from ..records import Command, Job
from .dialogues.lines import Lines

_SCRIPT = str(Path(__file__).with_name("demo_program.py"))


class DemoAgent:
    """Run the demo program, which does what the lines that it is sent say.

    `program` is the Python that runs it, the server's own unless told; `env` are variables to add.
    """

    def __init__(
        self, name: str = "demo", program: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.resumes = self.reads_rules = False
        self.name = name
        self.program = program or sys.executable
        self._env = env or {}

    def command(self, job: Job) -> Command:
        """Return how to run it: isolated from the environment's Python settings, and without `site`."""
        return Command(argv=(self.program, "-I", "-S", _SCRIPT), env=dict(self._env))

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue in lines."""
        return Lines()
