"""A small GitLab: https://docs.gitlab.com/api/rest/."""

from .host import GitLab
from .merges import Merge

__all__ = ["GitLab", "Merge"]
