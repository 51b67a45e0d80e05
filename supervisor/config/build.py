"""From a draft without problems to the frozen values."""

import os
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, overload

from pydantic import SecretStr

from ..ids import ProjectId
from .draft import Draft, home
from .merging import reactions_of
from .problems import dotted
from .review_tables import NotifierTable, PluginTable
from .schema import (
    AgentTable,
    ApprovalTable,
    BudgetTable,
    LimitTable,
    PriceTable,
    ProjectTable,
    RestartTable,
    TimeoutTable,
)
from .types import LONGEST_PREFIX
from .values import (
    AgentConfig,
    Approvals,
    Budget,
    Config,
    Limits,
    PluginConfig,
    Price,
    ProjectConfig,
    Restart,
    ScreenMarks,
    Symlink,
    Timeouts,
)
from .written_out import written_out

_OUTPUT_BYTES = 100 << 20
_GRACE = 5.0
_RESERVES = 20
"""How many sessions a budget has room for at once, unless it says what to hold for each."""


def build(draft: Draft) -> Config:
    """Return the configuration with every default filled in. Raises `ConfigError` without a home folder."""
    settings = draft.settings
    return Config(
        file=draft.document.path,
        host=settings.host,
        port=settings.port,
        api_token=settings.api_token,
        cors_origins=tuple(settings.cors_origins),
        data_dir=draft.path(settings.data_dir) if settings.data_dir else _state_folder(draft),
        allowed_hosts=tuple(settings.allowed_hosts),
        on_shutdown=settings.on_shutdown,
        orphan_timeout=settings.orphan_timeout,
        idle_after=settings.idle_after,
        tls_cert=draft.path(settings.tls_cert) if settings.tls_cert else None,
        tls_key=draft.path(settings.tls_key) if settings.tls_key else None,
        timeouts=_timeouts(settings.timeouts),
        agents=MappingProxyType({name: _agent(draft, name) for name in sorted(draft.known("agents"))}),
        projects=tuple(_project(draft, *at) for at in enumerate(settings.projects)),
        secret_variables=draft.expansion.secret_variables(),
        warnings=tuple(written_out(draft)),
        database_url=_database_url(draft),
        retention_days=settings.retention.days,
        budgets=tuple(_budget(budget) for budget in settings.budgets),
        prices=MappingProxyType({model: _price(table) for model, table in settings.prices.items()}),
        poll_interval=settings.poll_interval,
        notifiers=MappingProxyType(
            {
                notifier.name: _plugin(notifier, "notifiers", index)
                for index, notifier in enumerate(settings.notifiers)
            }
        ),
    )


def _database_url(draft: Draft) -> SecretStr | None:
    given = draft.settings.database_url
    if given is None or not given.get_secret_value().startswith("sqlite:"):
        return given
    path = given.get_secret_value().removeprefix("sqlite:").removeprefix("///")
    return SecretStr(f"sqlite:///{draft.path(path)}")


def _state_folder(draft: Draft) -> Path:
    """Return where state is kept by default, after the XDG Base Directory Specification."""
    state = draft.environ.get("XDG_STATE_HOME", "")
    parent = Path(state) if os.path.isabs(state) else home(draft.environ) / ".local" / "state"
    return parent / "ennio"


def _timeouts(table: TimeoutTable) -> Timeouts:
    grace = min(_GRACE, table.kill / 3) if table.kill_grace is None else table.kill_grace
    return Timeouts(spawn=table.spawn, send=table.send, kill=table.kill, kill_grace=grace)


def _agent(draft: Draft, name: str) -> AgentConfig:
    table = draft.settings.agents.get(name, AgentTable())
    return AgentConfig(
        command=_argv(draft, table.command),
        program=draft.program(table.program) if table.program else None,
        protocol=table.protocol or "lines",
        resume=_argv(draft, table.resume),
        marks=ScreenMarks(tuple(table.ready), tuple(table.working), tuple(table.asks)),
        env=MappingProxyType(dict(table.env)),
    )


def _argv(draft: Draft, given: list[str] | None) -> tuple[str, ...] | None:
    return (draft.program(given[0]), *given[1:]) if given else None


def _project(draft: Draft, index: int, table: ProjectTable) -> ProjectConfig:
    path = draft.path(table.path)
    settings = draft.settings
    return ProjectConfig(
        id=ProjectId.parse(table.project_id or table.name),
        name=table.name,
        path=path,
        repo=draft.repository(table.repo) if table.repo else None,
        default_branch=table.default_branch,
        session_prefix=table.session_prefix or _prefix(table.name),
        max_sessions=table.max_sessions,
        agent=draft.agent_of(table),
        runtime=table.runtime or settings.defaults.runtime,
        workspace=table.workspace or settings.defaults.workspace,
        agent_rules=tuple(table.agent_rules),
        model=table.agent_config.model,
        symlinks=tuple(Symlink(draft.path(link.source, path), link.target) for link in table.symlinks),
        post_create=tuple(table.post_create),
        output_bytes=table.limits.output_bytes or settings.limits.output_bytes or _OUTPUT_BYTES,
        limits=_limits(table.limits, settings.limits),
        restart=Restart(**{**_given(settings.restart), **_given(table.restart)}),
        permissions=table.agent_config.permissions,
        may_supervise=table.agent_config.may_supervise,
        passthrough=MappingProxyType(
            {option: _frozen(value) for option, value in table.agent_config.passthrough.items()}
        ),
        approvals=Approvals(**{**_given(settings.approvals), **_given(table.approvals)}),
        base=table.base or settings.defaults.base,
        tracker=_plugin(table.tracker_config, "projects", index, "tracker_config"),
        scm=_plugin(table.scm_config, "projects", index, "scm_config"),
        reactions=reactions_of(settings, table),
    )


@overload
def _plugin(table: PluginTable | NotifierTable, *where: str | int) -> PluginConfig: ...
@overload
def _plugin(table: PluginTable | None, *where: str | int) -> PluginConfig | None: ...
def _plugin(table: PluginTable | NotifierTable | None, *where: str | int) -> PluginConfig | None:
    if table is None:
        return None
    return PluginConfig(table.plugin, MappingProxyType(dict(table.config)), dotted((*where, "config")))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _limits(own: LimitTable, common: LimitTable) -> Limits:
    memory_mb = own.memory_mb or common.memory_mb
    return Limits(
        wall_clock=own.wall_clock or common.wall_clock,
        idle=own.idle or common.idle,
        memory_bytes=memory_mb << 20 if memory_mb else None,
        processes=own.processes or common.processes,
        turns=own.turns or common.turns,
    )


def _given(table: RestartTable | ApprovalTable | None) -> dict[str, Any]:
    """Return what a table says itself; what a project leaves open is as everywhere."""
    return table.model_dump(include=table.model_fields_set) if table else {}


def _budget(table: BudgetTable) -> Budget:
    limit = _dollars(table.limit_usd)
    reserve = limit / _RESERVES if table.reserve_usd is None else _dollars(table.reserve_usd)
    return Budget(
        scope=table.scope,
        period=table.period,
        limit_usd=limit,
        project_id=ProjectId.parse(table.project_id) if table.project_id else None,
        reserve_usd=Decimal(0) if table.scope == "session" else reserve,
    )


def _price(table: PriceTable) -> Price:
    return Price(
        input=_dollars(table.input),
        output=_dollars(table.output),
        cache_read=None if table.cache_read is None else _dollars(table.cache_read),
        cache_write=None if table.cache_write is None else _dollars(table.cache_write),
    )


def _dollars(given: float) -> Decimal:
    """Return an amount as it was written: a float's `repr` is the shortest text of it, as in the file."""
    return Decimal(repr(given))


def _prefix(name: str) -> str:
    letters = "".join(character for character in name.lower() if character.isascii() and character.isalnum())
    return letters[:LONGEST_PREFIX] or "session"
