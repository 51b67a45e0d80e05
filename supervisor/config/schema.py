"""Every key that the configuration can have, with its type, its bounds and its default.

`None` as a default means that the key was not given, and that something else decides.
"""

from types import NoneType, UnionType
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, JsonValue

from .problems import Key
from .review_tables import NotifierTable, PluginTable, Reactions, Routing
from .types import (
    STRICT,
    Argument,
    Branch,
    Count,
    DatabaseUrl,
    Days,
    Dollars,
    Grace,
    HostName,
    ModelName,
    Name,
    NoDollars,
    Origin,
    OutputBytes,
    Pattern,
    Port,
    Prefix,
    Repository,
    ResumeArgument,
    SafeId,
    Seconds,
    Target,
    Text,
    Token,
    Variable,
)


class Table(BaseModel):
    """A table of the configuration."""

    model_config = STRICT


class Defaults(Table):
    """What a project gets unless it says otherwise."""

    agent: Text | None = None
    runtime: Text = "process"
    workspace: Text = "worktree"
    base: Literal["local", "origin"] = "local"
    notifiers: list[Text] = []


class TimeoutTable(Table):
    """How long an operation may take."""

    spawn: Seconds = 60.0
    send: Seconds = 10.0
    kill: Seconds = 15.0
    kill_grace: Grace | None = None


class LimitTable(Table):
    """The runaway guard."""

    wall_clock: Seconds | None = None
    idle: Seconds | None = None
    memory_mb: Count | None = None
    processes: Count | None = None
    output_bytes: OutputBytes | None = None
    turns: Count | None = None


class Retention(Table):
    """How long ended sessions are kept."""

    days: Days | None = None


class AgentTable(Table):
    """A custom agent, or what is different about a built-in one."""

    command: list[Argument] | None = Field(default=None, min_length=1)
    program: Text | None = None
    protocol: Literal["lines", "stream-json", "acp", "app-server", "one-shot", "screen"] | None = None
    resume: list[ResumeArgument] | None = Field(default=None, min_length=1)
    ready: list[Pattern] = []
    working: list[Pattern] = []
    asks: list[Pattern] = []
    env: dict[Variable, str] = {}


class ApprovalTable(Table):
    """What becomes of a permission that the agent asks for."""

    policy: Literal["ask", "allow", "deny"] = "ask"
    deadline: Seconds = 300.0


class RestartTable(Table):
    """What happens when an agent exits unasked."""

    policy: Literal["never", "on-failure", "always"] = "never"
    intensity: Count = 3
    period: Seconds = 300.0


class BudgetTable(Table):
    """How much may be spent."""

    scope: Literal["global", "project", "session"]
    project_id: SafeId | None = None
    period: Literal["daily", "monthly", "total"]
    limit_usd: Dollars
    reserve_usd: NoDollars | None = None


class PriceTable(Table):
    """What a model costs, in dollars for a million tokens."""

    input: NoDollars
    output: NoDollars
    cache_read: NoDollars | None = None
    cache_write: NoDollars | None = None


class SymlinkTable(Table):
    """A link that each workspace gets."""

    source: Text
    target: Target


class AgentOptions(Table):
    """How a project's agent is run."""

    model: Text | None = None
    permissions: Literal["ask", "edits", "full"] | None = None
    may_supervise: bool = False
    passthrough: dict[str, JsonValue] = {}


class ProjectTable(Table):
    """A project."""

    name: Name
    project_id: SafeId | None = None
    path: Text
    repo: Repository | None = None
    default_branch: Branch = "main"
    session_prefix: Prefix | None = None
    max_sessions: Count | None = None
    agent: Text | None = None
    runtime: Text | None = None
    workspace: Text | None = None
    base: Literal["local", "origin"] | None = None
    notifiers: list[Text] | None = None
    agent_rules: list[Text] = []
    agent_config: AgentOptions = AgentOptions()
    symlinks: list[SymlinkTable] = []
    post_create: list[Text] = []
    limits: LimitTable = LimitTable()
    approvals: ApprovalTable | None = None
    restart: RestartTable | None = None
    reactions: Reactions | None = None
    tracker_config: PluginTable | None = None
    scm_config: PluginTable | None = None


class Settings(Table):
    """The whole file."""

    host: HostName = "127.0.0.1"
    port: Port = 3000
    api_token: Token | None = None
    cors_origins: list[Origin] = []
    data_dir: Text | None = None
    database_url: DatabaseUrl | None = None
    allowed_hosts: list[HostName] = []
    on_shutdown: Literal["stop", "detach"] = "stop"
    orphan_timeout: Seconds = 600.0
    poll_interval: Seconds = 30.0
    idle_after: Seconds = 60.0
    tls_cert: Text | None = None
    tls_key: Text | None = None
    defaults: Defaults = Defaults()
    timeouts: TimeoutTable = TimeoutTable()
    limits: LimitTable = LimitTable()
    retention: Retention = Retention()
    agents: dict[SafeId, AgentTable] = {}
    approvals: ApprovalTable | None = None
    restart: RestartTable | None = None
    budgets: list[BudgetTable] = []
    prices: dict[ModelName, PriceTable] = {}
    notifiers: list[NotifierTable] = []
    notification_routing: Routing | None = None
    reactions: Reactions | None = None
    projects: list[ProjectTable] = []


def known_keys(table: type[BaseModel]) -> dict[str, Any]:
    """Return a table's keys as the file writes them, each with its type."""
    return {field.alias or name: field.annotation for name, field in table.model_fields.items()}


def table_at(key: Key) -> type[BaseModel] | None:
    """Return the table whose keys stand at a key, or None where there is no such table."""
    here: Any = Settings
    for part in key:
        here = _inside(here, part)
    here = _certain(here)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _inside(annotation: Any, part: str | int) -> Any:
    annotation = _certain(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return known_keys(annotation).get(str(part))
    return next(reversed(get_args(annotation)), None)


def _certain(annotation: Any) -> Any:
    if isinstance(annotation, UnionType):
        return next(inner for inner in get_args(annotation) if inner is not NoneType)
    return annotation
