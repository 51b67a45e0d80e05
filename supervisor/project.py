"""A project with everything that a session of it works with."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .config import ProjectConfig
from .errors import AgentMissing, Invalid
from .ids import SessionId
from .prompts import compose
from .protocols import Agent, Runtime, Workspace
from .records import Command, Job, Launch, Order, SessionRecord, Tree


@dataclass(frozen=True, slots=True)
class Project:
    """One project, wired: its configuration, its ports, and the environment that its agents start from.

    `env` is the server's own without its secrets. `folder` keeps what belongs to single sessions.
    """

    config: ProjectConfig
    agent: Agent
    runtime: Runtime
    workspace: Workspace
    env: Mapping[str, str]
    folder: Path
    idle_after: float
    kill_grace: float

    def check(self, order: Order) -> None:
        """Raise `Invalid` for an order that this project cannot serve, whatever else is going on."""
        if order.issue_id is not None:
            raise Invalid(f"project {self.config.id} has no tracker, so issue_id cannot be looked up")
        program = self.agent.program
        if shutil.which(program, path=self.env.get("PATH")) is None:
            hint = "install it, or say where it is in the configuration"
            raise AgentMissing(
                f"the program {Path(program).name!r} of agent {self.agent.name} is not there: {hint}"
            )

    def job(self, record: SessionRecord, tree: Tree, prompt: str | None) -> Job:
        """Describe one start of the agent, as the agent's own knowledge wants it."""
        return Job(
            session_id=record.id,
            project_id=record.project_id,
            workspace=tree.path,
            branch=tree.branch,
            prompt=prompt,
            model=self.config.model,
        )

    def launch(self, record: SessionRecord, tree: Tree, command: Command) -> Launch:
        """Describe the same start as the runtime wants it, the whole environment included."""
        about = {
            "ENNIO_SESSION_ID": record.id,
            "ENNIO_PROJECT_ID": record.project_id,
            "ENNIO_BRANCH": tree.branch,
            "ENNIO_ISSUE_ID": record.issue_id or "",
            "ENNIO_ROLE": record.role or "",
        }
        return Launch(
            session_id=record.id,
            incarnation=record.incarnation + 1,
            argv=command.argv,
            env={**self.env, **about, **command.env},
            cwd=tree.path,
            output=str(self.output(record.id)),
            keep_bytes=self.config.output_bytes,
        )

    def first_prompt(self, record: SessionRecord) -> str:
        """Return what a new agent is told."""
        return compose(record.prompt, self.config.agent_rules)

    def output(self, session_id: SessionId) -> Path:
        """Return the folder that keeps a session's output."""
        return self.folder / session_id / "output"
