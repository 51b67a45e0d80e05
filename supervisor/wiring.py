"""From a configuration to a supervisor: every plugin by its entry point, nothing by its class."""

import os
from collections.abc import Mapping
from functools import cache

import trio

from .accounts import Accounts
from .config import Config, ProjectConfig
from .environment import undirected
from .errors import ConfigError, Invalid
from .instance import instance_of
from .journal import Journal
from .ledger import Ledger
from .plugins import load
from .prices import Prices
from .project import Project
from .projects import Projects
from .protocols import Agent, Host, Runtime, Store, Workspace
from .records import Order, SessionRecord, Tree
from .retired import Left, unconfigured
from .supervisor import Supervisor

_NO_COMMAND = ("an agent that is no longer in the configuration",)


def wire(config: Config, nursery: trio.Nursery, environ: Mapping[str, str] = os.environ) -> Supervisor:
    """Build the supervisor that `config` describes. `nursery` will hold all its tasks.

    Call it with the lock on the data folder held. Raises `ConfigError` for a plugin that nobody defines,
    and for a database that cannot be used.
    """
    host: Host = load("hosts", "local")(instance=instance_of(config.data_dir))
    store: Store = load("stores", "database")(_database(config))
    folder = config.data_dir / "sessions"
    known = {name: value for name, value in environ.items() if name not in config.secret_variables}
    env = undirected(known, ceiling=config.data_dir / "workspaces")

    accounts, prices, ledger = Accounts(), Prices(config.prices), Ledger(config.budgets)

    @cache
    def runtimes(name: str) -> Runtime:
        runtime: Runtime = load("runtimes", name)(host=host, nursery=nursery)
        return runtime

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
        )

    def retired(record: SessionRecord) -> Project:
        agent = _agent(config, record.agent_name)
        return wired(unconfigured(record.project_id, agent.name, config.data_dir), agent, Left())

    journal = Journal(store)
    projects = {
        project.id: wired(project, _agent(config, project.agent), _workspace(config, project, host, env))
        for project in config.projects
    }
    for project in projects.values():
        _check_command(config, project)
    nursery.start_soon(host.run_forever)
    nursery.start_soon(journal.run_forever)
    known_projects = Projects(projects, folder, retired)
    supervisor = Supervisor(nursery, host, known_projects, journal, config.timeouts, ledger)
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


def _workspace(config: Config, project: ProjectConfig, host: Host, env: Mapping[str, str]) -> Workspace:
    workspace: Workspace = load("workspaces", project.workspace)(
        host=host,
        root=config.data_dir / "workspaces",
        path=project.path,
        repo=project.repo,
        default_branch=project.default_branch,
        symlinks=project.symlinks,
        post_create=project.post_create,
        env=env,
    )
    return workspace
