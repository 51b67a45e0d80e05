"""What an issue and a pull request look like from outside."""

from pydantic import BaseModel

from ennio.supervisor import Issue, Pull


class IssueView(BaseModel):
    """An issue of a project's tracker."""

    id: str
    title: str
    url: str | None
    labels: list[str]
    open: bool

    @classmethod
    def of(cls, issue: Issue) -> "IssueView":
        """Show one issue."""
        return cls(
            id=issue.id,
            title=issue.title,
            url=issue.url,
            labels=list(issue.labels),
            open=issue.open,
        )


class PullView(BaseModel):
    """A pull request, as its code host told of it last. `conflicts` is null while the host does not know."""

    number: int
    url: str
    title: str
    state: str
    draft: bool
    head: str
    conflicts: bool | None
    ci: str
    failing: list[str]
    review: str | None
    review_asked: bool

    @classmethod
    def of(cls, pull: Pull) -> "PullView":
        """Show one pull request."""
        return cls(
            number=pull.number,
            url=pull.url,
            title=pull.title,
            state=pull.state,
            draft=pull.draft,
            head=pull.head,
            conflicts=pull.conflicts,
            ci=pull.ci,
            failing=list(pull.failing),
            review=pull.decision,
            review_asked=pull.asked,
        )
