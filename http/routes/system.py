"""The server itself over HTTP: whether it is there, whether it takes work, and what it is."""

import os
from dataclasses import asdict
from importlib.metadata import version

from quart import Blueprint, Response

from ennio.supervisor import Config, Supervisor, Unavailable, shared

from ..connections.front import MOST
from ..requests.asked import LARGEST_BODY
from ..responses import data, view
from ..views import FoundAgentView, LimitsView, ProjectLimitsView, SystemView, TimeoutsView
from .programs import FoundPrograms


def system(supervisor: Supervisor, config: Config) -> Blueprint:
    """Return the routes about the server itself."""
    routes = Blueprint("system", __name__)
    given = shared(os.environ).items()
    env = {name: value for name, value in given if name not in config.secret_variables}
    found = FoundPrograms(env)
    custom = {name for name, agent in config.agents.items() if agent.command}

    @routes.get("/api/v1/health")
    async def health() -> Response:
        return data("ok")

    @routes.get("/ready")
    async def ready() -> Response:
        if supervisor.closing:
            raise Unavailable("the server is shutting down")
        if supervisor.recovering:
            raise Unavailable("the server is taking over what an earlier one left")
        return data("ready")

    @routes.get("/api/v1/system")
    async def describe() -> Response:
        versions = await found.versions(_programs(supervisor), unasked=custom)
        return view(
            SystemView(
                version=version("ennio"),
                containment=supervisor.containment,
                trouble=supervisor.trouble,
                agents=[FoundAgentView(name=name, version=versions[name]) for name in sorted(versions)],
                limits=_limits(config),
            )
        )

    return routes


def _programs(supervisor: Supervisor) -> dict[str, str]:
    projects = (supervisor.project(project.id) for project in supervisor.projects())
    return {project.agent.name: project.agent.program for project in projects}


def _limits(config: Config) -> LimitsView:
    timeouts = config.timeouts
    return LimitsView(
        body_bytes=LARGEST_BODY,
        connections=MOST,
        timeouts=TimeoutsView(
            spawn=timeouts.spawn,
            send=timeouts.send,
            kill=timeouts.kill,
            kill_grace=timeouts.kill_grace,
        ),
        projects={
            project.id: ProjectLimitsView(
                max_sessions=project.max_sessions,
                output_bytes=project.output_bytes,
                **asdict(project.limits),
            )
            for project in config.projects
        },
    )
