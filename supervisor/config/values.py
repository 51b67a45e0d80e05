"""What the configuration says, as frozen values: every default is filled in, every path is absolute."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ..ids import ProjectId
from .reactions import DEFAULTS, Reaction


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long an operation may take, in seconds. `kill_grace` is the part of `kill` that is polite."""

    spawn: float
    send: float
    kill: float
    kill_grace: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run of an agent may use; None: as much as it likes.

    `wall_clock` and `idle` (without any output) are seconds, `turns` counts what it was told.
    """

    wall_clock: float | None = None
    idle: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    turns: int | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """Whether an agent that ended unasked is started again, at most `intensity` times in `period` seconds.

    `policy` is `never`, `on-failure` or `always`, after Erlang's temporary, transient and permanent
    children (https://www.erlang.org/doc/system/sup_princ).
    """

    policy: str = "never"
    intensity: int = 3
    period: float = 300.0


@dataclass(frozen=True, slots=True)
class Approvals:
    """What becomes of a permission that an agent asks for: `policy` is `ask`, `allow` or `deny`.

    What was asked and not answered within `deadline` seconds is denied.
    """

    policy: str = "ask"
    deadline: float = 300.0


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be spent: by all (`global`), by one project, or by each session.

    `period` is `daily`, `monthly` (of UTC) or `total`. While a session has spent less, `reserve_usd` is held
    for it, so that many that start at once do not overshoot.
    """

    scope: str
    period: str
    limit_usd: Decimal
    project_id: ProjectId | None = None
    reserve_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in US dollars for a million tokens. What is None costs as much as `input`."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ScreenMarks:
    """Regular expressions by which an agent's screen is read, each searched in every line of it."""

    ready: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """One agent: a custom one has a `command`, a built-in one may have a `program`.

    The first word of `command`, and `program`, is an absolute path, a bare name that is looked up on
    PATH at each spawn, or begins with `{workspace}`. `command` and `resume` hold placeholders; `resume` is
    run instead of `command` when there is a conversation to go on with. `marks` are for `screen`.
    """

    command: tuple[str, ...] | None = None
    program: str | None = None
    protocol: str = "lines"
    resume: tuple[str, ...] | None = None
    marks: ScreenMarks = field(default_factory=ScreenMarks)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Symlink:
    """A link that each workspace gets: `target`, a relative path in it, leads to `source`."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """A tracker, a code host or a notifier: who does it, its own options, and where these stand."""

    plugin: str
    options: Mapping[str, Any] = field(repr=False)
    where: str


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """One project. `max_sessions` None: no limit; `repo` None: cloned from `path`.

    `may_supervise`: its agents get a token by which they may start and end others in this project.
    `base`: new branches start at what is here (`local`) or at what origin has by then (`origin`).
    `reactions` has every one of them, with those who hear of it.
    """

    id: ProjectId
    name: str
    path: Path
    repo: str | None
    default_branch: str
    session_prefix: str
    max_sessions: int | None
    agent: str
    runtime: str
    workspace: str
    agent_rules: tuple[str, ...]
    model: str | None
    symlinks: tuple[Symlink, ...]
    post_create: tuple[str, ...]
    output_bytes: int
    limits: Limits = field(default_factory=Limits)
    restart: Restart = field(default_factory=Restart)
    permissions: str | None = None
    passthrough: Mapping[str, Any] = field(default_factory=dict)
    approvals: Approvals = field(default_factory=Approvals)
    may_supervise: bool = False
    base: str = "local"
    tracker: PluginConfig | None = None
    scm: PluginConfig | None = None
    reactions: Mapping[str, Reaction] = field(default_factory=lambda: DEFAULTS)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration of one server.

    `agents` holds every agent that is known: the built-in ones and those of the file.
    `secret_variables` names what the environment of an agent must not hold, and `warnings` is what the
    operator should hear at start. `database_url` None: `ennio.db` in `data_dir`; a path in it is absolute.
    `retention_days` None: ended sessions are kept for ever. `prices`, by model, come before the built-in
    ones. `poll_interval` is in seconds; `notifiers` are by their names.
    """

    file: Path
    host: str
    port: int
    api_token: SecretStr | None
    cors_origins: tuple[str, ...]
    data_dir: Path
    allowed_hosts: tuple[str, ...]
    on_shutdown: str
    orphan_timeout: float
    idle_after: float
    tls_cert: Path | None
    tls_key: Path | None
    timeouts: Timeouts
    agents: Mapping[str, AgentConfig]
    projects: tuple[ProjectConfig, ...]
    secret_variables: frozenset[str]
    warnings: tuple[str, ...]
    database_url: SecretStr | None = None
    retention_days: float | None = None
    budgets: tuple[Budget, ...] = ()
    prices: Mapping[str, Price] = field(default_factory=dict)
    poll_interval: float = 30.0
    notifiers: Mapping[str, PluginConfig] = field(default_factory=dict)
