"""From a configuration to a supervisor: every plugin by its entry point, nothing by its class."""

import os
from collections.abc import Mapping

import trio

from .config import Config, ProjectConfig
from .environment import undirected
from .ids import ProjectId
from .journal import Journal
from .plugins import load
from .project import Project
from .protocols import Agent, Host, Runtime, Workspace
from .supervisor import Supervisor


def wire(config: Config, nursery: trio.Nursery, environ: Mapping[str, str] = os.environ) -> Supervisor:
    """Build the supervisor that `config` describes. `nursery` will hold all its tasks.

    Raises `ConfigError` for a plugin that nobody defines.
    """
    host: Host = load("hosts", "local")()
    nursery.start_soon(host.run_forever)
    runtimes: dict[str, Runtime] = {}
    projects: dict[ProjectId, Project] = {}
    known = {name: value for name, value in environ.items() if name not in config.secret_variables}
    env = undirected(known, ceiling=config.data_dir / "workspaces")
    for project in config.projects:
        if project.runtime not in runtimes:
            runtimes[project.runtime] = load("runtimes", project.runtime)(host=host, nursery=nursery)
        projects[project.id] = Project(
            config=project,
            agent=_agent(config, project.agent),
            runtime=runtimes[project.runtime],
            workspace=_workspace(config, project, host, env),
            env=env,
            folder=config.data_dir / "sessions",
            idle_after=config.idle_after,
            kill_grace=config.timeouts.kill_grace,
        )
    return Supervisor(nursery, projects, Journal(load("stores", "memory")()), config.timeouts)


def _agent(config: Config, name: str) -> Agent:
    settings = config.agents.get(name)
    env = settings.env if settings else {}
    if settings and settings.command:
        custom: Agent = load("agents", "command")(name=name, command=settings.command, env=env)
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
