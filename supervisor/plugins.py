"""Built-ins and strangers come in by the same door: entry points."""

from importlib.metadata import entry_points
from typing import Any

from .errors import ConfigError


def load(kind: str, name: str) -> Any:
    """Return what the entry point `name` of the group `ennio.KIND` stands for.

    Raises `ConfigError` when nobody defines it, or when its module cannot be imported.
    """
    found = entry_points(group=f"ennio.{kind}", name=name)
    if not found:
        known = ", ".join(names(kind))
        raise ConfigError(f"nobody defines {name!r} among the {kind}; there are: {known}")
    try:
        return next(iter(found)).load()
    except ImportError as error:
        raise ConfigError(f"the plugin {name!r} among the {kind} cannot be imported: {error}") from error


def names(kind: str) -> tuple[str, ...]:
    """Return the names that `load` knows, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=f"ennio.{kind}")}))
