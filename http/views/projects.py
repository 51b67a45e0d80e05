"""What a project and a budget look like from outside."""

from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel

from ennio.supervisor import ProjectConfig, Standing

from .money import Dollars


class ProjectView(BaseModel):
    """A configured project, without what may be secret: commands, rules, and the credentials of a URL."""

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

    @classmethod
    def of(cls, project: ProjectConfig) -> "ProjectView":
        """Show one project."""
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
        )


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
