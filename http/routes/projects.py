"""The configured projects over HTTP."""

from quart import Blueprint, Response

from ennio.supervisor import Supervisor

from ..responses import views
from ..views import ProjectView


def projects(supervisor: Supervisor) -> Blueprint:
    """Return the route that lists the projects."""
    routes = Blueprint("projects", __name__, url_prefix="/api/v1/projects")

    @routes.get("")
    async def list_projects() -> Response:
        return views(map(ProjectView.of, supervisor.projects()))

    return routes
