"""The configured projects over HTTP, and what is to be done in them."""

from quart import Blueprint, Response

from ennio.supervisor import Config, ProjectId, Supervisor

from ..requests import asked
from ..requests.existing import project_must_exist
from ..responses import views
from ..views import IssueView, ProjectView

_ISSUES = 50
_MOST_ISSUES = 200


def projects(supervisor: Supervisor, config: Config) -> Blueprint:
    """Return the routes about projects."""
    routes = Blueprint("projects", __name__, url_prefix="/api/v1/projects")

    @routes.get("")
    async def list_projects() -> Response:
        return views(map(ProjectView.of, supervisor.projects()))

    @routes.get("/<project>/issues")
    async def list_issues(project: str) -> Response:
        project_must_exist(supervisor, project)
        project_id = ProjectId.parse(project)
        limit = asked.number("limit", least=1, most=_MOST_ISSUES) or _ISSUES
        seconds = asked.timeout(config.timeouts.spawn)
        return views(map(IssueView.of, await supervisor.issues(project_id, limit=limit, seconds=seconds)))

    return routes
