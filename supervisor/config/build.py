"""From a draft without problems to the frozen values."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from ..ids import ProjectId
from .draft import Draft, home
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
    Price,
    ProjectConfig,
    Restart,
    ScreenMarks,
    Symlink,
    Timeouts,
)

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
        projects=tuple(_project(draft, project) for project in settings.projects),
        secret_variables=draft.expansion.secret_variables(),
        warnings=tuple(_warnings(draft)),
        database_url=_database_url(draft),
        retention_days=settings.retention.days,
        budgets=tuple(_budget(budget) for budget in settings.budgets),
        prices=MappingProxyType({model: _price(table) for model, table in settings.prices.items()}),
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


def _project(draft: Draft, table: ProjectTable) -> ProjectConfig:
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
        passthrough=MappingProxyType(
            {option: _frozen(value) for option, value in table.agent_config.passthrough.items()}
        ),
        approvals=Approvals(**{**_given(settings.approvals), **_given(table.approvals)}),
    )


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


def _warnings(draft: Draft) -> Iterator[str]:
    if not draft.document.open_to_others:
        return
    settings, used = draft.settings, draft.expansion.used
    if settings.api_token is not None and ("api_token",) not in used:
        yield _written_out(draft, "`api_token` stands", "the token")
    url = settings.database_url
    if url is not None and urlsplit(url.get_secret_value()).password and ("database_url",) not in used:
        yield _written_out(draft, "the password of `database_url` stands", "the URL")


def _written_out(draft: Draft, what: str, it: str) -> str:
    return (
        f"{what} in {draft.document.name}, which other users can read: "
        f"`chmod 600` it, or take {it} from the environment with ${{VARIABLE}}"
    )
