"""A project with everything that a session of it works with."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .accounts import Accounts
from .config import ProjectConfig
from .couriers import Couriers
from .errors import AgentMissing, Invalid, Unavailable
from .events import now
from .grants import Grants
from .ids import SessionId
from .ledger import Ledger
from .prices import Prices
from .prompts import compose
from .protocols import Agent, Runtime, Scm, Tracker, Workspace
from .records import Command, Hold, Issue, Job, Launch, Order, Permissions, SessionRecord, Tree

_MEMORY_CEILING = 1.25
"""The kernel's own limit, as a multiple of the configured one: it is for what outruns the guard, and must be
high enough for the guard to see that the limit was passed."""
_TASKS_CEILING = 32
"""The same for processes; the kernel counts every thread (cgroup v2, `pids.max`)."""


@dataclass(frozen=True, slots=True)
class Project:
    """One project, wired: its configuration, its ports, and the environment that its agents start from.

    `runtime` is for new agents, `runtimes` finds by name that of an agent which runs already. `env` is the
    server's own without its secrets. `folder` keeps what belongs to single sessions.
    `grants` makes tokens for agents that may supervise others, and `url` is where those ask.
    A start that nobody waits for, after the restart policy, may take `start_within` seconds.
    """

    config: ProjectConfig
    agent: Agent
    runtime: Runtime
    runtimes: Callable[[str], Runtime]
    workspace: Workspace
    env: Mapping[str, str]
    folder: Path
    idle_after: float
    kill_grace: float
    orphan_timeout: float
    start_within: float = 60.0
    accounts: Accounts = field(default_factory=Accounts)
    prices: Prices = field(default_factory=Prices)
    ledger: Ledger = field(default_factory=lambda: Ledger(()))
    tracker: Tracker | None = None
    scm: Scm | None = None
    couriers: Couriers = field(default_factory=lambda: Couriers({}))
    poll_interval: float = 30.0
    grants: Grants | None = None
    url: str | None = None

    def check(self, order: Order) -> None:
        """Raise `Invalid` for an order that this project cannot serve, whatever else is going on."""
        if order.issue_id is not None:
            self.issue_of(order.issue_id)
        program = self.agent.program
        if shutil.which(program, path=self.env.get("PATH")) is None:
            hint = "install it, or say where it is in the configuration"
            raise AgentMissing(
                f"the program {Path(program).name!r} of agent {self.agent.name} is not there: {hint}"
            )

    def issue_of(self, text: str) -> tuple[Tracker, str]:
        """Return the tracker, and the id in it of the issue that a caller means. Raises `Invalid`."""
        if self.tracker is None:
            hint = "give it a tracker_config, or say in the prompt what is to be done"
            raise Invalid(f"project {self.config.id} has no tracker, so issue_id cannot be looked up: {hint}")
        return self.tracker, self.tracker.identify(text)

    def new_record(self, order: Order, issue: Issue | None = None) -> SessionRecord:
        """Return the record of a session that is about to be begun on an order, and on its issue."""
        return SessionRecord(
            id=SessionId.fresh(self.config.session_prefix),
            project_id=order.project_id,
            agent_name=self.agent.name,
            created_at=now(),
            issue_id=issue.id if issue else order.issue_id,
            issue_title=issue.title if issue else None,
            issue_url=issue.url if issue else None,
            prompt=order.prompt,
            role=order.role,
            branch=order.branch,
            key=order.key,
            parent=order.parent,
        )

    def job(self, record: SessionRecord, tree: Tree | None, prompt: str | None) -> Job:
        """Describe one start of the agent, as the agent's own knowledge wants it."""
        permissions = self.config.permissions
        return Job(
            session_id=record.id,
            project_id=record.project_id,
            workspace=tree.path if tree else "",
            branch=tree.branch if tree else "",
            prompt=prompt,
            model=self.config.model,
            conversation=record.conversation if self.agent.resumes else None,
            rules=self.config.agent_rules if self.agent.reads_rules else (),
            permissions=Permissions(permissions) if permissions else None,
            passthrough=self.config.passthrough,
            folder=str(self._files(record.id)),
            terminal=self.config.runtime == "tmux",
        )

    def write_files(self, session_id: SessionId, files: Mapping[str, str]) -> None:
        """Write what an agent is to find in its private folder. Blocks; raises `Unavailable`."""
        folder = self._files(session_id)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, text in files.items():
                anew = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
                descriptor = os.open(folder / name, anew, 0o600)
                with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                    file.write(text)
        except OSError as error:
            what = f"what the agent of {session_id} is to read cannot be written"
            raise Unavailable(f"{what}: {error.strerror}") from error

    def _files(self, session_id: SessionId) -> Path:
        return self.folder / session_id / "agent"

    def hold(self, record: SessionRecord, incarnation: int) -> Hold:
        """Describe where one incarnation of the agent is held."""
        return Hold(
            session_id=record.id,
            incarnation=incarnation,
            folder=str(self.folder / record.id),
            keep_bytes=self.config.output_bytes,
            grace=self.kill_grace,
            orphan_timeout=self.orphan_timeout,
        )

    def launch(self, record: SessionRecord, tree: Tree, command: Command) -> Launch:
        """Describe the next start as the runtime wants it, the whole environment included."""
        about = {
            "ENNIO_SESSION_ID": record.id,
            "ENNIO_PROJECT_ID": record.project_id,
            "ENNIO_BRANCH": tree.branch,
            "ENNIO_ISSUE_ID": record.issue_id or "",
            "ENNIO_ROLE": record.role or "",
        }
        limits = self.config.limits
        return Launch(
            hold=self.hold(record, record.incarnation + 1),
            argv=command.argv,
            env={**self.env, **about, **self._grant(record), **command.env},
            cwd=tree.path,
            memory_bytes=_ceiling(limits.memory_bytes, _MEMORY_CEILING),
            processes=_ceiling(limits.processes, _TASKS_CEILING),
        )

    def _grant(self, record: SessionRecord) -> dict[str, str]:
        """Return what an agent that may supervise others finds in its environment; those get nothing."""
        if not self.config.may_supervise or self.grants is None or self.url is None or record.parent:
            return {}
        return {"ENNIO_URL": self.url, "ENNIO_TOKEN": self.grants.token_of(record.id)}

    def first_prompt(self, record: SessionRecord, issue: Issue | None = None) -> str:
        """Return what a new agent is told."""
        rules = () if self.agent.reads_rules else self.config.agent_rules
        return compose(record.prompt, rules, issue)

    def output(self, session_id: SessionId) -> Path:
        """Return the folder that keeps a session's output."""
        return self.folder / session_id / "output"  # as `Hold.output` has it


def _ceiling(limit: int | None, times: float) -> int | None:
    return None if limit is None else int(limit * times)
