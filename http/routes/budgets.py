"""Money over HTTP: budgets, and what was spent."""

from quart import Blueprint, Response

from ennio.supervisor import Supervisor

from ..requests import asked
from ..responses import views
from ..views import BudgetView, SpendView

_DAYS, _MOST_DAYS = 30, 366


def budgets(supervisor: Supervisor) -> Blueprint:
    """Return the routes by which money is seen."""
    routes = Blueprint("budgets", __name__, url_prefix="/api/v1")

    @routes.get("/budgets")
    async def list_budgets() -> Response:
        return views(map(BudgetView.of, supervisor.budgets()))

    @routes.get("/spend")
    async def list_spend() -> Response:
        days = asked.number("days", least=1, most=_MOST_DAYS) or _DAYS
        spent = sorted((await supervisor.spent(days)).items())
        return views(SpendView(day=day, project_id=project, cost_usd=cost) for (day, project), cost in spent)

    return routes
