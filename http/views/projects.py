"""What a project and a budget look like from outside."""

from datetime import date, datetime
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel

from ennio.supervisor import ProjectConfig, Standing

from .money import Dollars


class ReactionView(BaseModel):
    """What is done when something happened, and the names of the notifiers that hear of it."""

    action: str
    enabled: bool
    notifiers: list[str]


class ProjectView(BaseModel):
    """A configured project, without what may be secret: commands, rules, options, a URL's credentials."""

    id: str
    name: str
    path: str
    repo: str | None
    default_branch: str
    session_prefix: str
    max_sessions: int | None
    agent: str
    runtime: str
    workspace: str
    model: str | None
    base: str
    tracker: str | None
    scm: str | None
    reactions: dict[str, ReactionView]
    notifiers: list[str]

    @classmethod
    def of(cls, project: ProjectConfig) -> "ProjectView":
        """Show one project."""
        reactions = {
            name: ReactionView(
                action=reaction.action, enabled=reaction.enabled, notifiers=list(reaction.notifiers)
            )
            for name, reaction in project.reactions.items()
        }
        return cls(
            id=project.id,
            name=project.name,
            path=str(project.path),
            repo=without_credentials(project.repo) if project.repo else None,
            default_branch=project.default_branch,
            session_prefix=project.session_prefix,
            max_sessions=project.max_sessions,
            agent=project.agent,
            runtime=project.runtime,
            workspace=project.workspace,
            model=project.model,
            base=project.base,
            tracker=project.tracker.plugin if project.tracker else None,
            scm=project.scm.plugin if project.scm else None,
            reactions=reactions,
            notifiers=sorted({name for each in reactions.values() for name in each.notifiers}),
        )


class SpendView(BaseModel):
    """What a project has spent on a day, by UTC."""

    day: date
    project_id: str
    cost_usd: Dollars


class BudgetView(BaseModel):
    """A budget, with what was spent of it in its present period. Money is decimal, in US dollars.

    With the scope `session` each session has an account of its own, and what was spent is null.
    """

    scope: str
    project_id: str | None
    period: str
    limit_usd: Dollars
    spent_usd: Dollars | None
    held_usd: Dollars | None
    remaining_usd: Dollars | None
    period_start: datetime | None
    period_end: datetime | None

    @classmethod
    def of(cls, standing: Standing) -> "BudgetView":
        """Show how one budget stands."""
        budget = standing.budget
        return cls(
            scope=budget.scope,
            project_id=budget.project_id,
            period=budget.period,
            limit_usd=budget.limit_usd,
            spent_usd=standing.spent,
            held_usd=standing.held,
            remaining_usd=standing.remaining,
            period_start=standing.period_start,
            period_end=standing.period_end,
        )


def without_credentials(url: str) -> str:
    """Return a repository's address without user, password, query and fragment; a path as it is.

    In `git@host:path`, which is no URL, the user is no secret.
    """
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
