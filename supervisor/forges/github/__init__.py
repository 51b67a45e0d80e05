"""GitHub, by its REST API: https://docs.github.com/en/rest."""

from .issues import GitHubIssues
from .pulls import GitHubPulls

__all__ = ["GitHubIssues", "GitHubPulls"]
