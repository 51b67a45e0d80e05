"""What must hold in a budget, between budgets, and between them and the projects."""

from collections.abc import Iterator

from .draft import Draft
from .problems import Key, Problem, dotted, nearest
from .schema import BudgetTable


def money_problems(draft: Draft) -> Iterator[Problem]:
    """Yield whatever is wrong with the budgets."""
    first: dict[tuple[str, str | None, str], Key] = {}
    for index, budget in enumerate(draft.settings.budgets):
        key: Key = ("budgets", index)
        yield from _whose(draft, budget, key)
        yield from _reserve(budget, key)
        same = (budget.scope, budget.project_id, budget.period)
        if same in first:
            says = f"has the scope, project and period of `{dotted(first[same])}`: keep one of them"
            yield Problem(key, says)
        first.setdefault(same, key)


def _whose(draft: Draft, budget: BudgetTable, key: Key) -> Iterator[Problem]:
    key = (*key, "project_id")
    if budget.scope != "project":
        if budget.project_id is not None:
            yield Problem(key, f"does nothing: the `scope` is `{budget.scope}`")
        return
    if budget.project_id is None:
        yield Problem(key, "is missing: the `scope` is `project`")
        return
    known = {project.project_id or project.name for project in draft.settings.projects}
    if budget.project_id not in known:
        given = draft.given(key)
        yield Problem(key, f"names the project {given!a}, which nobody defines; {nearest(given, known)}")


def _reserve(budget: BudgetTable, key: Key) -> Iterator[Problem]:
    key = (*key, "reserve_usd")
    if budget.reserve_usd is None:
        return
    if budget.scope == "session":
        yield Problem(key, "does nothing: a session shares its own budget with nobody")
    elif budget.reserve_usd > budget.limit_usd:
        yield Problem(key, f"must be at most `limit_usd`, which is {budget.limit_usd:g}")
