"""GitLab, its own and everybody else's: issues, and merge requests as pull requests."""

from .issues import GitLabIssues
from .merge_requests import GitLabMergeRequests

__all__ = ["GitLabIssues", "GitLabMergeRequests"]
