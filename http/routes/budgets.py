"""Budgets over HTTP."""

from quart import Blueprint, Response

from ennio.supervisor import Supervisor

from ..responses import views
from ..views import BudgetView


def budgets(supervisor: Supervisor) -> Blueprint:
    """Return the route by which budgets are seen."""
    routes = Blueprint("budgets", __name__, url_prefix="/api/v1")

    @routes.get("/budgets")
    async def list_budgets() -> Response:
        return views(map(BudgetView.of, supervisor.budgets()))

    return routes
