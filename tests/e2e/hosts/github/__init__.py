"""A small GitHub: https://docs.github.com/en/rest."""

from .host import GitHub
from .pulls import Pull, Review

__all__ = ["GitHub", "Pull", "Review"]
