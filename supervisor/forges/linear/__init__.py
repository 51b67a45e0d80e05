"""Linear: the issues of one team."""

from .issues import LinearIssues

__all__ = ["LinearIssues"]
