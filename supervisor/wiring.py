"""From a configuration to a supervisor: every plugin by its entry point, nothing by its class."""

import os
from collections.abc import Mapping
from functools import cache

import trio

from .accounts import Accounts
from .config import Config, ProjectConfig
from .couriers import Couriers
from .environment import shared, undirected
from .errors import ConfigError, Invalid
from .grants import grants_of
from .instance import instance_of
from .journal import Journal
from .ledger import Ledger
from .links import links
from .metering import Observer, metered
from .plugins import load
from .prices import Prices
from .project import Project
from .projects import Projects
from .protocols import Agent, Host, Runtime, Store, Workspace
from .records import Order, SessionRecord, Tree
from .retired import Left, unconfigured
from .supervisor import Supervisor

_FETCH = 20.0
"""Seconds, at most, for one fetch from origin; a spawn may wait for two, and still has to be made."""
_NO_COMMAND = ("an agent that is no longer in the configuration",)


def wire(
    config: Config,
    nursery: trio.Nursery,
    environ: Mapping[str, str] = os.environ,
    url: str | None = None,
    observe: Observer | None = None,
) -> Supervisor:
    """Build the supervisor that `config` describes. `nursery` will hold all its tasks.

    `url` is where agents reach the server that may supervise others. `observe` is told of each call of a
    plugin.
    Call it with the lock on the data folder held. Raises `ConfigError` for a plugin that nobody defines,
    and for a database that cannot be used.
    """
    host: Host = load("hosts", "local")(instance=instance_of(config.data_dir))
    store: Store = load("stores", "database")(_database(config))
    folder = config.data_dir / "sessions"
    known = {name: value for name, value in environ.items() if name not in config.secret_variables}
    env = undirected(shared(known), ceiling=config.data_dir / "workspaces")

    grants = grants_of(config.data_dir)
    accounts, prices, ledger = Accounts(), Prices(config.prices), Ledger(config.budgets)
    linked = links(config, observe)
    couriers = Couriers(linked.notifiers)

    @cache
    def runtimes(name: str) -> Runtime:
        runtime: Runtime = load("runtimes", name)(host=host, nursery=nursery)
        return metered("runtime", name, runtime, observe)

    def wired(project: ProjectConfig, agent: Agent, workspace: Workspace) -> Project:
        return Project(
            config=project,
            agent=agent,
            runtime=runtimes(project.runtime),
            runtimes=runtimes,
            workspace=workspace,
            env=env,
            folder=folder,
            idle_after=config.idle_after,
            kill_grace=config.timeouts.kill_grace,
            orphan_timeout=config.orphan_timeout,
            start_within=config.timeouts.spawn,
            accounts=accounts,
            prices=prices,
            ledger=ledger,
            tracker=linked.trackers.get(project.id),
            scm=linked.scms.get(project.id),
            couriers=couriers,
            poll_interval=config.poll_interval,
            grants=grants,
            url=url,
        )

    def retired(record: SessionRecord) -> Project:
        agent = _agent(config, record.agent_name)
        return wired(unconfigured(record.project_id, agent.name, config.data_dir), agent, Left())

    journal = Journal(store)
    projects = {
        one.id: wired(one, _agent(config, one.agent), _workspace(config, one, host, env, observe))
        for one in config.projects
    }
    for project in projects.values():
        _check_command(config, project)
    for task in (host.run_forever, journal.run_forever, couriers.run_forever, linked.run_forever):
        nursery.start_soon(task)
    supervisor = Supervisor(
        nursery,
        host,
        Projects(projects, folder, retired),
        journal,
        config.timeouts,
        ledger,
        couriers=couriers,
        notifiers=config.notifiers,
        poll_interval=config.poll_interval,
        grants=grants,
    )
    nursery.start_soon(supervisor.guard_forever)
    if config.retention_days is not None:
        nursery.start_soon(supervisor.prune_forever, config.retention_days)
    return supervisor


def _check_command(config: Config, project: Project) -> None:
    """Raise `ConfigError` when the project's agent cannot be run as it is configured, whatever it is told."""
    record = project.new_record(Order(project.config.id, prompt="x"))
    tree = Tree(str(project.config.path), project.config.default_branch, "", branch_made=False)
    try:
        project.agent.command(project.job(record, tree, "x"))
    except Invalid as error:
        raise ConfigError(f"{config.file.name}: project {project.config.id}: {error}") from error


def _database(config: Config) -> str:
    if config.database_url is not None:
        return config.database_url.get_secret_value()
    return f"sqlite:///{config.data_dir / 'ennio.db'}"


def _agent(config: Config, name: str) -> Agent:
    """Return an agent by its name; one that is known no more can be listened to and cannot be started."""
    settings = config.agents.get(name)
    env = settings.env if settings else {}
    command = settings.command if settings else _NO_COMMAND
    if command:
        more = (
            {"protocol": settings.protocol, "resume": settings.resume, "marks": settings.marks}
            if settings
            else {}
        )
        custom: Agent = load("agents", "custom")(name=name, command=command, env=env, **more)
        return custom
    built_in: Agent = load("agents", name)(name=name, program=settings and settings.program, env=env)
    return built_in


def _workspace(
    config: Config, project: ProjectConfig, host: Host, env: Mapping[str, str], observe: Observer | None
) -> Workspace:
    workspace: Workspace = load("workspaces", project.workspace)(
        host=host,
        root=config.data_dir / "workspaces",
        path=project.path,
        repo=project.repo,
        default_branch=project.default_branch,
        symlinks=project.symlinks,
        post_create=project.post_create,
        env=env,
        base=project.base,
        fetch_within=min(_FETCH, config.timeouts.spawn / 4),
    )
    return metered("workspace", project.workspace, workspace, observe)
