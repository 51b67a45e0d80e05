"""The operations on projects, money, and the ways to reach an operator."""

from typing import Literal

from ..routes.notifiers import LONGEST_TEST
from ..views import BudgetView, IssueView, NotifierView, ProjectView, SpendView
from .examples import EXAMPLES
from .operation import Answer, Data, Operation, Parameter, Section
from .parameters import number, project

_notifier = Parameter(
    "name",
    "path",
    {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
    "The notifier's name.",
    "chat",
    required=True,
)

PROJECTS = Section(
    "Projects",
    "The configured projects, and what is to be done in them.",
    (
        Operation(
            method="GET",
            path="/api/v1/projects",
            id="listProjects",
            summary="List the projects",
            words="In the configuration's order, without secrets.",
            answers=(Answer("The projects.", (Data(list[ProjectView], [EXAMPLES[ProjectView]]),)),),
        ),
        Operation(
            method="GET",
            path="/api/v1/projects/{project}/issues",
            id="listIssues",
            summary="List the open issues of a project",
            words="Newest first, as its tracker has them.",
            parameters=(
                project,
                number("limit", "At most so many.", least=1, most=200, default=50),
            ),
            timeout=lambda limits: limits.spawn,
            answers=(Answer("The issues.", (Data(list[IssueView], [EXAMPLES[IssueView]]),)),),
            refusals={
                400: "The id or a parameter is malformed, or the project has no tracker.",
                404: "Nobody knows the project.",
                502: "The tracker failed, does not take the token, or has had enough requests for now.",
            },
        ),
    ),
)

MONEY = Section(
    "Money",
    "What may be spent, and what was. Amounts are US dollars, as decimal numbers in strings.",
    (
        Operation(
            method="GET",
            path="/api/v1/budgets",
            id="listBudgets",
            summary="List the budgets",
            words="In the configuration's order, with what was spent of each in its present period.",
            answers=(Answer("The budgets.", (Data(list[BudgetView], [EXAMPLES[BudgetView]]),)),),
        ),
        Operation(
            method="GET",
            path="/api/v1/spend",
            id="listSpend",
            summary="List what was spent, by day and project",
            words="Oldest first. A day or a project on which nothing was spent is left out.",
            parameters=(number("days", "Of so many last days.", least=1, most=366, default=30),),
            answers=(Answer("What was spent.", (Data(list[SpendView], [EXAMPLES[SpendView]]),)),),
            refusals={400: "A parameter is malformed."},
        ),
    ),
)

NOTIFIERS = Section(
    "Notifiers",
    "The ways to reach an operator.",
    (
        Operation(
            method="GET",
            path="/api/v1/notifiers",
            id="listNotifiers",
            summary="List the notifiers",
            answers=(Answer("The notifiers.", (Data(list[NotifierView], [EXAMPLES[NotifierView]]),)),),
        ),
        Operation(
            method="POST",
            path="/api/v1/notifiers/{name}/test",
            id="testNotifier",
            summary="Have a notifier deliver a test",
            words="With one try. It needs no body.",
            parameters=(_notifier,),
            timeout=lambda _: LONGEST_TEST,
            answers=(Answer("It was delivered.", (Data(Literal["sent"], "sent"),)),),
            refusals={
                400: "A parameter is malformed.",
                404: "There is no such notifier.",
                502: "It did not work, in the notifier's words.",
            },
        ),
    ),
)
