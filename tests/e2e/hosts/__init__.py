"""The tests' own code hosts: small, over real HTTP, and as like the real ones as is needed."""

from .github import GitHub
from .gitlab import GitLab

__all__ = ["GitHub", "GitLab"]
